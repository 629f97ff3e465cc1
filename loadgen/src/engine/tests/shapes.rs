//! Tests of engines that cut messages into frames and writes, and that read little at a time.

use std::{
    io::{Read as _, Write as _},
    num::NonZeroU32,
    time::Duration,
};

use ::tungstenite::Message;
use frames::{Decoder, Event, Header, Input, Opcode, Role, Settings};
use socket2::SockRef;

use super::{
    super::*,
    rig::{Heard, ServerSide, one_open_by},
};
use crate::plan::{WireShape, WriteShape};

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

/// A text whose characters a fragment may cut, and a binary message.
fn messages(lengths: [usize; 2]) -> [(MessageKind, Vec<u8>); 2] {
    let text = "\u{e9}".repeat(lengths[0] / 2).into_bytes();
    [(MessageKind::Text, text), (MessageKind::Binary, vec![0x81; lengths[1]])]
}

/// Frames as they come from a client: opcode, whether it is the last, and length.
fn frames(server: &mut ServerSide, messages: &[(MessageKind, Vec<u8>)]) -> Vec<(Opcode, bool, u64)> {
    let stream = server.get_mut();
    let limit = 1 << 20;
    let settings = Settings { role: Role::Server, max_frame: limit, max_message: limit, max_frames: None };
    let (mut decoder, mut whole, mut rest) = (Decoder::new(settings), 0, Vec::new());
    let mut found = Vec::new();
    while whole < messages.len() {
        let mut buffer = vec![0; 4096];
        let bytes = stream.read(&mut buffer).unwrap();
        assert!(bytes > 0);
        rest.extend_from_slice(&buffer[..bytes]);
        while let Some((header, size)) = Header::read(&rest).unwrap() {
            let frame = size + usize::try_from(header.length).unwrap();
            if rest.len() < frame {
                break;
            }
            assert!(header.mask.is_some());
            found.push((header.opcode, header.last, header.length));
            rest.drain(..frame);
        }
        let mut input = Input::from(&mut buffer[..bytes]);
        while let Some(event) = decoder.next(&mut input).unwrap() {
            let Event::Message(message) = event else { panic!("{event:?}") };
            assert!(message.payload == messages[whole].1, "another message");
            whole += 1;
        }
    }
    assert!(rest.is_empty());
    found
}

fn sends_fragments(build: impl BuildEngine) {
    let shape = WireShape { fragment: Some(n(100)), write: WriteShape::Burst };
    let (mut slots, mut server) = one_open_by(build, |route| route.wire_shape = shape);
    let all = messages([250, 101]);
    assert_eq!(slots.send(0, &all), 1);
    let first = [(Opcode::Text, false, 100), (Opcode::Continuation, false, 100), (Opcode::Continuation, true, 50)];
    let second = [(Opcode::Binary, false, 100), (Opcode::Continuation, true, 1)];
    assert_eq!(frames(&mut server, &all), [&first[..], &second].concat());
    // What fits is not cut.
    let all = messages([0, 100]);
    slots.send(0, &all);
    assert_eq!(frames(&mut server, &all), [(Opcode::Text, true, 0), (Opcode::Binary, true, 100)]);
    let all = messages([100_000, 65_536]);
    slots.send(0, &all);
    assert_eq!(frames(&mut server, &all).len(), 1000 + 656);
}

#[test]
fn messages_are_cut_into_fragments() {
    sends_fragments(Lean::new);
    sends_fragments(Tungstenite::new);
}

fn shapes_writes(build: impl BuildEngine) {
    // Bytes of the frames: 8 + 200 and 6 + 50.
    let all = messages([200, 50]);
    let bytes = 208 + 56;
    for (shape, writes) in [
        (WireShape::default(), 1),
        (WireShape { fragment: None, write: WriteShape::Frame }, 2),
        (WireShape { fragment: Some(n(100)), write: WriteShape::Frame }, 3),
        (WireShape { fragment: None, write: WriteShape::Split(n(1)) }, bytes),
        (WireShape { fragment: None, write: WriteShape::Split(n(100)) }, 3),
        (WireShape { fragment: None, write: WriteShape::Split(n(1 << 20)) }, 1),
    ] {
        let (mut slots, mut server) = one_open_by(build.clone(), |route| route.wire_shape = shape);
        assert_eq!(slots.send(0, &all), writes, "{shape:?}");
        let found = frames(&mut server, &all);
        assert_eq!(found.len(), if shape.fragment.is_some() { 3 } else { 2 }, "{shape:?}");
        // The next burst begins anew.
        assert_eq!(slots.send(0, &all), writes, "{shape:?}");
        frames(&mut server, &all);
    }
}

#[test]
fn a_write_hands_over_what_the_route_says() {
    shapes_writes(Lean::new);
    shapes_writes(Tungstenite::new);
}

