//! The `server` command.

use std::{
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::peer::{CLOSE, Frame, Peer, TEXT, whole};

/// A running `server`; killed with the test.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::inherit())
    }

    pub(crate) fn start_with(arguments: &[&str], stderr: Stdio) -> Self {
        Self::wait_for(command(arguments).stderr(stderr))
    }

    /// With no more than `files` open files a descriptor table.
    pub(crate) fn start_limited(arguments: &[&str], files: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_server")]);
        Self::wait_for(shell.args(arguments))
    }

    fn wait_for(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
        let address =
            line.strip_prefix("listening on ws://").expect("an address").trim_end().parse().expect("an address");
        Self { child, address }
    }

    /// Ends it in order, and returns what it wrote on stderr, which was piped.
    pub(crate) fn finish(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        let mut text = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut text).expect("UTF-8");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already if the test got that far.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_server");
    // Tests that a script runs with `&` ignore Ctrl-C, and so would what they start.
    let mut command = Command::new(if program::interrupts_are_ignored() { "env" } else { program });
    if program::interrupts_are_ignored() {
        command.args(["--default-signal=INT,HUP", program]);
    }
    // The width of the help is the terminal's otherwise.
    command.args(arguments).env_remove("COLUMNS");
    command
}

fn output(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the command")
}

#[test]
fn it_prints_its_address_serves_and_ends_with_1001_and_0_on_sigterm() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Running::start(&["--listen", "127.0.0.1:0", "--threads", "2"]);
        let mut peer = Peer::open(server.address);
        peer.echo("hello");
        kill_process(Pid::from_child(&server.child), signal).expect("it runs");
        let close = peer.frame();
        assert_eq!(close.close_code(), 1001);
        peer.send(&whole(CLOSE, &close.payload));
        peer.end();
        assert_eq!(server.child.wait().expect("it ends").code(), Some(0));
        let mut rest = String::new();
        server.child.stdout.take().expect("piped").read_to_string(&mut rest).expect("UTF-8");
        assert_eq!(rest, "", "the address is all it says");
    }
}

#[test]
fn reply_and_limits_are_taken_from_the_command_line() {
    let reply = r#"{"a":1,"b":2}"#;
    let server = Running::start(&["--listen=127.0.0.1:0", "--reply", reply, "--message-bytes=10"]);
    let mut peer = Peer::open(server.address);
    peer.send(&[whole(TEXT, "anything"), whole(TEXT, "more than ten")].concat());
    assert_eq!(peer.frame(), Frame::new(TEXT, reply));
    assert_eq!(peer.frame().close_code(), 1009);
}

#[test]
fn a_browser_gets_a_page_unless_told_otherwise() {
    for (arguments, status) in [(&["--listen=127.0.0.1:0"][..], "200"), (&["--listen=127.0.0.1:0", "--no-page"], "426")]
    {
        let server = Running::start(arguments);
        let mut browser = Peer::tcp(server.address);
        browser.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let head = browser.http_head();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
}

#[test]
fn an_address_in_use_is_said_with_the_flag_the_value_and_a_remedy() {
    let first = Running::start(&["--listen", "127.0.0.1:0"]);
    let address = first.address.to_string();
    let second = output(&["--listen", &address]);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(second.stdout, b"");
    let error = String::from_utf8(second.stderr).expect("UTF-8");
    for part in ["--listen", &address, "in use", "another port"] {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
}

#[test]
fn a_refused_value_is_a_usage_error() {
    let refused = output(&["--threads", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8(refused.stderr).expect("UTF-8");
    for part in ["--threads", "'0'", "from 1 to 1024"] {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
}

#[test]
fn it_serves_whether_or_not_what_it_prints_is_read() {
    // A free port, most likely: the one that the system gave last.
    let address =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" --listen \"$1\" >/dev/full 2>/dev/full", env!("CARGO_BIN_EXE_server")]);
    let child = shell.arg(address.to_string()).spawn().expect("the command");
    let server = Running { child, address };
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "it takes connections");
        std::thread::sleep(Duration::from_millis(10));
    }
    Peer::open(server.address).echo("hello");
}

#[test]
fn a_thread_that_can_not_serve_is_said_before_anyone_is_told_to_connect() {
    // They find no descriptors.
    let script = "ulimit -n 20; exec \"$0\" --listen=127.0.0.1:0 --threads=30";
    let failed = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_server")]).output().expect("a shell");
    let error = String::from_utf8(failed.stderr).expect("UTF-8");
    assert_eq!((failed.status.code(), failed.stdout.as_slice()), (Some(1), &b""[..]), "{error}");
    for part in ["--threads 30", "Too many open files", "use fewer", "ulimit -n"] {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
}

#[test]
fn help() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(help.stdout).expect("UTF-8"));
}
