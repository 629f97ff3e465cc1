//! What the server does wrong or late on purpose, as a peer that looks at frames sees it.

use std::{
    io::{BufRead, ErrorKind, Read, Write},
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use server::{Delay, DelayShape, Fault, FaultKind, Faults, Options, Stall};

use crate::rig::{
    BINARY, CLOSE, PATIENCE, PING, PONG, ReceivedFrame, ServerProcess, TEXT, TestPeer, TestServer, close_payload,
    command, whole,
};

/// A server that does `kind` to every message that it can.
fn always(kind: FaultKind) -> TestServer {
    let faults = Faults::new([(kind, 1.0)]).expect("a chance");
    TestServer::start(Options { faults, threads: NonZeroUsize::MIN, ..Options::default() })
}

/// The faults of `server`, as kinds and messages.
fn done(server: TestServer) -> Vec<(FaultKind, u64)> {
    server.stats().faults.into_iter().map(|fault| (fault.kind, fault.message)).collect()
}

#[test]
fn pairs_are_swapped_or_merged() {
    for (kind, frames) in [
        (FaultKind::Reorder, vec![ReceivedFrame::new(BINARY, "two"), ReceivedFrame::new(TEXT, "one")]),
        (FaultKind::Coalesce, vec![ReceivedFrame::new(BINARY, "onetwo")]),
    ] {
        let server = always(kind);
        let mut peer = TestPeer::open(server.address);
        peer.send(&[whole(TEXT, "one"), whole(BINARY, "two")].concat());
        for frame in frames {
            assert_eq!(peer.frame(), frame, "{kind}");
        }
        assert_eq!(done(server), [(kind, 0)]);
    }
}

#[test]
fn an_answer_held_in_vain_goes_out_unharmed() {
    let server = always(FaultKind::Reorder);
    let mut peer = TestPeer::open(server.address);
    peer.echo("alone");
    assert_eq!(done(server), []);
}

#[test]
fn a_late_answer_comes_between_the_closes() {
    let server = always(FaultKind::Late);
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(TEXT, "one"), whole(BINARY, "two"), whole(PING, "?")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    peer.send(&whole(CLOSE, close_payload(1000, "done")));
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "one"));
    assert_eq!(peer.frame(), ReceivedFrame::new(BINARY, "two"));
    assert_eq!(peer.frame(), ReceivedFrame::new(CLOSE, close_payload(1000, "done")));
    peer.end();
    assert_eq!(done(server), [(FaultKind::Late, 0), (FaultKind::Late, 1)]);
}

#[test]
fn late_answers_do_not_keep_the_server_from_reading() {
    let faults = Faults::new([(FaultKind::Late, 1.0)]).expect("a chance");
    let mut options = Options { faults, ..Options::default() };
    options.limits.unsent_bytes = 10;
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(TEXT, "a"), whole(TEXT, "more than ten bytes"), whole(PING, "?")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    peer.send(&[whole(TEXT, "b"), whole(CLOSE, close_payload(1000, ""))].concat());
    for text in ["a", "more than ten bytes", "b"] {
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, text));
    }
    assert_eq!(peer.frame().close_code(), 1000);
}

#[test]
fn misrouting_needs_another_connection() {
    let server = always(FaultKind::Misroute);
    let mut peer = TestPeer::open(server.address);
    peer.echo("nobody else is here");
    let mut other = TestPeer::open(server.address);
    other.send(&whole(PING, "?"));
    assert_eq!(other.frame(), ReceivedFrame::new(PONG, "?"));
    peer.send(&whole(TEXT, "for the other"));
    assert_eq!(other.frame(), ReceivedFrame::new(TEXT, "for the other"));
    let (from, to) = [&peer, &other].map(|peer| peer.tcp.local_addr().expect("bound")).into();
    let (kind, with, with_peer, receiver) = (FaultKind::Misroute, None, None, None);
    let fault = Fault { peer: from, message: 1, kind, receiver, with, with_peer, to: Some(to) };
    assert_eq!(server.stats().faults, [fault]);
}

