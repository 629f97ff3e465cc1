//! The peers of a language, which are alike: the same programs, and the same lines from each.

use std::process::Command;

use serde_json::Value;

use super::{Reference, installed, process::Process};

/// How to run the programs of one folder.
pub(crate) struct Language {
    /// The folder.
    pub(crate) name: &'static str,
    /// What runs them: a name to be looked up, or a path in the folder.
    pub(crate) interpreter: &'static str,
    /// Of their names, if they have one.
    pub(crate) suffix: &'static str,
    /// Is there when `install` was run.
    pub(crate) installed: &'static str,
}

impl Language {
    fn start(&self, program: &str, arguments: &[&str]) -> Process {
        Process::start(&mut self.command(program, arguments))
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let folder = installed(self.name, self.installed);
        let path = folder.join(self.interpreter);
        let mut command = if path.exists() { Command::new(path) } else { Command::new(self.interpreter) };
        command.arg(folder.join(program).with_extension(self.suffix)).args(arguments);
        command
    }

    /// A server, when it listens.
    pub(crate) fn server(&self, program: &str, arguments: &[&str]) -> PeerServer {
        let mut process = self.start(program, arguments);
        let place = process.line();
        PeerServer { url: format!("ws://127.0.0.1:{place}"), place, process }
    }

    /// What the client saw of the reference server, from the beginning to the end.
    pub(crate) fn client(&self, target: &Reference) -> Vec<Value> {
        self.run("client", &[&target.url()])
    }

    /// What a program printed that ends by itself.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Vec<Value> {
        ended(self.start(program, arguments))
    }

    /// What the client printed of a server whose certificate is signed by the authority in a file.
    pub(crate) fn trusting_client(&self, authority: &str, url: &str) -> Vec<Value> {
        let mut command = self.command("client", &[url]);
        // Node's and OpenSSL's, which Python uses.
        ended(Process::start(command.env("NODE_EXTRA_CA_CERTS", authority).env("SSL_CERT_FILE", authority)))
    }
}

/// What a program printed that ends by itself.
fn ended(process: Process) -> Vec<Value> {
    let outcome = process.wait(super::PATIENCE);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{:#?}", outcome.lines);
    parse(&outcome.lines)
}

/// A peer that is a server.
pub(crate) struct PeerServer {
    /// Its URL, if it has a port.
    pub(crate) url: String,
    /// Its port, or the path of its unix socket.
    pub(crate) place: String,
    process: Process,
}

impl PeerServer {
    /// Its URL with TLS, by the name that its certificate has.
    pub(crate) fn tls_url(&self) -> String {
        format!("wss://localhost:{}", self.place)
    }

    /// Tells it something, such as to read its configuration again.
    pub(crate) fn say(&mut self, line: &str) {
        self.process.say(line);
    }

    /// What it logged. It ends when its last connection has.
    pub(crate) fn finish(self) -> Vec<Value> {
        let outcome = self.process.finish();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        parse(&outcome.lines)
    }
}

fn parse(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
