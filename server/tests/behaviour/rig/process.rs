//! Servers in processes of their own: their command lines are tested, and their memory is theirs
//! alone.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use procfs::process::{Process, Status};
use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

/// The `server` command.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_server");
    // Tests that a script runs with `&` ignore Ctrl-C, and so would what they start.
    let mut command = Command::new(if program::interrupts_are_ignored() { "env" } else { program });
    if program::interrupts_are_ignored() {
        command.args(["--default-signal=INT,HUP", program]);
    }
    // The help would be as wide as the terminal.
    command.args(arguments).env_remove("COLUMNS");
    command
}

/// A running server. It is killed when this is dropped.
pub(crate) struct ServerProcess {
    pub(crate) child: Child,
    /// What it prints after its address.
    pub(crate) stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl ServerProcess {
    /// Starts the `server` command.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(&mut command(arguments))
    }

    /// Starts it with a pipe for stderr.
    pub(crate) fn start_piped(arguments: &[&str]) -> Self {
        Self::spawn(command(arguments).stderr(Stdio::piped()))
    }

    /// Starts it with at most `files` open files for each descriptor table.
    pub(crate) fn start_limited(arguments: &[&str], files: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_server")]);
        Self::spawn(shell.args(arguments))
    }

    /// Starts a `server` command, and waits until it listens.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self::spawn_other(command, |line| line.strip_prefix("listening on ws://")?.trim_end().parse().ok())
    }

    /// Starts any server that tells its `address` in its first line.
    pub(crate) fn spawn_other(command: &mut Command, address: impl Fn(&str) -> Option<SocketAddr>) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command");
        let (mut stdout, mut line) = (BufReader::new(child.stdout.take().expect("piped")), String::new());
        stdout.read_line(&mut line).expect("a line");
        let address = address(&line).expect("an address");
        Self { child, stdout, address }
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Ends it with SIGTERM, which it must obey. Returns what it wrote on stderr, if that is piped.
    pub(crate) fn finish(mut self) -> String {
        self.signal(Signal::TERM);
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).expect("UTF-8");
        }
        self.wait();
        text
    }

    /// Waits until it has ended in order.
    pub(crate) fn wait(&mut self) {
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None => thread::sleep(Duration::from_millis(1)),
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
        };
        assert_eq!(status.code(), Some(0));
    }

    /// The most bytes of memory that it ever had.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status().vmhwm.expect("it runs") * 1024
    }

    /// Bytes of memory that it has.
    pub(crate) fn memory(&self) -> u64 {
        self.status().vmrss.expect("it runs") * 1024
    }

    fn status(&self) -> Status {
        Process::new(self.child.id().cast_signed()).and_then(|process| process.status()).expect("it runs")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It has ended already if the test got that far.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