#[test]
fn a_death_is_a_reset_after_earlier_answers() {
    let faults = Faults::new([(FaultKind::Die, 0.1)]).expect("a chance");
    let server = TestServer::start(Options { faults, ..Options::default() });
    let mut peer = TestPeer::open(server.address);
    let mut answered = 0;
    let end = loop {
        peer.send(&whole(TEXT, "?"));
        let mut frame = [0; 3];
        match peer.tcp.read_exact(&mut frame) {
            Ok(()) => assert_eq!(frame, [0x80 | TEXT, 1, b'?']),
            Err(error) => break error,
        }
        answered += 1;
    };
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    assert_eq!(done(server), [(FaultKind::Die, answered)]);
}

#[test]
fn faults_that_a_reset_destroys_are_not_in_the_ledger() {
    deaths(4, 4);
}

#[test]
#[ignore = "half a minute; the quick test is one of these"]
fn faults_that_many_resets_destroy_are_not_in_the_ledger() {
    (0..30).for_each(|seed| deaths(20, seed));
}

fn deaths(peers: usize, seed: u64) {
    // Each answer goes out twice, and then comes a reset. That is more than the buffers of both
    // sockets hold for a peer that reads late.
    let faults = Faults::new([(FaultKind::Duplicate, 0.95), (FaultKind::Die, 0.05)]).expect("chances");
    let mut options = Options { faults, seed, threads: NonZeroUsize::MIN, ..Options::default() };
    options.limits.unsent_bytes = 64 << 20;
    options.limits.closing = PATIENCE;
    let (server, mut answered) = (TestServer::start(options), 0);
    for _ in 0..peers {
        let mut peer = TestPeer::open(server.address);
        let mut writer = TestPeer { tcp: peer.tcp.try_clone().expect("a handle") };
        let writing = thread::spawn(move || {
            let message = whole(BINARY, vec![7; 100_000]);
            while writer.tcp.write_all(&message).is_ok() {}
        });
        thread::sleep(Duration::from_millis(20));
        let mut came = Vec::new();
        // Either this handle or the other one fails with the reset.
        let _ = peer.tcp.read_to_end(&mut came);
        writing.join().expect("no panic");
        let came_whole = came.len() / (10 + 100_000);
        assert_eq!(came.len() % (10 + 100_000), 0, "all of what was said");
        answered += came_whole;
    }
    let faults = done(server);
    let count = |kind| faults.iter().filter(|(of, _)| *of == kind).count();
    assert_eq!(count(FaultKind::Die), peers);
    assert_eq!(2 * count(FaultKind::Duplicate), answered, "{faults:?}");
}

#[test]
fn a_faulty_close_has_a_hostile_reason() {
    let server = always(FaultKind::Close);
    let mut peer = TestPeer::open(server.address);
    peer.send(&whole(TEXT, "?"));
    let close = peer.frame();
    assert_eq!(close.close_code(), 1011);
    let reason = std::str::from_utf8(&close.payload[2..]).expect("UTF-8, or the peer could not even read it");
    assert!(["\x1b[2J", "\r\n", "<script>", "\u{202e}", "\0"].iter().all(|part| reason.contains(part)), "{reason:?}");
    peer.send(&whole(CLOSE, &close.payload));
    peer.end();
    assert_eq!(done(server), [(FaultKind::Close, 0)]);
}

#[test]
fn answers_are_delayed_and_pongs_are_not() {
    let delay = Delay { mean: Duration::from_millis(100), shape: DelayShape::Fixed };
    let server = TestServer::start(Options { delay: Some(delay), ..Options::default() });
    let mut peer = TestPeer::open(server.address);
    let start = Instant::now();
    peer.send(&[whole(TEXT, "one"), whole(TEXT, "two"), whole(PING, "?")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "one"));
    assert!(start.elapsed() >= delay.mean);
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "two"));
}

