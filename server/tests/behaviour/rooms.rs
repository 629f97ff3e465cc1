//! Broadcasts, as the members of rooms see them at the level of frames.

use std::{
    io::{BufRead, ErrorKind, Read},
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use server::{Delay, DelayShape, FaultKind, Faults, Options, OwnCopy, RoomsOptions};
use socket2::SockRef;

use crate::rig::{
    BINARY, CLOSE, PATIENCE, PING, PONG, ReceivedFrame, ServerProcess, TEXT, TestPeer, TestServer, close_payload, whole,
};

fn options(own: OwnCopy) -> Options {
    let rooms = RoomsOptions { own, ..RoomsOptions::default() };
    Options { rooms: Some(rooms), threads: NonZeroUsize::MIN, ..Options::default() }
}

fn start(own: OwnCopy) -> TestServer {
    TestServer::start(options(own))
}

/// Fails unless `peer` gets exactly these texts, and then the answer to a ping.
fn gets(peer: &mut TestPeer, texts: &[&str]) {
    for text in texts {
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, text));
    }
    peer.send(&whole(PING, "?"));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
}

#[test]
fn a_message_goes_to_all_members_of_the_room_and_no_other() {
    let server = start(OwnCopy::Expect);
    let open = |target| TestPeer::open_at(server.address, target);
    let (mut one, mut two, mut query) = (open("/a"), open("/a"), open("/a?b"));
    let (mut longer, mut root) = (open("/a/"), open("/"));
    one.send(&[whole(TEXT, "hello"), whole(BINARY, [0xff, 0])].concat());
    for member in [&mut one, &mut two, &mut query] {
        assert_eq!(member.frame(), ReceivedFrame::new(TEXT, "hello"));
        assert_eq!(member.frame(), ReceivedFrame::new(BINARY, [0xff, 0]));
    }
    for other in [&mut longer, &mut root] {
        gets(other, &[]);
    }
    drop((one, two, query, longer, root));
    let stats = server.stats();
    assert_eq!((stats.messages, stats.deliveries), (2, 6));
}

#[test]
fn senders_get_no_copies_if_told_so() {
    let server = start(OwnCopy::Refuse);
    let [mut one, mut two] = [(); 2].map(|()| TestPeer::open(server.address));
    one.send(&whole(TEXT, "from one"));
    gets(&mut two, &["from one"]);
    gets(&mut one, &[]);
    two.send(&whole(TEXT, "from two"));
    gets(&mut one, &["from two"]);
    gets(&mut two, &[]);
}

#[test]
fn members_get_what_comes_between_joining_and_leaving() {
    let server = start(OwnCopy::Expect);
    let mut first = TestPeer::open(server.address);
    first.send(&whole(TEXT, "before"));
    assert_eq!(first.frame(), ReceivedFrame::new(TEXT, "before"));
    let mut second = TestPeer::open(server.address);
    first.send(&whole(TEXT, "between"));
    assert_eq!(second.frame(), ReceivedFrame::new(TEXT, "between"));
    second.send(&[whole(TEXT, "last words"), whole(CLOSE, close_payload(1000, ""))].concat());
    assert_eq!(second.frame(), ReceivedFrame::new(TEXT, "last words"));
    assert_eq!(second.frame().close_code(), 1000);
    second.end();
    first.send(&whole(TEXT, "after"));
    for text in ["between", "last words", "after"] {
        assert_eq!(first.frame(), ReceivedFrame::new(TEXT, text));
    }
    // A room that was empty begins anew.
    drop(first);
    let mut third = TestPeer::open(server.address);
    third.echo("alone");
}

#[test]
fn who_comes_back_is_replayed_what_came_meanwhile() {
    let rooms = RoomsOptions { replay: 10, ..RoomsOptions::default() };
    let server = TestServer::start(Options { rooms: Some(rooms), ..options(OwnCopy::Expect) });
    let open = |target| TestPeer::open_at(server.address, target);
    let (mut one, mut two) = (open("/a?after="), open("/a?after="));
    one.send(&[whole(TEXT, "1: hello"), whole(TEXT, "2: you")].concat());
    for peer in [&mut one, &mut two] {
        gets(peer, &["1: hello", "2: you"]);
    }
    drop(two);
    one.send(&whole(TEXT, "3: there"));
    gets(&mut one, &["3: there"]);
    gets(&mut open("/a?after=2%3A"), &["3: there"]);
    gets(&mut open("/a?after=3:"), &[]);
    gets(&mut open("/a"), &[]);
    gets(&mut open("/b?after="), &[]);
    drop(one);
    let mut back = open("/a?after=1:");
    gets(&mut back, &["2: you", "3: there"]);
    back.send(&whole(TEXT, "4"));
    gets(&mut back, &["4"]);
}

