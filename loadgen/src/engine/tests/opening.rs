//! Tests of engines that open, abort and withhold connections themselves.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    thread,
    time::Duration,
};

use ::tungstenite::Message;
use frames::handshake::RequestReader;
use socket2::{Domain, Socket, Type};

use super::{
    super::*,
    rig::{Heard, PATIENCE, ServerSide, Slots, accept, accept_over, accept_tcp, accept_with, listener, one_open},
};
use crate::{clock::Clock as _, transport::tls::test_server};

fn reopens(build: impl BuildEngine) {
    const TIMES: u32 = 50;
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let mut old: Vec<ServerSide> = Vec::new();
        for time in 0..TIMES {
            let mut socket = accept_with(&listener, b"\x81\x05hello");
            // Old connections go on, and end while the new one is open.
            for socket in &mut old {
                let _ = socket.get_mut().write_all(b"\x81\x05stale");
            }
            if time % 5 == 4 {
                old.clear();
            }
            let message = socket.read().unwrap();
            socket.send(message).unwrap();
            socket.close(None).unwrap();
            socket.flush().unwrap();
            old.push(socket);
        }
    });
    let mut slots = Slots::new(build, 2, address, Duration::from_secs(60));
    for time in 0..TIMES {
        slots.open(1);
        let hello = Heard::Message(b"hello".to_vec());
        assert_eq!(slots.hear(1, 2), [Heard::Opened, hello], "{time}");
        let bytes = time.to_string().into_bytes();
        slots.send(1, &[(MessageKind::Text, bytes.clone())]);
        assert_eq!(slots.hear(1, 2), [Heard::Message(bytes), Heard::Ended("closed_1005".to_owned())]);
    }
    assert_eq!(slots.heard[0], []);
    server.join().unwrap();
}

#[test]
fn a_slot_opens_again_while_its_old_socket_lingers() {
    reopens(Lean::new);
    reopens(Tungstenite::new);
}

fn reopens_tls(build: impl BuildEngine) {
    const TIMES: usize = 50;
    // It takes several records, and more than the buffers of a read.
    let message = Message::text("0123456789".repeat(10_000));
    let (listener, address) = listener();
    let echoed = message.clone();
    let server = thread::spawn(move || {
        let mut old = Vec::new();
        for _ in 0..TIMES {
            let tls = test_server::accept(accept_tcp(&listener));
            let mut socket = accept_over(tls, b"\x81\x05hello");
            for _ in 0..2 {
                let message = socket.read().unwrap();
                assert_eq!(message, echoed);
                socket.send(message).unwrap();
            }
            socket.close(None).unwrap();
            socket.flush().unwrap();
            old.push(socket);
        }
    });
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60)).with_tls();
    let bytes = message.into_data().to_vec();
    for time in 0..TIMES {
        slots.open(0);
        let hello = Heard::Message(b"hello".to_vec());
        assert_eq!(slots.hear(0, 2), [Heard::Opened, hello], "{time}");
        let sent = (MessageKind::Text, bytes.clone());
        slots.send(0, &[sent.clone(), sent]);
        let echo = Heard::Message(bytes.clone());
        assert_eq!(slots.hear(0, 3), [echo.clone(), echo, Heard::Ended("closed_1005".to_owned())], "{time}");
    }
    server.join().unwrap();
}

#[test]
fn a_slot_opens_again_over_tls() {
    reopens_tls(Lean::new);
    reopens_tls(Tungstenite::new);
}

fn is_refused(build: impl BuildEngine) {
    // Bound and not listening, so nobody else can take the port.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    for _ in 0..3 {
        slots.open(0);
        assert_eq!(slots.hear(0, 1), [Heard::Failed("refused".to_owned())]);
    }
}

#[test]
fn a_refused_connection_fails_and_may_be_tried_again() {
    is_refused(Lean::new);
    is_refused(Tungstenite::new);
}

fn times_out(build: impl BuildEngine) {
    let (listener, address) = listener();
    let timeout = Duration::from_millis(30);
    let mut slots = Slots::new(build, 2, address, timeout);
    let began = slots.clock.now();
    slots.open(0);
    slots.open(1);
    // The time-out wakes the engine, although nothing is due for the worker.
    while slots.heard.iter().any(Vec::is_empty) {
        slots.turn_until(began.plus(PATIENCE));
    }
    assert!(slots.clock.now() < began.plus(PATIENCE));
    assert_eq!(slots.heard, vec![vec![Heard::Failed("timeout".to_owned())]; 2]);
    assert!(slots.clock.now().since(began) >= 30_000_000);
    drop(listener);
}

#[test]
fn an_opening_without_an_answer_times_out() {
    times_out(Lean::new);
    times_out(Tungstenite::new);
}

fn aborts(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    slots.send(0, &[(MessageKind::Text, b"last".to_vec())]);
    slots.engine.abort(0);
    assert_eq!(server.read().unwrap(), Message::text("last"));
    let error = server.get_mut().read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    slots.turn();
    assert_eq!(slots.heard[0], [], "the worker ended it");
    assert_eq!((slots.engine.flush(0), slots.engine.unsent(0)), (0, 0));
}

#[test]
fn an_aborted_connection_is_reset_and_nothing_is_heard() {
    aborts(Lean::new);
    aborts(Tungstenite::new);
}

fn drops_what_was_queued(build: impl BuildEngine) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    let server = thread::spawn(move || [accept(&listener), accept(&listener)]);
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    let old = [(MessageKind::Text, 3)].into_iter();
    slots.engine.queue(0, old, |payloads| payloads.for_each(|space| space.copy_from_slice(b"old")));
    slots.engine.abort(0);
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    slots.send(0, &[(MessageKind::Text, b"new".to_vec())]);
    let [_, new] = &mut server.join().unwrap();
    assert_eq!(new.read().unwrap(), Message::text("new"));
}

