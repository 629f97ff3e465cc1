//! The `loadgen` command.

use std::{
    process::{Child, Command, Stdio},
    sync::mpsc::channel,
    thread::{self, JoinHandle},
    time::Duration,
};

use reports::Schema;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::PATIENCE;

/// A running `loadgen`; killed when it takes longer than a test is patient.
pub(crate) struct Loadgen {
    pid: Pid,
    thread: JoinHandle<CommandOutput>,
}

/// What a `loadgen` left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandOutput {
    /// Exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Loadgen {
    pub(crate) fn start<A: AsRef<str>>(arguments: &[A]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// With variables of the environment besides those that it inherits.
    pub(crate) fn start_with<A: AsRef<str>>(arguments: &[A], variables: &[(&str, &str)]) -> Self {
        let mut command = loadgen(arguments);
        command.envs(variables.iter().copied());
        Self::spawn(command, PATIENCE)
    }

    /// One that may take longer than others.
    pub(crate) fn start_patiently<A: AsRef<str>>(arguments: &[A], patience: Duration) -> Self {
        Self::spawn(loadgen(arguments), patience)
    }

    /// One whose parent ignores signals, which are named as in a shell.
    pub(crate) fn start_ignoring<A: AsRef<str>>(signals: &str, arguments: &[A]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("trap '' {signals}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_loadgen")]);
        command.args(arguments.iter().map(AsRef::as_ref));
        Self::spawn(command, PATIENCE)
    }

    /// With no more than `files` open files a descriptor table.
    pub(crate) fn start_limited<A: AsRef<str>>(files: u32, arguments: &[A]) -> Self {
        let mut command = interruptible("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_loadgen")]);
        command.args(arguments.iter().map(AsRef::as_ref));
        Self::spawn(command, PATIENCE)
    }

    fn spawn(mut command: Command, patience: Duration) -> Self {
        // The width of the help is the terminal's otherwise.
        command.env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command");
        Self { pid: Pid::from_child(&child), thread: thread::spawn(move || collect(child, patience)) }
    }

    /// Sends a signal; false if the process is not there any more.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        kill_process(self.pid, signal).is_ok()
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    pub(crate) fn finish(self) -> CommandOutput {
        self.thread.join().expect("no panic")
    }

    /// From start to end.
    pub(crate) fn run<A: AsRef<str>>(arguments: &[A]) -> CommandOutput {
        Self::start(arguments).finish()
    }
}

/// A document has the keys and types that the JSON Schema of the format that it names asks for.
pub(crate) fn satisfies_its_schema(document: &Value) {
    let named = |schema: &Schema| document["schema"] == schema.name();
    let schema = Schema::ALL.into_iter().find(named).unwrap_or_else(|| panic!("no format of ours: {document}"));
    let schema = serde_json::from_str(schema.json()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {document}");
}

fn loadgen<A: AsRef<str>>(arguments: &[A]) -> Command {
    let mut command = interruptible(env!("CARGO_BIN_EXE_loadgen"));
    command.args(arguments.iter().map(AsRef::as_ref));
    command
}

/// A program that Ctrl-C ends, also when a script runs the tests with `&` and they ignore it.
pub(crate) fn interruptible(program: &str) -> Command {
    let ignored = program::interrupts_are_ignored();
    let mut command = Command::new(if ignored { "env" } else { program });
    if ignored {
        command.args(["--default-signal=INT,HUP", program]);
    }
    command
}

fn collect(child: Child, patience: Duration) -> CommandOutput {
    let pid = Pid::from_child(&child);
    let (ended, end) = channel::<()>();
    let watch = thread::spawn(move || {
        if end.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    let output = child.wait_with_output().expect("it ends");
    drop(ended);
    watch.join().expect("no panic");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    CommandOutput { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl CommandOutput {
    /// What it printed on stdout, which is one JSON value and nothing else, as the schema of its
    /// format says.
    pub(crate) fn json(&self) -> Value {
        let value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        satisfies_its_schema(&value);
        value
    }

    /// The run did what was planned, if the machine was fast enough for it.
    pub(crate) fn passed(&self) -> bool {
        match self.code {
            Some(0) => true,
            Some(5) => {
                let reasons: Vec<_> = self.reasons().filter(|reason| !reason.starts_with("generator: ")).collect();
                assert!(reasons.is_empty(), "{self:?}");
                true
            }
            _ => false,
        }
    }

    /// The reasons of the verdict in a report as text, first lines only.
    fn reasons(&self) -> impl Iterator<Item = &str> {
        let lines = self.stdout.lines().chain(self.stderr.lines());
        lines.filter_map(|line| line.strip_prefix("  why        "))
    }
}
