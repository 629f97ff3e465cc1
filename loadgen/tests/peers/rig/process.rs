//! A program that runs beside a test, and ends with it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

pub(crate) struct Process {
    child: Child,
    /// Its end tells the program to end.
    stdin: Option<ChildStdin>,
    /// What it prints on stdout.
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct ProcessOutput {
    /// Exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed on stdout and was not read before.
    pub(crate) lines: Vec<String>,
    pub(crate) stderr: String,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                // Nobody may be left to read it.
                let _ = sender.send(line.expect("UTF-8"));
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("UTF-8");
            text
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, errors: Some(errors) }
    }

    /// The next line of stdout.
    pub(crate) fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let _ = self.child.kill();
            panic!("nothing on stdout: {error}; on stderr: {}", self.errors())
        })
    }

    /// Writes a line to its stdin.
    pub(crate) fn say(&mut self, line: &str) {
        // It may have ended.
        let _ = writeln!(self.stdin.as_mut().expect("not closed"), "{line}");
    }

    /// Sends a signal that ends it, and waits for the end.
    pub(crate) fn end_by(self, signal: Signal) -> ProcessOutput {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
        self.wait(PATIENCE)
    }

    /// Closes stdin, and waits for the end.
    pub(crate) fn finish(mut self) -> ProcessOutput {
        drop(self.stdin.take());
        self.wait(PATIENCE)
    }

    /// Waits for the end, which comes by itself. A program that takes longer than `patience` is
    /// killed; what it printed until then tells why.
    pub(crate) fn wait(mut self, patience: Duration) -> ProcessOutput {
        let started = Instant::now();
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(patience.saturating_sub(started.elapsed())) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    panic!("no end after {patience:?}; printed: {lines:#?}; on stderr: {}", self.errors());
                }
            }
        }
        // All that it had to say is said, so it is about to end.
        let code = self.child.wait().expect("a child").code();
        ProcessOutput { code, lines, stderr: self.errors() }
    }

    fn errors(&mut self) -> String {
        self.errors.take().map_or_else(String::new, |errors| errors.join().expect("no panic"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