#[test]
fn what_is_replayed_is_not_staggered() {
    let rooms = RoomsOptions { replay: 2, stagger: Duration::from_secs(3600), ..RoomsOptions::default() };
    let server = TestServer::start(Options { rooms: Some(rooms), ..options(OwnCopy::Expect) });
    let mut first = TestPeer::open(server.address);
    first.send(&whole(TEXT, "hello"));
    gets(&mut first, &["hello"]);
    gets(&mut TestPeer::open_at(server.address, "/?after="), &["hello"]);
}

#[test]
fn messages_of_a_sender_keep_their_order_at_every_member() {
    const MEMBERS: usize = 8;
    const MESSAGES: usize = 500;
    let server = start(OwnCopy::Expect);
    let members: Vec<_> = (0..MEMBERS).map(|_| TestPeer::open(server.address)).collect();
    let members: Vec<_> = (0..)
        .zip(members)
        .map(|(number, mut peer)| {
            thread::spawn(move || {
                let mut writer = TestPeer { tcp: peer.tcp.try_clone().expect("a handle") };
                let writing = thread::spawn(move || {
                    for message in 0..MESSAGES {
                        writer.send(&whole(TEXT, format!("{number} {message}")));
                    }
                });
                let mut next = [0; MEMBERS];
                for _ in 0..MEMBERS * MESSAGES {
                    let text = String::from_utf8(peer.frame().payload).expect("text");
                    let (sender, message) = text.split_once(' ').expect("two numbers");
                    let sender: usize = sender.parse().expect("a number");
                    assert_eq!(message, next[sender].to_string(), "of {sender} at {number}");
                    next[sender] += 1;
                }
                writing.join().expect("no panic");
                peer
            })
        })
        .collect();
    let members: Vec<_> = members.into_iter().map(|member| member.join().expect("in order")).collect();
    drop(members);
    assert_eq!(server.stats().deliveries, (MEMBERS * MEMBERS * MESSAGES) as u64);
}

#[test]
fn a_slow_member_is_closed_and_the_others_get_everything() {
    let mut options = options(OwnCopy::Refuse);
    options.limits.unsent_bytes = 64 << 10;
    options.limits.closing = PATIENCE;
    let server = TestServer::start(options);
    let [mut sender, mut slow, mut quick] = [(); 3].map(|()| TestPeer::open(server.address));
    // More than the socket buffers take.
    SockRef::from(&slow.tcp).set_recv_buffer_size(16 << 10).expect("an option");
    let message = vec![7; 100_000];
    let messages = 200;
    for _ in 0..messages {
        sender.send(&whole(BINARY, &message));
        assert_eq!(quick.frame(), ReceivedFrame::new(BINARY, &message));
    }
    let mut got = 0;
    let close = loop {
        match slow.frame() {
            frame if frame.opcode == BINARY => assert_eq!(frame.payload, message),
            frame => break frame,
        }
        got += 1;
    };
    assert_eq!(close.close_code(), 1013);
    assert!(got < messages);
    drop((sender, slow, quick));
    let stats = server.stats();
    assert_eq!((stats.too_slow, stats.messages), (1, messages));
}

#[test]
fn a_burst_over_the_limit_is_taken_bit_by_bit() {
    // The room holds at most 10 bytes and a message, so its members stop reading again and again.
    let mut options = options(OwnCopy::Expect);
    options.limits.unsent_bytes = 10;
    let server = TestServer::start(options);
    let [mut sender, mut other] = [(); 2].map(|()| TestPeer::open(server.address));
    let burst: Vec<u8> = (0..1000).flat_map(|number| whole(TEXT, format!("message {number}"))).collect();
    sender.send(&burst);
    for number in 0..1000 {
        let expected = ReceivedFrame::new(TEXT, format!("message {number}"));
        assert_eq!((sender.frame(), other.frame()), (expected.clone(), expected));
    }
}

