//! Tests of the lean engine with permessage-deflate (RFC 7692). The server's side is flate2 and
//! frames written byte by byte, so that it is nothing of ours.

use std::{
    io::{Read, Write},
    net::TcpStream,
    num::NonZeroU32,
    thread,
    time::Duration,
};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use frames::{
    Header, Opcode,
    deflate::{DeflateOffer, DeflateSettings},
    handshake::{RequestReader, UpgradeRequest},
};

use super::{
    super::*,
    rig::{Heard, PATIENCE, Slots, accept_tcp, listener},
};
use crate::{clock::Clock as _, plan::WireShape};

/// First bytes of a frame: text or binary, whole, compressed or not.
const BINARY: u8 = 0x82;
const COMPRESSED_TEXT: u8 = 0xc1;
const COMPRESSED: u8 = 0xc2;

/// The server's side of a connection.
struct Server {
    tcp: TcpStream,
    request: UpgradeRequest,
    deflate: Compress,
    inflate: Decompress,
}

impl Server {
    fn accept(tcp: TcpStream, extensions: &str) -> Self {
        let mut tcp = tcp;
        let (mut reader, mut buffer) = (RequestReader::default(), [0; 1024]);
        let request = loop {
            let bytes = tcp.read(&mut buffer).unwrap();
            if let Some(request) = reader.take(&buffer[..bytes]).unwrap() {
                break request;
            }
        };
        let response = String::from_utf8(request.response(None, None)).unwrap();
        let field = if extensions.is_empty() { "" } else { &format!("\r\nSec-WebSocket-Extensions: {extensions}") };
        tcp.write_all(response.replace("\r\n\r\n", &format!("{field}\r\n\r\n")).as_bytes()).unwrap();
        let (deflate, inflate) = (Compress::new(Compression::default(), false), Decompress::new(false));
        Self { tcp, request, deflate, inflate }
    }