fn goes_on_in_pieces(build: impl BuildEngine) {
    let shape = WireShape { fragment: Some(n(700)), write: WriteShape::Split(n(999)) };
    let (mut slots, mut server) = one_open_by(build, |route| route.wire_shape = shape);
    SockRef::from(server.get_ref()).set_recv_buffer_size(64 << 10).unwrap();
    let mut all = Vec::new();
    while slots.engine.unsent(0) == 0 {
        let some = messages([60_000, 60_000]);
        slots.send(0, &some);
        all.extend(some);
    }
    // The slot goes on while the server reads.
    let server = std::thread::spawn(move || {
        let found = frames(&mut server, &all);
        server.get_mut().write_all(b"\x81\x03all").unwrap();
        (server, found.len(), all.len())
    });
    assert_eq!(slots.hear(0, 1), [Heard::Message(b"all".to_vec())]);
    assert_eq!(slots.engine.unsent(0), 0);
    let (server, found, sent) = server.join().unwrap();
    assert_eq!(found, sent * 60_000_usize.div_ceil(700));
    drop(server);
}

#[test]
fn what_the_kernel_did_not_take_is_cut_as_well() {
    goes_on_in_pieces(Lean::new);
    goes_on_in_pieces(Tungstenite::new);
}

/// Counts what a turn reads.
#[derive(Default)]
struct Counted {
    calls: u64,
    bytes: u64,
    messages: u64,
    ended: bool,
}

impl EventSink for Counted {
    fn message(&mut self, _: Time, _: MessageEvent<'_>) {
        self.messages += 1;
    }

    fn read(&mut self, _: Time, read: ReadBatch) {
        self.calls += read.calls;
        self.bytes += read.bytes;
    }

    fn ended(&mut self, _: ConnectionEnd) {
        self.ended = true;
    }
}

fn reads_little_a_turn(build: impl BuildEngine) {
    const MESSAGES: u64 = 500;
    let (mut slots, mut server) = one_open_by(build, |route| route.limits.read_at_most = Some(n(300)));
    let frames = b"\x82\x08message!".repeat(usize::try_from(MESSAGES).unwrap());
    let writer = std::thread::spawn(move || {
        server.get_mut().write_all(&frames).unwrap();
        drop(server);
    });
    let (mut all, mut longest) = (Counted::default(), 0);
    while !all.ended {
        slots.engine.wait(Wait::Until(crate::clock::Clock::now(&slots.clock).plus(5_000_000)));
        slots.engine.begin_turn();
        while let Some(slot) = slots.engine.next_ready() {
            let mut turn = Counted::default();
            slots.engine.receive(slot, &mut turn);
            longest = longest.max(turn.bytes);
            assert!(turn.calls <= 1, "{} reads", turn.calls);
            all.bytes += turn.bytes;
            all.messages += turn.messages;
            all.ended |= turn.ended;
        }
    }
    writer.join().unwrap();
    assert_eq!((all.messages, all.bytes), (MESSAGES, MESSAGES * 10));
    assert!(longest <= 300, "{longest} bytes");
}

#[test]
fn a_slow_reader_reads_once_a_turn_and_to_the_end() {
    reads_little_a_turn(Lean::new);
    reads_little_a_turn(Tungstenite::new);
}

fn lets_the_peer_feel_it(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open_by(build, |route| route.limits.read_at_most = Some(n(256)));
    slots.engine.set_reading(0, false);
    let server = server.get_mut();
    // So that only the window bounds what the kernel takes.
    SockRef::from(&*server).set_send_buffer_size(16 << 10).unwrap();
    server.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut taken = 0;
    while let Ok(some) = server.write(&[0; 4096]) {
        taken += some;
    }
    assert!(taken <= 128 << 10, "{taken} bytes");
}

#[test]
fn the_kernel_keeps_little_for_a_slow_reader() {
    lets_the_peer_feel_it(Lean::new);
    lets_the_peer_feel_it(Tungstenite::new);
}

fn reads_on_to_the_close(build: impl BuildEngine) {
    let (mut slots, mut server) = one_open_by(build, |route| route.limits.read_at_most = Some(n(256)));
    slots.engine.set_reading(0, false);
    server.send(Message::binary(vec![7; 50_000])).unwrap();
    slots.engine.close(0);
    let server = std::thread::spawn(move || {
        assert!(matches!(server.read(), Ok(Message::Close(_))));
        // It closes with that.
        let _ = server.flush();
        server
    });
    let heard = [Heard::Message(vec![7; 50_000]), Heard::Ended("closed_1000".to_owned())];
    assert!(slots.hear(0, 2) == heard);
    drop(server.join().unwrap());
}

#[test]
fn a_slow_reader_that_closes_reads_what_is_left() {
    reads_on_to_the_close(Lean::new);
    reads_on_to_the_close(Tungstenite::new);
}
