//! Tests of engines that withhold reads, and of what comes before the worker listens.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    thread,
    time::Duration,
};

use ::tungstenite::Message;
use frames::handshake::RequestReader;

use super::{
    super::*,
    rig::{Heard, PATIENCE, Slots, accept, accept_with, listener, one_open},
};
use crate::{clock::Clock as _, transport::tls::test_server};

fn withholds(build: impl BuildEngine) {
    const MESSAGES: usize = 400;
    let (mut slots, mut server) = one_open(build);
    let sent: Vec<Vec<u8>> = (0..MESSAGES).map(|at| vec![u8::try_from(at % 251).unwrap(); 50_000]).collect();
    slots.engine.set_reading(0, false);
    server.get_mut().set_nonblocking(true).unwrap();
    // The kernel buffers some of them, and then the server can't send more.
    let frames: Vec<u8> = sent.iter().flat_map(|bytes| [&[0x82, 126, 0xc3, 0x50][..], bytes].concat()).collect();
    let mut at = 0;
    let blocked = loop {
        match server.get_mut().write(&frames[at..]) {
            Ok(bytes) => at += bytes,
            Err(error) => break error,
        }
        slots.turn();
    };
    assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    for _ in 0..5 {
        slots.turn();
    }
    assert_eq!(slots.heard[0], []);
    // Writes go on.
    slots.send(0, &[(MessageKind::Text, b"still here".to_vec())]);
    server.get_mut().set_nonblocking(false).unwrap();
    assert_eq!(server.read().unwrap(), Message::text("still here"));
    slots.engine.set_reading(0, true);
    let server = thread::spawn(move || {
        server.get_mut().write_all(&frames[at..]).unwrap();
        server
    });
    let heard = slots.hear(0, MESSAGES);
    assert!(heard == sent.into_iter().map(Heard::Message).collect::<Vec<_>>());
    // What lies in the socket when reading resumes is read, though the kernel reports nothing.
    slots.engine.set_reading(0, false);
    let mut server = server.join().unwrap();
    server.send(Message::text("waits")).unwrap();
    for _ in 0..5 {
        slots.turn();
    }
    assert_eq!(slots.heard[0], []);
    slots.engine.set_reading(0, true);
    assert_eq!(slots.hear(0, 1), [Heard::Message(b"waits".to_vec())]);
}

#[test]
fn a_withheld_connection_blocks_the_peer_and_loses_nothing() {
    withholds(Lean::new);
    withholds(Tungstenite::new);
}

fn reads_on(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    slots.engine.set_reading(0, false);
    // The answer to the ping can't be written any more when it is read.
    server.get_mut().write_all(b"\x89\x00\x81\x04last").unwrap();
    drop(server);
    for _ in 0..3 {
        slots.send(0, &[(MessageKind::Text, b"nobody reads this".to_vec())]);
    }
    slots.engine.set_reading(0, true);
    let heard = slots.hear(0, 2);
    assert_eq!(heard, [Heard::Message(b"last".to_vec()), Heard::Ended("eof".to_owned())]);
}

#[test]
fn what_has_come_is_read_though_writing_failed() {
    reads_on(Lean::new);
    reads_on(Tungstenite::new);
}

fn withholds_from_the_first_byte_on(build: impl BuildEngine) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    let server = thread::spawn(move || accept_with(&listener, b"\x81\x05early\x81\x04more"));
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    slots.engine.set_reading(0, false);
    for _ in 0..5 {
        slots.turn();
    }
    assert_eq!(slots.heard[0], []);
    slots.engine.set_reading(0, true);
    assert_eq!(slots.hear(0, 2), [b"early".to_vec(), b"more".to_vec()].map(Heard::Message));
    drop(server.join().unwrap());
}

#[test]
fn what_came_with_the_answer_is_withheld() {
    withholds_from_the_first_byte_on(Lean::new);
    withholds_from_the_first_byte_on(Tungstenite::new);
}

fn withholds_tls(build: impl BuildEngine) {
    const MESSAGES: usize = 1000;
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    Rc::get_mut(&mut slots.route).unwrap().destinations[0].tls = Some(test_server::trusting_client());
    let server = thread::spawn(move || {
        let mut tls = test_server::accept(listener.accept().unwrap().0);
        let (mut reader, mut buffer) = (RequestReader::default(), [0; 1024]);
        let request = loop {
            let bytes = tls.read(&mut buffer).unwrap();
            if let Some(request) = reader.take(&buffer[..bytes]).unwrap() {
                break request;
            }
        };
        tls.write_all(&request.response(None, None)).unwrap();
        let frame = [&[0x82, 100][..], &[7; 100]].concat();
        tls.write_all(&frame.repeat(MESSAGES)).unwrap();
        tls
    });
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    let mut heard = slots.hear(0, 1).len();
    slots.engine.set_reading(0, false);
    let tls = server.join().unwrap();
    for _ in 0..5 {
        slots.turn();
    }
    assert!(slots.heard[0].is_empty() && heard < MESSAGES, "{heard}");
    slots.engine.set_reading(0, true);
    while heard < MESSAGES {
        heard += slots.hear(0, 1).len();
    }
    assert_eq!(heard, MESSAGES);
    drop(tls);
}