#[test]
fn each_further_receiver_gets_it_later() {
    let stagger = Duration::from_millis(50);
    let rooms = RoomsOptions { own: OwnCopy::Refuse, stagger, replay: 0 };
    let server = TestServer::start(Options { rooms: Some(rooms), ..options(OwnCopy::Refuse) });
    let mut sender = TestPeer::open(server.address);
    let mut members = [(); 5].map(|()| TestPeer::open(server.address));
    let start = Instant::now();
    sender.send(&[whole(TEXT, "one"), whole(TEXT, "two")].concat());
    for (number, member) in (0..).zip(&mut members) {
        assert_eq!(member.frame(), ReceivedFrame::new(TEXT, "one"));
        // The first one gets it without a wait.
        assert!(start.elapsed() >= number * stagger, "{number} is early");
        assert_eq!(member.frame(), ReceivedFrame::new(TEXT, "two"));
    }
    gets(&mut sender, &[]);
}

#[test]
fn staggered_messages_go_out_before_a_close() {
    let rooms = RoomsOptions { stagger: Duration::from_secs(3600), ..RoomsOptions::default() };
    let server = TestServer::start(Options { rooms: Some(rooms), ..options(OwnCopy::Expect) });
    let [mut first, mut second, mut third] = [(); 3].map(|()| TestPeer::open(server.address));
    second.send(&whole(TEXT, "?"));
    assert_eq!(first.frame(), ReceivedFrame::new(TEXT, "?"));
    gets(&mut second, &[]);
    second.send(&whole(CLOSE, close_payload(1000, "")));
    assert_eq!(second.frame(), ReceivedFrame::new(TEXT, "?"));
    assert_eq!(second.frame().close_code(), 1000);
    let stopped = server.stop();
    assert_eq!(third.frame(), ReceivedFrame::new(TEXT, "?"));
    assert_eq!(third.frame().close_code(), 1001);
    drop((first, second, third));
    stopped.join().expect("no panic").expect("no failure");
}

/// What a member got until its Close.
fn until_close(member: &mut TestPeer) -> Vec<ReceivedFrame> {
    let mut frames = Vec::new();
    // Once the ping is answered, the server has seen all that was sent before.
    for (request, answer) in [(whole(PING, ""), PONG), (whole(CLOSE, close_payload(1000, "")), CLOSE)] {
        member.send(&request);
        loop {
            match member.frame() {
                frame if frame.opcode == answer => break,
                frame => frames.push(frame),
            }
        }
    }
    frames
}

/// A message whose two halves are equal unless a byte of it is wrong.
fn numbered(number: u64) -> String {
    format!("{number} {number}")
}

fn is_intact(frame: &ReceivedFrame) -> bool {
    let text = std::str::from_utf8(&frame.payload).ok().filter(|_| frame.opcode == TEXT);
    text.and_then(|text| text.split_once(' ')).is_some_and(|(one, two)| one == two)
}

#[test]
fn faults_are_done_and_noted_for_each_delivery() {
    const COUNT: u64 = 1000;
    // What each fault adds to the messages at its receiver, and to those that are intact.
    for (kind, messages, intact) in [
        (FaultKind::Drop, -1, -1),
        (FaultKind::Duplicate, 1, 1),
        (FaultKind::Reorder, 0, 0),
        (FaultKind::Coalesce, -1, -2),
        (FaultKind::Split, 1, -1),
        (FaultKind::Truncate, 0, -1),
        (FaultKind::Corrupt, 0, -1),
        (FaultKind::WrongType, 0, -1),
        (FaultKind::Misroute, -1, -1),
        (FaultKind::Unexpected, 1, 0),
        (FaultKind::FirstOnly, -1, -1),
        (FaultKind::Late, 0, 0),
    ] {
        let faults = Faults::new([(kind, 0.1)]).expect("a chance");
        let server = TestServer::start(Options { faults, seed: 3, ..options(OwnCopy::Expect) });
        let mut members = ["/a", "/a", "/a", "/b"].map(|target| TestPeer::open_at(server.address, target));
        let [sender, .., other] = members.each_ref().map(|member| member.tcp.local_addr().expect("bound"));
        let burst: Vec<u8> = (0..COUNT).flat_map(|number| whole(TEXT, numbered(number))).collect();
        members[0].send(&burst);
        // The first one closes after all its messages, and the others after it.
        let got: Vec<_> =
            members.iter_mut().map(|member| (member.tcp.local_addr().expect("bound"), until_close(member))).collect();
        drop(members);
        let stats = server.stats();
        assert_eq!(stats.deliveries, 3 * COUNT);
        assert!(stats.faults.iter().all(|fault| fault.kind == kind && fault.peer == sender), "{kind}");
        let mut noted = 0;
        for (receiver, frames) in got.iter().take(3) {
            let faults = stats.faults.iter().filter(|fault| fault.receiver == Some(*receiver)).count();
            // 100 expected, with a standard deviation of 10. In a read of many messages, only one
            // is the first.
            assert!(kind == FaultKind::FirstOnly || (50..=150).contains(&faults), "{kind}: {faults}");
            noted += faults;
            let signed = |count: usize| i64::try_from(count).expect("few");
            let expected = |each: i64| 1000 + each * signed(faults);
            let whole = frames.iter().filter(|frame| is_intact(frame)).count();
            assert_eq!([frames.len(), whole].map(signed), [messages, intact].map(expected), "{kind} at {receiver}");
        }
        assert_eq!(noted, stats.faults.len(), "each has a receiver");
        let misrouted = if kind == FaultKind::Misroute { noted } else { 0 };
        assert_eq!(got[3].1.len(), misrouted, "{kind}");
        assert!(stats.faults.iter().all(|fault| fault.to == (misrouted > 0).then_some(other)), "{kind}");
    }
}

