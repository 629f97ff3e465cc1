//! Tests of both engines for what end-to-end tests reach by chance only: which call meets a reset,
//! and what each read brings.

mod compression;
mod opening;
mod pings;
mod reading;
mod reconnecting;
mod rig;
mod shapes;
mod tls;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use frames::{Decoder, Input, Role, Settings};
use socket2::SockRef;

use self::rig::one_open;
use super::*;

/// Records what a connection brings.
#[derive(Default)]
struct RecordingSink {
    messages: Vec<(MessageKind, Vec<u8>)>,
    read: ReadBatch,
    ended: Option<String>,
}

impl EventSink for RecordingSink {
    fn message(&mut self, _: Time, event: MessageEvent<'_>) {
        self.messages.push((event.kind, event.bytes.to_vec()));
    }

    fn read(&mut self, _: Time, read: ReadBatch) {
        self.read.calls += read.calls;
        self.read.bytes += read.bytes;
        self.read.messages += read.messages;
        self.read.controls += read.controls;
    }

    fn ended(&mut self, cause: ConnectionEnd) {
        self.ended = Some(cause.kind);
    }
}

/// An engine with one connection.
struct Single<E> {
    engine: E,
    received: RecordingSink,
    server: TcpStream,
}

impl<E: Engine> Single<E> {
    fn new(build: impl BuildEngine<Engine = E>) -> Self {
        let (slots, server) = one_open(build);
        let server = server.get_ref().try_clone().unwrap();
        Self { engine: slots.engine, received: RecordingSink::default(), server }
    }

    /// Takes turns until `enough` was received.
    fn turn(&mut self, enough: impl Fn(&RecordingSink) -> bool) {
        turn(&mut self.engine, &mut self.received, enough);
    }
}

fn turn(engine: &mut impl Engine, received: &mut RecordingSink, enough: impl Fn(&RecordingSink) -> bool) {
    while !enough(received) {
        engine.wait(Wait::Poll);
        engine.begin_turn();
        while let Some(slot) = engine.next_ready() {
            engine.receive(slot, received);
        }
    }
}

fn meets_a_reset_when_it_writes(build: impl BuildEngine) {
    let Single { mut engine, mut received, server } = Single::new(build);
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    // The other handle went with the rig, so this closes the socket.
    drop(server);
    // Nothing is read before one of these meets it.
    for _ in 0..100 {
        engine.queue(0, [(MessageKind::Binary, 28)].into_iter(), |_| {});
        engine.flush(0);
        thread::yield_now();
    }
    turn(&mut engine, &mut received, |received| received.ended.is_some());
    // The kernel reported the reset to the write, so a read only sees the end of the stream.
    assert_eq!(received.ended.as_deref(), Some("reset"));
}

#[test]
fn a_reset_is_a_reset_also_where_a_write_meets_it() {
    meets_a_reset_when_it_writes(Lean::new);
    meets_a_reset_when_it_writes(Tungstenite::new);
}

fn sends_bursts(build: impl BuildEngine) {
    let mut single = Single::new(build);
    single.server.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let kinds = [MessageKind::Text, MessageKind::Binary, MessageKind::Text];
    for lengths in [[0; 3], [125; 3], [126; 3], [0, 126, 1], [70_000, 0, 300]] {
        let mut letters = b'a'..;
        single.engine.queue(0, kinds.into_iter().zip(lengths), |payloads| {
            for ((space, letter), length) in payloads.zip(&mut letters).zip(lengths) {
                space.copy_from_slice(&vec![letter; length]);
            }
        });
        assert_eq!(letters.next(), Some(b'd'), "each is asked for once");
        while single.engine.flush(0) == 0 {
            single.engine.wait(Wait::Poll);
        }
        let header = |length| [6, 8, 14][usize::from(length > 125) + usize::from(length > 65_535)];
        let mut burst = vec![0; lengths.into_iter().map(|length| header(length) + length).sum()];
        single.server.read_exact(&mut burst).unwrap();
        let limit = 1 << 20;
        let settings = Settings { role: Role::Server, max_frame: limit, max_message: limit, max_frames: None };
        let (mut decoder, mut input) = (Decoder::new(settings), Input::from(burst.as_mut_slice()));
        for ((kind, letter), length) in kinds.into_iter().zip(b'a'..).zip(lengths) {
            let kind = if kind == MessageKind::Text { frames::Kind::Text } else { frames::Kind::Binary };
            let message = frames::Message { kind, payload: &vec![letter; length] };
            assert_eq!(decoder.next(&mut input), Ok(Some(frames::Event::Message(message))), "{lengths:?}");
        }
        assert!(input.is_empty());
    }
}

#[test]
fn sends_each_message_of_a_burst_whatever_its_length() {
    sends_bursts(Lean::new);
    sends_bursts(Tungstenite::new);
}

fn reads_a_byte_at_a_time(build: impl BuildEngine) {
    let mut single = Single::new(build);
    // A text, whole and in two fragments that cut a character, with a ping between them. Then a
    // binary message with two bytes of length.
    let long = [&[0x82, 126, 0, 200][..], &[7; 200]].concat();
    let stream = [b"\x81\x03\x61\xc3\xa9\x01\x01\xc3\x89\x01?\x80\x01\xa9".as_slice(), &long].concat();
    for (sent, byte) in (1..).zip(&stream) {
        single.server.write_all(&[*byte]).unwrap();
        single.turn(|received| received.read.bytes == sent);
    }
    let text = |text: &str| (MessageKind::Text, text.as_bytes().to_vec());
    assert_eq!(single.received.messages, [text("a\u{e9}"), text("\u{e9}"), (MessageKind::Binary, vec![7; 200])]);
    let bytes = stream.len() as u64;
    let ReadBatch { calls, messages, .. } = single.received.read;
    assert_eq!((calls, messages), (bytes, 3), "a read for each byte");
    assert_eq!(single.received.ended, None);
}

#[test]
fn messages_are_whole_that_come_a_byte_at_a_time() {
    reads_a_byte_at_a_time(Lean::new);
    reads_a_byte_at_a_time(Tungstenite::new);
}
