//! What a comparison started ends with it, also when the comparison is killed and none of its code
//! runs any more.
//!
//! A further process holds the end of a pipe. It is told what was started and what has ended. When
//! the pipe ends, it ends what is left. A death signal (`PR_SET_PDEATHSIG`) would reach a server,
//! but not what a server started.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
    sync::Mutex,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

/// Time that servers have to end in order.
const TO_END: Duration = Duration::from_secs(1);

/// Time between two checks whether they have ended.
const TURN: Duration = Duration::from_millis(20);

/// The process that ends what is left. It outlives this one by a second at most.
#[derive(Debug)]
pub(super) struct Cleanup {
    process: Child,
    /// None when this is dropped.
    pipe: Mutex<Option<ChildStdin>>,
}

/// A process that the comparison started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StartedProcess {
    /// A process alone.
    Process(i32),
    /// The group that a process leads.
    Group(i32),
}

/// A process that is ended if the comparison is killed, until this is dropped.
#[derive(Debug)]
pub(super) struct Registered<'a> {
    cleanup: &'a Cleanup,
    started: StartedProcess,
}

impl StartedProcess {
    pub(super) fn process(child: &Child) -> Self {
        Self::Process(Pid::from_child(child).as_raw_pid())
    }

    /// A child that was made the leader of a group.
    pub(super) fn group(child: &Child) -> Self {
        Self::Group(Pid::from_child(child).as_raw_pid())
    }

    /// One line, as [`end_what_is_left`] reads it.
    fn line(self, sign: char) -> String {
        match self {
            Self::Process(pid) => format!("{sign}p{pid}\n"),
            Self::Group(pid) => format!("{sign}g{pid}\n"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("p", pid) => Some(Self::Process(pid.parse().ok()?)),
            ("g", pid) => Some(Self::Group(pid.parse().ok()?)),
            _ => None,
        }
    }
}

impl Cleanup {
    /// # Errors
    /// The system's, when it starts no process.
    pub(super) fn start() -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("cleanup")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What ends the group of the comparison must not end it.
            .process_group(0)
            .spawn()?;
        let pipe = Mutex::new(process.stdin.take());
        Ok(Self { process, pipe })
    }

    pub(super) fn register(&self, started: StartedProcess) -> Registered<'_> {
        self.tell(&started.line('+'));
        Registered { cleanup: self, started }
    }

    fn tell(&self, line: &str) {
        // If that process has gone, the comparison is still right.
        if let Ok(Some(pipe)) = self.pipe.lock().as_deref_mut() {
            let _ = pipe.write_all(line.as_bytes());
        }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.cleanup.tell(&self.started.line('-'));
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Ok(mut pipe) = self.pipe.lock() {
            drop(pipe.take());
        }
        let _ = self.process.wait();
    }
}

/// What the further process does: reads `messages` to their end, and ends what is left then.
pub(crate) fn end_what_is_left(messages: impl BufRead) {
    let mut left = BTreeSet::new();
    for line in messages.lines() {
        let Ok(line) = line else { break };
        match line.split_at_checked(1).and_then(|(sign, rest)| Some((sign, StartedProcess::parse(rest)?))) {
            Some(("+", started)) => left.insert(started),
            Some((_, started)) => left.remove(&started),
            None => false,
        };
    }
    end(&left);
}

/// Ends processes at once, and groups as a comparison would.
fn end(left: &BTreeSet<StartedProcess>) {
    let mut groups = Vec::new();
    for started in left {
        // An error means that it has ended already.
        match *started {
            StartedProcess::Process(pid) => drop(Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL))),
            StartedProcess::Group(pid) => groups.extend(Pid::from_raw(pid)),
        }
    }
    for group in &groups {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    let asked = Instant::now();
    while asked.elapsed() < TO_END && groups.iter().any(|group| test_kill_process_group(*group).is_ok()) {
        sleep(TURN);
    }
    for group in groups {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_left_alone() {
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let started = StartedProcess::group(&child);
        end_what_is_left(format!("{}{}nonsense\n", started.line('+'), started.line('-')).as_bytes());
        assert!(child.try_wait().unwrap().is_none());
        end_what_is_left(started.line('+').as_bytes());
        assert!(!child.wait().unwrap().success());
    }
}