    /// Compresses a message, without the end that is not sent (section 7.2.1).
    fn compressed(&mut self, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len() * 2 + 64);
        self.deflate.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
        out.truncate(out.len() - 4);
        out
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        self.tcp.write_all(&frame(first, payload)).unwrap();
    }

    /// The header and the payload of the next frame, without its mask.
    fn receive(&mut self) -> (Header, Vec<u8>) {
        let mut bytes = Vec::new();
        loop {
            let mut byte = [0];
            self.tcp.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
            if let Some((header, _)) = Header::read(&bytes).unwrap() {
                let mut payload = vec![0; usize::try_from(header.length).unwrap()];
                self.tcp.read_exact(&mut payload).unwrap();
                frames::apply(header.mask.expect("a client masks"), 0, &mut payload);
                return (header, payload);
            }
        }
    }

    /// A message that came in these frames, inflated.
    fn inflated(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 << 20);
        let whole = [payload, &[0, 0, 0xff, 0xff]].concat();
        self.inflate.decompress_vec(&whole, &mut out, FlushDecompress::Sync).unwrap();
        out
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut bytes = vec![first];
    match u8::try_from(length) {
        Ok(length) if length < 126 => bytes.push(length),
        _ => {
            bytes.push(126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

fn takeover() -> DeflateOffer {
    DeflateSettings::default().offer()
}

fn no_takeover() -> DeflateOffer {
    DeflateSettings { no_context_takeover: true, ..DeflateSettings::default() }.offer()
}

/// One slot whose connection offers this, and a server that answers with these extensions.
fn one_open(offer: DeflateOffer, extensions: &'static str) -> (Slots<Lean>, Server) {
    one_open_with(offer, extensions, WireShape::default())
}

fn one_open_with(offer: DeflateOffer, extensions: &'static str, shape: WireShape) -> (Slots<Lean>, Server) {
    let (listener, address) = listener();
    let mut slots = Slots::new(Lean::new, 1, address, Duration::from_secs(60));
    let route = Rc::get_mut(&mut slots.route).unwrap();
    (route.compression, route.wire_shape, route.limits.max_message) = (Some(offer), shape, 1 << 20);
    let server = thread::spawn(move || Server::accept(accept_tcp(&listener), extensions));
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    (slots, server.join().unwrap())
}

/// A message that compresses well.
fn price(number: u32) -> (MessageKind, Vec<u8>) {
    (MessageKind::Text, format!(r#"{{"type":"price","symbol":"ACME","bid":{number}}}"#).into_bytes())
}

/// Sends messages. Returns the bytes of their frames.
fn send(slots: &mut Slots<Lean>, messages: &[(MessageKind, Vec<u8>)]) -> u64 {
    let lengths = messages.iter().map(|(kind, bytes)| (*kind, bytes.len()));
    slots.engine.queue(0, lengths, |payloads| {
        payloads.zip(messages).for_each(|(space, (_, bytes))| space.copy_from_slice(bytes));
    });
    let bytes = slots.engine.unsent(0);
    slots.engine.flush(0);
    bytes
}

#[test]
fn messages_refer_to_those_before_them() {
    let (mut slots, mut server) = one_open(takeover(), "permessage-deflate");
    let offered = server.request.fields.first("sec-websocket-extensions").map(<[u8]>::to_vec);
    assert_eq!(offered.as_deref(), Some(b"permessage-deflate; client_max_window_bits".as_slice()));
    let messages = [price(1), price(1), (MessageKind::Binary, Vec::new())];
    let bytes = send(&mut slots, &messages);
    let mut lengths = Vec::new();
    for (kind, message) in &messages {
        let (header, payload) = server.receive();
        let opcode = if *kind == MessageKind::Text { Opcode::Text } else { Opcode::Binary };
        assert_eq!((header.opcode, header.reserved, header.last), (opcode, 0b100, true));
        assert_eq!(&server.inflated(&payload), message);
        lengths.push(payload.len());
    }
    assert!(lengths[1] < lengths[0] / 2, "{lengths:?}");
    assert_eq!(bytes, lengths.iter().map(|length| 6 + *length as u64).sum::<u64>());
}

#[test]
fn messages_may_stand_by_themselves() {
    const AGREED: &str = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
    let (mut slots, mut server) = one_open(no_takeover(), AGREED);
    send(&mut slots, &[price(1), price(1)]);
    let [first, second] = [server.receive().1, server.receive().1];
    assert_eq!(first, second);
    assert_eq!(server.inflated(&first), price(1).1);
    // Each is inflated by itself, too.
    for _ in 0..2 {
        server.deflate.reset();
        let compressed = server.compressed(&price(2).1);
        server.send(COMPRESSED_TEXT, &compressed);
        assert_eq!(slots.hear(0, 1), [Heard::Message(price(2).1)]);
    }
}

#[test]
fn fragments_are_those_of_the_compressed_message() {
    let shape = WireShape { fragment: NonZeroU32::new(10), ..WireShape::default() };
    let (mut slots, mut server) = one_open_with(takeover(), "permessage-deflate", shape);
    send(&mut slots, &[price(1)]);
    let mut frames = Vec::new();
    while frames.last().is_none_or(|(header, _): &(Header, Vec<u8>)| !header.last) {
        frames.push(server.receive());
    }
    assert!(frames.len() > 2, "{}", frames.len());
    let reserved: Vec<_> = frames.iter().map(|(header, _)| header.reserved).collect();
    assert!(reserved[0] == 0b100 && reserved[1..].iter().all(|bits| *bits == 0), "{reserved:?}");
    let payload: Vec<u8> = frames.into_iter().flat_map(|(_, payload)| payload).collect();
    assert_eq!(server.inflated(&payload), price(1).1);
}

#[test]
fn what_a_server_compresses_is_heard_inflated() {
    let (mut slots, mut server) = one_open(takeover(), "permessage-deflate; server_max_window_bits=15");
    let long = vec![b'x'; 100_000];
    let messages = [price(1).1, price(1).1, Vec::new(), long];
    let mut sent = Vec::new();
    for message in &messages {
        let compressed = server.compressed(message);
        // In two fragments, with a ping between them. Only the first says that it is compressed.
        let (one, two) = compressed.split_at(compressed.len() / 2);
        for (first, part) in [(COMPRESSED_TEXT & 0x7f, one), (0x89, b"?".as_slice()), (0x80, two)] {
            sent.extend(frame(first, part));
        }
        let compressed = server.compressed(message);
        sent.extend(frame(COMPRESSED, &compressed));
    }
    // One that is not compressed is lawful.
    sent.extend(frame(BINARY, b"as it is"));
    let heard: Vec<_> = messages.iter().flat_map(|message| [message, message]).cloned().collect();
    let heard: Vec<_> = heard.into_iter().chain([b"as it is".to_vec()]).map(Heard::Message).collect();
    // All at once, and a byte at a time.
    server.tcp.write_all(&sent).unwrap();
    assert!(slots.hear(0, heard.len()) == heard, "other messages");
    let compressed = server.compressed(&messages[0]);
    for byte in frame(COMPRESSED_TEXT, &compressed) {
        server.tcp.write_all(&[byte]).unwrap();
        slots.turn();
    }
    assert_eq!(slots.hear(0, 1), heard[..1]);
}

/// The code of the Close that a server gets.
fn close_code(server: &mut Server) -> u16 {
    let (header, payload) = server.receive();
    assert_eq!((header.opcode, header.reserved), (Opcode::Close, 0));
    u16::from_be_bytes(payload[..2].try_into().unwrap())
}

#[test]
fn what_cannot_be_inflated_ends_the_connection() {
    let ended = |kind: &str| [Heard::Ended(kind.to_owned())];
    let (mut slots, mut server) = one_open(takeover(), "permessage-deflate");
    server.send(COMPRESSED, &[0xff; 20]);
    assert_eq!(slots.hear(0, 1), ended("inflate_error"));
    assert_eq!(close_code(&mut server), 1007);

    // 16 MiB of zeros in 16 KiB; a message may have 1 MiB.
    let (mut slots, mut server) = one_open(takeover(), "permessage-deflate");
    let bomb = server.compressed(&vec![0; 16 << 20]);
    server.send(COMPRESSED, &bomb);
    assert_eq!(slots.hear(0, 1), ended("message_too_big"));
    assert_eq!(close_code(&mut server), 1009);

    let (mut slots, mut server) = one_open(takeover(), "permessage-deflate");
    let compressed = server.compressed(b"\xff");
    server.send(COMPRESSED_TEXT, &compressed);
    assert_eq!(slots.hear(0, 1), ended("invalid_utf8"));
    assert_eq!(close_code(&mut server), 1007);
}

/// Keeps what a server broke, and how the connection ended.
#[derive(Default)]
struct Broken {
    offence: Vec<u8>,
    ended: Option<String>,
}

impl EventSink for Broken {
    fn message(&mut self, _: Time, event: MessageEvent<'_>) {
        panic!("{event:?}");
    }

    fn offence(&mut self, _: Time, event: MessageEvent<'_>) {
        self.offence = event.bytes.to_vec();
    }

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, cause: ConnectionEnd) {
        self.ended = Some(cause.kind);
    }
}

#[test]
fn what_was_inflated_before_a_fault_is_told() {
    let (mut slots, mut server) = one_open(takeover(), "permessage-deflate");
    let message: Vec<u8> = (0..5000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let mut compressed = server.compressed(&message);
    compressed.truncate(compressed.len() / 2);
    server.send(COMPRESSED, &compressed);
    let mut broken = Broken::default();
    while broken.ended.is_none() {
        slots.engine.wait(Wait::Until(slots.clock.now().plus(5_000_000)));
        slots.engine.begin_turn();
        while let Some(slot) = slots.engine.next_ready() {
            slots.engine.receive(slot, &mut broken);
        }
    }
    assert_eq!(broken.ended.as_deref(), Some("inflate_error"));
    // The end of the message, which is not sent, was taken for a few more bytes.
    let agrees = message.iter().zip(&broken.offence).take_while(|(sent, told)| sent == told).count();
    assert!(agrees > 9000 && agrees + 8 > broken.offence.len(), "{agrees} of {}", broken.offence.len());
}

#[test]
fn a_server_may_decline() {
    let (mut slots, mut server) = one_open(takeover(), "");
    send(&mut slots, &[price(1)]);
    let (header, payload) = server.receive();
    assert_eq!((header.reserved, payload), (0, price(1).1));
    let compressed = server.compressed(b"x");
    server.send(COMPRESSED, &compressed);
    assert_eq!(slots.hear(0, 1), [Heard::Ended("protocol_error".to_owned())]);
}

#[test]
fn an_answer_that_was_not_offered_is_refused() {
    for (extensions, kind) in [
        ("x-webkit-deflate-frame", "extension_not_offered"),
        ("permessage-deflate; server_max_window_bits=16", "wrong_extension_parameters"),
        ("permessage-deflate;;", "malformed_extension"),
    ] {
        let (listener, address) = listener();
        let mut slots = Slots::new(Lean::new, 1, address, Duration::from_nanos(PATIENCE));
        Rc::get_mut(&mut slots.route).unwrap().compression = Some(takeover());
        let server = thread::spawn(move || Server::accept(accept_tcp(&listener), extensions));
        slots.open(0);
        assert_eq!(slots.hear(0, 1), [Heard::Failed(kind.to_owned())], "{extensions}");
        drop(server.join());
    }
}