#[test]
fn delayed_answers_go_out_before_a_close() {
    let delay = Delay { mean: Duration::from_secs(3600), shape: DelayShape::Fixed };
    let server = TestServer::start(Options { delay: Some(delay), ..Options::default() });
    let (mut ours, mut theirs) = (TestPeer::open(server.address), TestPeer::open(server.address));
    for peer in [&mut ours, &mut theirs] {
        peer.send(&[whole(TEXT, "delayed"), whole(PING, "?")].concat());
        assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    }
    ours.send(&whole(CLOSE, close_payload(1000, "")));
    assert_eq!(ours.frame(), ReceivedFrame::new(TEXT, "delayed"));
    assert_eq!(ours.frame().close_code(), 1000);
    let stopped = server.stop();
    assert_eq!(theirs.frame(), ReceivedFrame::new(TEXT, "delayed"));
    assert_eq!(theirs.frame().close_code(), 1001);
    drop((ours, theirs));
    stopped.join().expect("no panic").expect("no failure");
}

#[test]
fn delayed_answers_over_the_limit_stop_reading() {
    let delay = Delay { mean: Duration::from_millis(50), shape: DelayShape::Fixed };
    let mut options = Options { delay: Some(delay), ..Options::default() };
    options.limits.unsent_bytes = 10;
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    let start = Instant::now();
    // More than ten bytes wait, so the third is read when the first two are gone.
    peer.send(&[whole(TEXT, "12345678"), whole(TEXT, "87654321"), whole(TEXT, "third")].concat());
    for text in ["12345678", "87654321", "third"] {
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, text));
    }
    assert!(start.elapsed() >= 2 * delay.mean);
}

#[test]
fn the_whole_server_stands_still_once() {
    let stall = Stall { after: Duration::from_millis(200), length: Duration::from_secs(2) };
    let threads = NonZeroUsize::new(2).expect("not zero");
    let server = TestServer::start(Options { stall: Some(stall), threads, ..Options::default() });
    let (address, start) = (server.address, Instant::now());
    // The chance that all eight are on one of the two threads is 1 in 128. Even then the stall
    // shows.
    let peers: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn(move || {
                let (mut peer, mut longest) = (TestPeer::open(address), Duration::ZERO);
                while start.elapsed() < stall.after + stall.length {
                    let asked = Instant::now();
                    peer.echo("?");
                    longest = longest.max(asked.elapsed());
                }
                longest
            })
        })
        .collect();
    for peer in peers {
        let longest = peer.join().expect("no panic");
        // It begins a little late on a busy machine, but ends no earlier.
        assert!(longest >= stall.length / 2, "{longest:?}");
    }
}

#[test]
fn the_command_writes_its_ledger_when_it_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.json");
    let arguments = ["--listen=127.0.0.1:0", "--fault=drop=100%", "--fault-seed=5", "--fault-ledger"];
    let mut server = ServerProcess::spawn(command(&arguments).arg(&path));
    let mut line = String::new();
    server.stdout.read_line(&mut line).expect("UTF-8");
    assert_eq!(line, "fault seed 5\n");
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(TEXT, "lost"), whole(PING, "?")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    server.signal(Signal::TERM);
    let close = peer.frame();
    peer.send(&whole(CLOSE, &close.payload));
    server.wait();
    let ledger: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    let from = peer.tcp.local_addr().expect("bound").to_string();
    assert_eq!(
        ledger,
        json!({
            "schema": "server.faults/1", "seed": 5, "counts": {"drop": 1},
            "faults": [{"peer": from, "message": 0, "kind": "drop"}],
        })
    );
}

#[test]
fn a_ledger_that_can_not_be_written_is_refused_at_once() {
    let arguments = ["--listen=127.0.0.1:0", "--fault=drop=1", "--fault-ledger=/nowhere/ledger.json"];
    let output = command(&arguments).output().expect("the command");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("--fault-ledger /nowhere/ledger.json: No such file"), "{said}");
    assert_eq!(output.stdout, b"", "it never said that it listens");
}
