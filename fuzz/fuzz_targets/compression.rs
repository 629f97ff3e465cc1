//! Compressed messages: any bytes as a stream of frames, as the payload of a message, or as
//! messages to compress. No panic, no more than the limit, one meaning however the stream is cut,
//! and what is compressed comes out.
//!
//! The first three bytes of an input choose the parameters, the limit and where to cut; the rest is
//! the stream.

#![no_main]

use flate2::{Decompress, FlushDecompress, Status};
use frames::{
    Decoder, Encoder, Event, Input, Kind, Role, Settings, Violation,
    deflate::{DeflateParameters, Deflater, Inflater, WindowBits},
};
use libfuzzer_sys::fuzz_target;

/// What came out: opcode and content.
type DecodedEvent = (u8, Vec<u8>);

/// What a decoder makes of a stream in pieces, and why it stopped.
fn decode(mut decoder: Decoder, stream: &[u8], piece: usize) -> (Vec<DecodedEvent>, Option<Violation>) {
    let (most, mut seen) = (decoder.settings().max_message, Vec::new());
    for piece in stream.chunks(piece.max(1)) {
        let mut buffer = piece.to_vec();
        let mut input = Input::from(buffer.as_mut_slice());
        loop {
            match decoder.next(&mut input) {
                Ok(None) => break,
                Ok(Some(Event::Message(message))) => {
                    assert!(message.payload.len() as u64 <= most);
                    let text = message.kind == Kind::Text;
                    assert!(!text || std::str::from_utf8(message.payload).is_ok());
                    seen.push((if text { 1 } else { 2 }, message.payload.to_vec()));
                }
                Ok(Some(Event::Ping(payload))) => seen.push((9, payload.to_vec())),
                Ok(Some(Event::Pong(payload))) => seen.push((10, payload.to_vec())),
                Ok(Some(Event::Close(_))) => seen.push((8, Vec::new())),
                Err(violation) => {
                    let broken = decoder.broken_off(&input);
                    assert!(broken.is_none_or(|message| message.payload.len() <= stream.len() + most as usize));
                    return (seen, Some(violation));
                }
            }
        }
        decoder.release();
    }
    (seen, None)
}

/// A stream of frames, cut in three ways.
fn frames(decoder: impl Fn() -> Decoder, stream: &[u8], piece: usize) {
    let whole = decode(decoder(), stream, stream.len());
    assert_eq!(whole, decode(decoder(), stream, piece));
    assert_eq!(whole, decode(decoder(), stream, 1));
}

/// Two equal messages of one payload. What is taken is what flate2 makes of it.
fn payload(parameters: DeflateParameters, limit: u64, payload: &[u8]) {
    let (mut inflater, mut out) = (Inflater::new(parameters, Role::Client), Vec::new());
    let result = inflater.inflate(payload, limit, &mut out);
    assert!(out.len() as u64 <= limit && out.capacity() as u64 <= 2 * limit + 4096 + 6 * payload.len() as u64);
    if result.is_err() {
        return;
    }
    let mut expected = Vec::with_capacity(out.len() + 1);
    let stream = [payload, &[0, 0, 0xff, 0xff]].concat();
    match Decompress::new(false).decompress_vec(&stream, &mut expected, FlushDecompress::Sync) {
        // An end within a message: it goes on with another stream.
        Ok(Status::StreamEnd) => assert!(out.starts_with(&expected)),
        Ok(_) => assert!(out == expected || payload.is_empty()),
        Err(error) => panic!("{error}"),
    }
    if inflater.inflate(payload, limit, &mut out).is_ok() && parameters.server_no_context_takeover {
        let (first, second) = out.split_at(out.len() / 2);
        assert!(first == second);
    }
}

/// Messages that are compressed come out. A byte of each says how long it is.
fn messages(parameters: DeflateParameters, role: Role, decoder: Decoder, mut rest: &[u8], piece: usize) {
    let sender = if role == Role::Client { Role::Server } else { Role::Client };
    let mask = (sender == Role::Client).then_some([1, 2, 3, 4]);
    let (mut encoder, mut deflater) = (Encoder::default(), Deflater::new(parameters, sender));
    let mut expected = Vec::new();
    while let [length, after @ ..] = rest {
        let (message, after) = after.split_at(after.len().min(usize::from(length & 0x3f) << (length >> 6 << 1)));
        rest = after;
        match length % 3 {
            0 => _ = encoder.compressed_message(Kind::Binary, mask, &mut deflater, message),
            1 => {
                let most = (u32::try_from(piece).unwrap() | 1).try_into().unwrap();
                encoder.compressed_fragments(Kind::Binary, most, || mask, &mut deflater, message);
            }
            _ => encoder.message(Kind::Binary, mask, message.len(), |out| out.copy_from_slice(message)),
        }
        expected.push((2, message.to_vec()));
    }
    assert_eq!(decode(decoder, encoder.bytes(), piece), (expected, None));
}

fuzz_target!(|bytes: &[u8]| {
    let [choice, limit, piece, stream @ ..] = bytes else { return };
    let role = if choice & 1 == 0 { Role::Client } else { Role::Server };
    let bits = WindowBits::new(8 + (choice >> 1 & 7));
    let alone = choice & 16 != 0;
    let parameters = DeflateParameters {
        server_no_context_takeover: alone,
        client_no_context_takeover: alone,
        server_max_window_bits: bits,
        client_max_window_bits: bits,
    };
    let (piece, wide) = (usize::from(*piece).max(1), 1 << 20);
    let limit = if choice & 32 == 0 { wide } else { u64::from(*limit) * 16 };
    let decoder = |limit| {
        let settings = Settings { role, max_frame: limit, max_message: limit, max_frames: None };
        Decoder::with_inflater(settings, Inflater::new(parameters, role))
    };
    match choice >> 6 {
        0 | 1 => frames(|| decoder(limit), stream, piece),
        2 => payload(parameters, limit, stream),
        _ => messages(parameters, role, decoder(wide), stream, piece),
    }
});
