//! The documents and the command agree: every command of a page is accepted, and the page of
//! options is its help.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use rcgen::{CertificateParams, KeyPair};

/// Ends with the test.
struct StartedServer(Child);

impl Drop for StartedServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
    command
}

#[test]
fn every_command_of_the_documents_starts_a_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = documents::commands("server");
    assert!(commands.len() > 5, "{commands:?}");
    // Each file of TLS has both, and its own authority.
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let pem = params.self_signed(&key).expect("a certificate").pem() + &key.serialize_pem();
    for command in commands {
        let is_tls = |word: &&String| Path::new(word).extension().is_some_and(|it| it == "pem" || it == "key");
        for file in command.arguments.iter().filter(is_tls) {
            fs::write(folder.path().join(file), &pem).expect("a file");
        }
        let mut started = server();
        // The last one wins.
        started.args(&command.arguments).args(["--listen", "127.0.0.1:0"]).current_dir(folder.path());
        let mut server = StartedServer(started.stdout(Stdio::piped()).spawn().expect("the command"));
        let mut line = String::new();
        let stdout = server.0.stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let is_address = line.starts_with("listening on ws://") || line.starts_with("listening on wss://");
        assert!(is_address, "{}: {line}", command.place);
    }
}

#[test]
fn the_page_of_options_is_its_help() {
    let output = server().arg("--help").output().expect("the command");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    documents::check_generated("docs/reference/server-options.md", &documents::block(&help));
}
