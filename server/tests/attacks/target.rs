//! Servers to attack, as processes, so that their memory is theirs alone.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// A server's process; killed when it is dropped.
pub(crate) struct Target {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Target {
    /// The server of this crate. Large buffers go back to the system when they are freed, so that its peak is what it held. Left
    /// to itself, glibc keeps freed ones, and the peak also depends on the order in which they were freed.
    pub(crate) fn ours(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command.env("MALLOC_MMAP_THRESHOLD_", "131072");
        Self::start(command.arg("--listen=127.0.0.1:0").args(arguments), |line| {
            line.strip_prefix("listening on ws://")?.trim_end().parse().ok()
        })
    }

    /// An echo server on Node's `ws`, if that is installed.
    pub(crate) fn node() -> Option<Self> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../loadgen/tests/peers/node"));
        if !folder.join("node_modules/ws").exists() {
            return None;
        }
        // It finds `ws` where it is started, and ends with its stdin.
        let mut command = Command::new("node");
        command.args(["--input-type=module", "-e", include_str!("echo.mjs")]).current_dir(folder);
        let command = command.stdin(Stdio::piped()).stderr(Stdio::null());
        Some(Self::start(command, |line| Some((Ipv4Addr::LOCALHOST, line.trim_end().parse().ok()?).into())))
    }

    fn start(command: &mut Command, address: impl Fn(&str) -> Option<SocketAddr>) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let address = address(&line).expect("an address");
        Self { child, address }
    }

    /// Most bytes of memory that it ever had.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Bytes of memory that it has.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a line of it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Ends it with SIGTERM, which it must obey.
    pub(crate) fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        let start = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(self.child.wait().expect("a child").code(), Some(0));
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It has ended already if the test got that far.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