#[test]
fn what_tls_holds_is_withheld_and_read_later() {
    withholds_tls(Lean::new);
    withholds_tls(Tungstenite::new);
}

fn bounds_the_floor(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    let before = slots.clock.now();
    slots.engine.set_reading(0, false);
    server.send(Message::text("waits")).unwrap();
    let withheld = slots.clock.now();
    for _ in 0..5 {
        slots.turn();
    }
    slots.engine.set_reading(0, true);
    slots.engine.wait(Wait::Poll);
    slots.engine.begin_turn();
    assert_eq!(slots.engine.next_ready(), Some(0));
    let since = slots.engine.unread_since();
    assert!(since <= withheld, "it may have come at once: {since:?}, from {before:?} to {withheld:?}");
    slots.engine.receive(0, &mut slots.heard[0]);
    assert_eq!(slots.heard[0], [Heard::Message(b"waits".to_vec())]);
}

#[test]
fn what_was_withheld_may_have_come_before_the_last_poll() {
    bounds_the_floor(Lean::new);
    bounds_the_floor(Tungstenite::new);
}

fn hears_what_comes_with_the_answer(build: impl BuildEngine) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    // More than a read of the answer takes, and then the end.
    let early = b"\x81\x04last".repeat(1000);
    let server = thread::spawn(move || {
        let mut socket = accept_with(&listener, &early);
        socket.get_mut().shutdown(Shutdown::Write).unwrap();
        // It goes on while the client closes.
        let _ = socket.get_mut().read(&mut [0; 1]);
    });
    slots.open(0);
    let heard = slots.hear(0, 1002);
    assert_eq!(heard[0], Heard::Opened);
    assert!(heard[1..1001].iter().all(|heard| *heard == Heard::Message(b"last".to_vec())));
    assert_eq!(heard[1001], Heard::Ended("eof".to_owned()));
    server.join().unwrap();
}

#[test]
fn what_comes_with_the_answer_is_heard_to_the_end() {
    hears_what_comes_with_the_answer(Lean::new);
    hears_what_comes_with_the_answer(Tungstenite::new);
}

fn ignores_events_of_the_past(build: impl BuildEngine) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 2, address, Duration::from_secs(60));
    let server = thread::spawn(move || ([accept(&listener), accept(&listener)], listener));
    (0..2).for_each(|slot| slots.open(slot));
    (0..2).for_each(|slot| assert_eq!(slots.hear(slot, 1), [Heard::Opened]));
    slots.turn(); // What is left of opening.
    let (mut server, listener) = server.join().unwrap();
    for socket in &mut server {
        socket.send(Message::text("hello")).unwrap();
    }
    // Both are in one batch of events. The second is opened again before it is looked at.
    let until = slots.clock.now().plus(PATIENCE);
    loop {
        slots.engine.wait(Wait::Poll);
        slots.engine.begin_turn();
        let Some(first) = slots.engine.next_ready() else { continue };
        assert!(slots.clock.now() < until);
        slots.engine.abort(1 - first);
        slots.engine.open(1 - first, &slots.route, 0, None);
        slots.engine.receive(first, &mut slots.heard[first]);
        while let Some(slot) = slots.engine.next_ready() {
            slots.engine.receive(slot, &mut slots.heard[slot]);
        }
        assert_eq!(slots.heard[first], [Heard::Message(b"hello".to_vec())]);
        let server = thread::spawn(move || accept(&listener));
        assert_eq!(slots.hear(1 - first, 1), [Heard::Opened]);
        let mut server = server.join().unwrap();
        server.send(Message::text("new")).unwrap();
        assert_eq!(slots.hear(1 - first, 1), [Heard::Message(b"new".to_vec())]);
        return;
    }
}

#[test]
fn events_of_an_old_socket_do_not_reach_the_new_one() {
    ignores_events_of_the_past(Lean::new);
    ignores_events_of_the_past(Tungstenite::new);
}

fn lets_the_server_close_first(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    server.close(None).unwrap();
    server.flush().unwrap();
    assert_eq!(slots.hear(0, 1), [Heard::Ended("closed_1005".to_owned())]);
    slots.open(0);
    // The answer to its Close, and then nothing: no end of the stream.
    assert!(matches!(server.read(), Ok(Message::Close(_))));
    let tcp = server.get_mut();
    tcp.set_nonblocking(true).unwrap();
    slots.turn();
    assert_eq!(tcp.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    // It closes when the server does, and not only when it has waited long.
    tcp.shutdown(Shutdown::Write).unwrap();
    for _ in 0..3 {
        slots.turn();
    }
    assert_eq!(tcp.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn an_old_socket_waits_for_the_server_to_close() {
    lets_the_server_close_first(Lean::new);
    lets_the_server_close_first(Tungstenite::new);
}
