//! The documents and the command agree: every command of a page is accepted, and the page of
//! options is its help.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

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
    for command in commands {
        let mut started = server();
        // The last one wins.
        started.args(&command.arguments).args(["--listen", "127.0.0.1:0"]).current_dir(folder.path());
        let mut server = StartedServer(started.stdout(Stdio::piped()).spawn().expect("the command"));
        let mut line = String::new();
        let stdout = server.0.stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert!(line.starts_with("listening on ws://"), "{}: {line}", command.place);
    }
}

#[test]
fn the_page_of_options_is_its_help() {
    let output = server().arg("--help").output().expect("the command");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    documents::check_generated("docs/reference/server-options.md", &documents::block(&help));
}