#[test]
fn what_was_queued_for_an_old_connection_is_not_sent() {
    drops_what_was_queued(Lean::new);
    drops_what_was_queued(Tungstenite::new);
}

fn aborts_openings(build: impl BuildEngine) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    for turns in 0..4 {
        slots.open(0);
        for _ in 0..turns {
            slots.turn();
        }
        slots.engine.abort(0);
    }
    slots.turn();
    assert_eq!(slots.heard[0], []);
    let server = thread::spawn(move || {
        // Those that were given up are somewhere before it.
        loop {
            let (mut tcp, _) = listener.accept().unwrap();
            let (mut reader, mut buffer) = (RequestReader::default(), [0; 1024]);
            if let Ok(bytes @ 1..) = tcp.read(&mut buffer)
                && let Ok(Some(request)) = reader.take(&buffer[..bytes])
                && tcp.write_all(&request.response(None, None)).is_ok()
                && tcp.read(&mut buffer).is_ok_and(|bytes| bytes > 0)
            {
                return;
            }
        }
    });
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    slots.send(0, &[(MessageKind::Text, b"hello".to_vec())]);
    server.join().unwrap();
}

#[test]
fn a_slot_opens_after_an_opening_was_given_up() {
    aborts_openings(Lean::new);
    aborts_openings(Tungstenite::new);
}

fn opens_many(build: impl BuildEngine) {
    const MANY: usize = 1000;
    let (listener, address) = listener();
    let server = thread::spawn(move || (0..MANY).map(|_| accept(&listener)).collect::<Vec<_>>());
    let mut slots = Slots::new(build, MANY, address, Duration::from_secs(60));
    for slot in 0..MANY {
        slots.open(slot);
    }
    for slot in 0..MANY {
        assert_eq!(slots.hear(slot, 1), [Heard::Opened]);
        slots.send(slot, &[(MessageKind::Binary, slot.to_be_bytes().to_vec())]);
    }
    let mut server = server.join().unwrap();
    for socket in &mut server {
        let message = socket.read().unwrap();
        socket.send(message).unwrap();
    }
    for slot in 0..MANY {
        assert_eq!(slots.hear(slot, 1), [Heard::Message(slot.to_be_bytes().to_vec())]);
    }
}

#[test]
fn a_thousand_connections_open_at_once() {
    opens_many(Lean::new);
    opens_many(Tungstenite::new);
}

fn reconnect_many(build: impl BuildEngine) {
    const MANY: usize = 100;
    const TIMES: usize = 50;
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        for _ in 0..MANY * TIMES {
            let mut socket = accept(&listener);
            let message = socket.read().unwrap();
            socket.send(message).unwrap();
            socket.close(None).unwrap();
            let _ = socket.flush();
        }
    });
    let mut slots = Slots::new(build, MANY, address, Duration::from_secs(60));
    let message = |slot: usize, time: usize| format!("{slot} {time}").into_bytes();
    let mut times = [0; MANY];
    (0..MANY).for_each(|slot| slots.open(slot));
    let until = slots.clock.now().plus(PATIENCE);
    while times.iter().any(|&time| time < TIMES) {
        assert!(slots.clock.now() < until, "{times:?}");
        slots.turn();
        for (slot, time) in times.iter_mut().enumerate() {
            if slots.heard[slot] == [Heard::Opened] && slots.engine.unsent(slot) == 0 {
                slots.heard[slot].push(Heard::Message(b"sent".to_vec()));
                slots.send(slot, &[(MessageKind::Text, message(slot, *time))]);
            }
            if matches!(slots.heard[slot].last(), Some(Heard::Ended(_) | Heard::Failed(_))) {
                let heard = std::mem::take(&mut slots.heard[slot]);
                let ended = Heard::Ended("closed_1005".to_owned());
                assert_eq!(heard[2..], [Heard::Message(message(slot, *time)), ended], "{slot} {time}");
                *time += 1;
                if *time < TIMES {
                    slots.open(slot);
                }
            }
        }
    }
    server.join().unwrap();
}

#[test]
fn a_hundred_connections_open_fifty_times_each() {
    reconnect_many(Lean::new);
    reconnect_many(Tungstenite::new);
}

fn sends_mixed_bursts(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    let lengths = [0, 1, 125, 126, 3, 65_535, 65_536, 70_000, 0, 64, 63];
    let burst: Vec<(MessageKind, Vec<u8>)> = lengths
        .into_iter()
        .enumerate()
        .map(|(at, length)| {
            let kind = if at % 2 == 0 { MessageKind::Text } else { MessageKind::Binary };
            (kind, (0..length).map(|byte| b'a' + u8::try_from((at + byte) % 26).unwrap()).collect())
        })
        .collect();
    let sent = burst.clone();
    let server = thread::spawn(move || {
        for (kind, bytes) in burst {
            let expected = match kind {
                MessageKind::Text => Message::text(String::from_utf8(bytes).unwrap()),
                MessageKind::Binary => Message::binary(bytes),
            };
            assert_eq!(server.read().unwrap(), expected);
        }
    });
    slots.send(0, &sent);
    while !server.is_finished() {
        slots.turn();
    }
    server.join().unwrap();
}

#[test]
fn messages_of_a_burst_may_differ_in_length() {
    sends_mixed_bursts(Lean::new);
    sends_mixed_bursts(Tungstenite::new);
}