#[test]
fn a_death_takes_one_member_and_leaves_the_others() {
    let faults = Faults::new([(FaultKind::Die, 1.0)]).expect("a chance");
    let server = TestServer::start(Options { faults, ..options(OwnCopy::Refuse) });
    let [mut sender, member] = [(); 2].map(|()| TestPeer::open(server.address));
    sender.send(&whole(TEXT, "?"));
    assert_eq!((&member.tcp).read(&mut [0]).expect_err("reset").kind(), ErrorKind::ConnectionReset);
    gets(&mut sender, &[]);
    let receiver = Some(member.tcp.local_addr().expect("bound"));
    drop(sender);
    let faults = server.stats().faults;
    assert_eq!(
        faults.iter().map(|fault| (fault.kind, fault.message, fault.receiver)).collect::<Vec<_>>(),
        [(FaultKind::Die, 0, receiver)]
    );
}

#[test]
fn each_delivery_is_delayed() {
    let delay = Delay { mean: Duration::from_millis(100), shape: DelayShape::Fixed };
    let server = TestServer::start(Options { delay: Some(delay), ..options(OwnCopy::Expect) });
    let mut members = [(); 3].map(|()| TestPeer::open(server.address));
    let start = Instant::now();
    members[0].send(&whole(TEXT, "late"));
    for member in &mut members {
        assert_eq!(member.frame(), ReceivedFrame::new(TEXT, "late"));
        assert!(start.elapsed() >= delay.mean);
    }
}

#[test]
fn delayed_deliveries_over_the_limit_end_nobody() {
    let delay = Delay { mean: Duration::from_millis(20), shape: DelayShape::Fixed };
    let mut options = Options { delay: Some(delay), ..options(OwnCopy::Expect) };
    options.limits.unsent_bytes = 10;
    let server = TestServer::start(options);
    let mut members = [(); 2].map(|()| TestPeer::open(server.address));
    let texts: Vec<_> = (0..6).map(|number| format!("{number} is long")).collect();
    members[0].send(&texts.iter().flat_map(|text| whole(TEXT, text)).collect::<Vec<_>>());
    for member in &mut members {
        for text in &texts {
            assert_eq!(member.frame(), ReceivedFrame::new(TEXT, text));
        }
    }
}

#[test]
fn rooms_of_several_threads_are_refused() {
    let listener = server::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let threads = NonZeroUsize::new(2).expect("not zero");
    let error = server::start(listener, Options { threads, ..options(OwnCopy::Expect) }).expect_err("refused");
    assert_eq!(error.to_string(), "rooms need one thread, and Options::threads is 2; set it to 1");
}

#[test]
fn the_command_broadcasts_and_says_that_it_has_one_thread() {
    let mut server = ServerProcess::start(&["--listen=127.0.0.1:0", "--rooms", "--own=refuse"]);
    let mut line = String::new();
    server.stdout.read_line(&mut line).expect("UTF-8");
    assert_eq!(line, "rooms: one thread, as threads share no connections\n");
    let [mut one, mut two] = [(); 2].map(|()| TestPeer::open_at(server.address, "/chat"));
    one.send(&whole(TEXT, "hello"));
    gets(&mut two, &["hello"]);
    gets(&mut one, &[]);
    // No page, as it could not judge what comes back.
    let mut browser = TestPeer::tcp(server.address);
    browser.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(browser.http_head().starts_with("HTTP/1.1 426 "));
}
