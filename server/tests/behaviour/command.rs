//! The `server` command.

use std::{
    io::Read,
    process::{Command, Output},
};

use rustix::process::Signal;

use crate::rig::{CLOSE, ReceivedFrame, ServerProcess, TEXT, TestPeer, command, whole};

fn output(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the command")
}

#[test]
fn a_signal_ends_it_with_1001_for_peers_and_exit_code_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = ServerProcess::start(&["--listen", "127.0.0.1:0", "--threads", "2"]);
        let mut peer = TestPeer::open(server.address);
        peer.echo("hello");
        server.signal(signal);
        let close = peer.frame();
        assert_eq!(close.close_code(), 1001);
        peer.send(&whole(CLOSE, &close.payload));
        peer.end();
        server.wait();
        let mut rest = String::new();
        server.stdout.read_to_string(&mut rest).expect("UTF-8");
        assert_eq!(rest, "", "the address is all it says");
    }
}

#[test]
fn reply_and_limits_are_taken_from_the_command_line() {
    let reply = r#"{"a":1,"b":2}"#;
    let server = ServerProcess::start(&["--listen=127.0.0.1:0", "--reply", reply, "--message-bytes=10"]);
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(TEXT, "anything"), whole(TEXT, "more than ten")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, reply));
    assert_eq!(peer.frame().close_code(), 1009);
}

#[test]
fn a_browser_gets_a_page_unless_told_otherwise() {
    for (arguments, status) in [(&["--listen=127.0.0.1:0"][..], "200"), (&["--listen=127.0.0.1:0", "--no-page"], "426")]
    {
        let server = ServerProcess::start(arguments);
        let mut browser = TestPeer::tcp(server.address);
        browser.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let head = browser.http_head();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
}

#[test]
fn an_address_in_use_is_reported_with_a_remedy() {
    let first = ServerProcess::start(&["--listen", "127.0.0.1:0"]);
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
fn a_thread_that_can_not_serve_fails_the_start() {
    // The limit leaves no descriptors for so many threads.
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
    for (name, flag) in [("short_help", "-h"), ("help", "--help")] {
        let help = output(&[flag]);
        assert_eq!(help.status.code(), Some(0));
        insta::assert_snapshot!(name, String::from_utf8(help.stdout).expect("UTF-8"));
    }
}
