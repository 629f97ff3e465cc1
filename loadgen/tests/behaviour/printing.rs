//! The reader of what is printed may be gone, be full, or never read. The run, its results and its
//! exit code don't depend on that.

use std::{
    fs,
    io::{PipeReader, PipeWriter, Write, pipe},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::rig::{Behaviour, PATIENCE, ScriptedServer, interruptible};

/// A run against the embedded server that takes no time.
const TINY: &str = "-c 1 -n 2 -w 1 --warmup 0s";

/// Runs a line of the shell in `folder`, in which `loadgen` is the command. Its exit code, and what
/// it printed on stderr.
fn shell(folder: &Path, line: &str) -> (Option<i32>, String) {
    let line = line.replace("loadgen", &format!("timeout 60 {}", env!("CARGO_BIN_EXE_loadgen")));
    let output = Command::new("bash").args(["-c", &line]).current_dir(folder).output().expect("a shell");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

/// A folder with the result of a run, `old.json`.
fn with_a_result() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said) = shell(folder.path(), &format!("loadgen {TINY} -q -o old.json"));
    assert_eq!(code, Some(0), "{said}");
    folder
}

#[test]
fn nothing_that_is_printed_ends_a_command() {
    let folder = with_a_result();
    let server = ScriptedServer::start(Behaviour::Echo);
    let url = server.url();
    let commands = [
        (format!("loadgen {TINY} -o new.json"), 0),
        (format!("loadgen {url} {TINY} -o new.json --json"), 0),
        ("loadgen report old.json --html new.json".to_owned(), 0),
        // Two messages tell nothing.
        ("loadgen compare old.json old.json --markdown new.json".to_owned(), 3),
    ];
    for (command, expected) in commands {
        for outputs in ["2>/dev/full", "2>&-", "2>&1 | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}", ">&- 2>&-"] {
            let _ = fs::remove_file(folder.path().join("new.json"));
            let (code, said) = shell(folder.path(), &format!("{command} {outputs}"));
            assert_eq!(code, Some(expected), "{command} {outputs}: {said}");
            assert!(folder.path().join("new.json").exists(), "{command} {outputs}: {said}");
        }
    }
}

#[test]
fn a_report_that_was_not_shown_is_told_and_changes_nothing() {
    let folder = with_a_result();
    for (command, expected) in [(&format!("loadgen {TINY}")[..], 0), ("loadgen compare old.json old.json", 3)] {
        let (code, said) = shell(folder.path(), &format!("{command} >/dev/full"));
        assert_eq!(code, Some(expected), "{command}: {said}");
        assert!(said.contains("the report was not shown: No space left on device"), "{command}: {said}");
    }
}

#[test]
fn a_result_on_stdout_that_is_lost_is_no_pass() {
    let folder = with_a_result();
    for (command, flag) in [
        (format!("loadgen {TINY} --json -q"), "--json"),
        (format!("loadgen {TINY} --html - -q"), "--html"),
        ("loadgen compare old.json old.json --json".to_owned(), "--json"),
        ("loadgen report old.json --junit -".to_owned(), "--junit"),
    ] {
        let (code, said) = shell(folder.path(), &format!("{command} >/dev/full"));
        assert_eq!(code, Some(1), "{command}: {said}");
        assert!(said.contains(&format!("{flag} was not saved: No space left on device")), "{command}: {said}");
    }
    let (code, said) = shell(folder.path(), "loadgen report old.json >/dev/full");
    assert_eq!((code, said.contains("No space left")), (Some(1), true), "{said}");
}

#[test]
fn a_save_that_fails_hides_nothing_that_is_worse() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = ScriptedServer::start(Behaviour::DropsEveryThird);
    let line = format!(
        "loadgen {} -c 1 -n 6 -w 1 --warmup 0s --drain 100ms --json --markdown new.md >/dev/full",
        server.url()
    );
    let (code, said) = shell(folder.path(), &line);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("--json was not saved"), "{said}");
    assert!(folder.path().join("new.md").exists(), "the others are saved all the same");
}

/// A pipe that holds nothing more, and that nobody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&writer, true).expect("a pipe can be non-blocking");
    while writer.write(&[b'x'; 64]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).expect("a pipe can block");
    (reader, writer)
}

fn loadgen(arguments: &str, folder: &Path) -> Command {
    let mut command = interruptible(env!("CARGO_BIN_EXE_loadgen"));
    command.args(arguments.split_whitespace()).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Its exit code; it is killed if it does not end.
fn end(mut child: Child) -> Option<i32> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("it is there");
    child.wait().expect("it was killed");
    None
}

#[test]
fn a_pipe_on_stderr_that_nobody_reads_holds_nothing_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_reader, writer) = full_pipe();
    // Its report goes to stderr.
    let mut command = loadgen(&format!("{TINY} --json -o new.json"), folder.path());
    assert_eq!(end(command.stderr(writer).spawn().expect("it starts")), Some(0));
    assert!(folder.path().join("new.json").exists());
}

#[test]
fn ctrl_c_ends_a_command_whose_stdout_nobody_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_reader, writer) = full_pipe();
    let mut command = loadgen(&format!("{TINY} -o new.json --markdown new.md"), folder.path());
    let child = command.stdout(writer).stderr(Stdio::null()).spawn().expect("it starts");
    let (began, last) = (Instant::now(), folder.path().join("new.md"));
    while !last.exists() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it is there");
    assert_eq!(end(child), Some(130));
    assert!(folder.path().join("new.json").exists());
}
