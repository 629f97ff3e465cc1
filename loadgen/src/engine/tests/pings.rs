//! Tests of engines that send pings.

use std::{io::Write as _, thread, time::Duration};

use ::tungstenite::Message;

use super::{
    super::*,
    rig::{Heard, Slots, accept, listener, one_open},
};

fn hears_the_answer(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    assert!(slots.engine.ping(0, b"first"));
    slots.send(0, &[(MessageKind::Text, b"between".to_vec())]);
    assert!(slots.engine.ping(0, &[0xff; 125]));
    for expected in [Message::Ping(b"first".as_slice().into()), Message::text("between")] {
        assert_eq!(server.read().unwrap(), expected);
    }
    assert_eq!(server.read().unwrap(), Message::Ping(vec![0xff; 125].into()));
    server.flush().unwrap();
    // Its peer answers the last ping only, or both.
    let mut heard = slots.hear(0, 1);
    while heard.last() != Some(&Heard::Pong(vec![0xff; 125])) {
        heard.extend(slots.hear(0, 1));
    }
    assert!(heard.iter().all(|heard| matches!(heard, Heard::Pong(_))), "{heard:?}");
}

#[test]
fn a_ping_brings_its_answer() {
    hears_the_answer(Lean::new);
    hears_the_answer(Tungstenite::new);
}

fn hears_what_nobody_asked_for(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    server.get_mut().write_all(b"\x8a\x00\x01\x02he\x8a\x03???\x80\x03llo").unwrap();
    let heard = [Heard::Pong(Vec::new()), Heard::Pong(b"???".to_vec()), Heard::Message(b"hello".to_vec())];
    assert_eq!(slots.hear(0, 3), heard);
}

#[test]
fn pongs_are_told_of_that_nobody_asked_for() {
    hears_what_nobody_asked_for(Lean::new);
    hears_what_nobody_asked_for(Tungstenite::new);
}

fn pings_open_connections_only(build: impl BuildEngine) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    assert!(!slots.engine.ping(0, b"idle"));
    let server = thread::spawn(move || accept(&listener));
    slots.open(0);
    assert!(!slots.engine.ping(0, b"opening"));
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    let mut server = server.join().unwrap();
    slots.engine.close(0);
    assert!(!slots.engine.ping(0, b"closing"));
    assert!(matches!(server.read(), Ok(Message::Close(_))), "no ping came before");
    // It closes with that.
    let _ = server.flush();
    assert_eq!(slots.hear(0, 1), [Heard::Ended("closed_1000".to_owned())]);
    assert!(!slots.engine.ping(0, b"gone"));
}

#[test]
fn only_an_open_connection_is_pinged() {
    pings_open_connections_only(Lean::new);
    pings_open_connections_only(Tungstenite::new);
}

fn keeps_the_order(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open(build);
    let mut sent = 0;
    // Until the kernel takes no more.
    while slots.engine.unsent(0) == 0 {
        slots.send(0, &[(MessageKind::Binary, vec![7; 50_000])]);
        sent += 1;
    }
    assert!(slots.engine.ping(0, b"behind them"));
    let server = thread::spawn(move || {
        for _ in 0..sent {
            assert_eq!(server.read().unwrap(), Message::binary(vec![7; 50_000]));
        }
        assert_eq!(server.read().unwrap(), Message::Ping(b"behind them".as_slice().into()));
        server.flush().unwrap();
        server
    });
    assert_eq!(slots.hear(0, 1), [Heard::Pong(b"behind them".to_vec())]);
    drop(server.join().unwrap());
}

#[test]
fn a_ping_goes_behind_what_waits() {
    keeps_the_order(Lean::new);
    keeps_the_order(Tungstenite::new);
}
