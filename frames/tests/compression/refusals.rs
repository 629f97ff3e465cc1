//! What a receiver refuses, and what it takes though it is unusual.

use frames::{
    Decoder, Event, Input, Kind, Message, Role, Settings, Violation, ViolationKind,
    deflate::{Deflater, Inflater},
};

use crate::rig::{LIMIT, decode, decoder, frame, noise, parameters};

/// `Hello`, compressed: section 7.2.3.1.
const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

fn refused(stream: &[u8]) -> (usize, Option<Violation>) {
    let read = |pieces: usize| {
        let (seen, violation) = decode(decoder(Role::Client, parameters(15, false), LIMIT), stream.chunks(pieces));
        (seen.len(), violation)
    };
    let whole = read(stream.len());
    assert_eq!(read(1), whole);
    whole
}

#[test]
fn the_examples_of_the_rfc_are_taken() {
    let hello = || (1, b"Hello".to_vec());
    for (name, frames) in [
        ("7.2.3.1: one block", vec![frame(0xc1, HELLO)]),
        ("7.2.3.1: in two frames", vec![frame(0x41, &HELLO[..3]), frame(0x80, &HELLO[3..])]),
        (
            "7.2.3.3: no compression",
            vec![frame(0xc1, &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00])],
        ),
        ("7.2.3.4: a last block", vec![frame(0xc1, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00])]),
        (
            "7.2.3.5: two blocks",
            vec![frame(0xc1, &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00])],
        ),
        ("a last block, and nothing after it", vec![frame(0xc1, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])]),
        ("a last block that is stored", vec![frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x04])]),
        ("a ping between frames", vec![frame(0x41, HELLO), frame(0x00, b""), frame(0x89, b"?"), frame(0x80, b"")]),
    ] {
        let twice = [frames.concat(), frames.concat()].concat();
        for piece in [1, 2, 5, twice.len()] {
            let (seen, violation) = decode(decoder(Role::Client, parameters(15, false), LIMIT), twice.chunks(piece));
            let messages: Vec<_> = seen.into_iter().filter(|(opcode, _)| *opcode < 8).collect();
            assert_eq!((messages, violation), (vec![hello(), hello()], None), "{name}");
        }
    }
    // 7.2.3.2: the second refers to the first, in windows of which only the bytes are kept, too.
    let stream = [frame(0xc1, HELLO), frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00])].concat();
    assert_eq!(decode(decoder(Role::Client, parameters(9, false), LIMIT), [stream.as_slice()]).1, None);
    let stream = [frame(0xc1, HELLO), frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00])].concat();
    assert_eq!(refused(&stream), (2, None));
    for empty in [&[0x00][..], &[], &[0x02, 0x00]] {
        let stream = [frame(0xc1, HELLO), frame(0xc1, empty), frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00])].concat();
        assert_eq!(refused(&stream), (3, None), "an empty message as {empty:?}");
    }
}

#[test]
fn without_a_context_a_reference_to_it_is_refused() {
    let stream = [frame(0xc1, HELLO), frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00])].concat();
    let decoder = decoder(Role::Client, parameters(15, true), LIMIT);
    assert_eq!(decode(decoder, [stream.as_slice()]).1, Some(Violation::Inflate));
}

#[test]
fn a_reference_beyond_a_last_block_is_refused() {
    // The last block ends its stream, and the window with it.
    let (last, reference) = ([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], [0xf2, 0x00, 0x11, 0x00, 0x00]);
    for bits in [9, 15] {
        let stream = [frame(0xc1, &last), frame(0xc1, &reference)].concat();
        let decoder = decoder(Role::Client, parameters(bits, false), LIMIT);
        assert_eq!(decode(decoder, [stream.as_slice()]).1, Some(Violation::Inflate), "{bits}");
    }
}

#[test]
fn the_bit_of_compression_is_for_first_frames_of_messages() {
    for (name, stream) in [
        ("a ping", frame(0xc9, b"")),
        ("a Close", frame(0xc8, b"")),
        ("a continuation", [frame(0x41, HELLO), frame(0xc0, b"")].concat()),
        ("a continuation of what is not compressed", [frame(0x01, b"x"), frame(0xc0, b"")].concat()),
        ("with the second bit", frame(0xe1, HELLO)),
        ("the second bit alone", frame(0xa1, HELLO)),
        ("the third bit alone", frame(0x91, HELLO)),
    ] {
        assert_eq!(refused(&stream), (0, Some(Violation::ReservedBit)), "{name}");
    }
    let settings = Settings { role: Role::Client, max_frame: LIMIT, max_message: LIMIT, max_frames: None };
    let plain = Decoder::new(settings);
    assert_eq!(decode(plain, [frame(0xc1, HELLO).as_slice()]), (vec![], Some(Violation::ReservedBit)));
    let within = [frame(0x41, HELLO), frame(0xc1, HELLO)].concat();
    assert!(matches!(refused(&within).1, Some(Violation::MessageInMessage | Violation::ReservedBit)));
}

#[test]
fn what_is_no_deflate_is_refused() {
    for (name, payload) in [
        ("a block of the fourth type", &[0x06][..]),
        ("the fourth type after others", &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x06]),
        ("a stored block with a wrong length", &[0x00, 0x05, 0x00, 0xfa, 0xfe, 0x48]),
        ("a stored block that is cut", &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65]),
        ("a fixed block that is cut", &HELLO[..4]),
        ("a dynamic block that is cut", &[0x04, 0xc0]),
        ("a reference to nothing", &[0xf2, 0x00, 0x11, 0x00, 0x00]),
        ("the tail twice", &[0x00, 0x00, 0x00, 0xff, 0xff]),
        ("the end of a block is missing", &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07]),
        ("text", b"Hello, this is not compressed"),
    ] {
        assert_eq!(refused(&frame(0xc2, payload)).1, Some(Violation::Inflate), "{name}");
    }
    assert_eq!((Violation::Inflate.kind(), Violation::Inflate.close_code()), (ViolationKind::Compression, 1007));
}

#[test]
fn text_is_checked_as_it_is_inflated() {
    let mut deflater = Deflater::new(parameters(15, false), Role::Server);
    let mut message = |bytes: &[u8]| {
        let mut out = Vec::new();
        deflater.compress(bytes, &mut out);
        out
    };
    let (right, wrong) = (message("骰子".as_bytes()), message(b"\xe9\xaa\xb0\xe5\xad"));
    let stream = [frame(0x41, &right[..2]), frame(0x80, &right[2..]), frame(0xc1, &wrong)].concat();
    assert_eq!(refused(&stream), (1, Some(Violation::NotUtf8)));
    let stream = [frame(0xc2, &right), frame(0xc2, &wrong)].concat();
    assert_eq!(refused(&stream), (2, None));
}

/// Zeros, compressed.
fn bomb(length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    Deflater::new(parameters(15, false), Role::Server).compress(&vec![0; length], &mut out);
    out
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let parameters = parameters(15, false);
    for limit in [0, 1, 255, 256, 257, 1000, 100_000] {
        let length = usize::try_from(limit).expect("small");
        for (more, expected) in [(0, None), (1, Some(Violation::MessageTooBig { length: limit + 1, limit }))] {
            let stream = frame(0xc2, &bomb(length + more));
            let (seen, violation) = decode(decoder(Role::Client, parameters, limit), [stream.as_slice()]);
            assert_eq!((seen.len(), violation), (1 - more, expected), "{limit}");
        }
    }
    let (mut inflater, mut out) = (Inflater::new(parameters, Role::Client), Vec::new());
    let compressed = bomb(20_000_000);
    assert!(compressed.len() < 400_000, "{}", compressed.len());
    let refused = inflater.inflate(&compressed, 70_000, &mut out);
    assert_eq!(refused, Err(Violation::MessageTooBig { length: 70_001, limit: 70_000 }));
    assert!(out.len() == 70_000 && out.capacity() < 400_000, "{}", out.capacity());
}

#[test]
fn frames_of_a_compressed_message_have_a_limit_too() {
    let parameters = parameters(15, false);
    let stream = frame(0x42, &noise(1000));
    for (limit, expected) in [(900, None), (800, Some(Violation::FrameTooBig { length: 1000, limit: 800 }))] {
        assert_eq!(decode(decoder(Role::Client, parameters, limit), [stream.as_slice()]).1, expected);
    }
    let stream = [frame(0x42, &noise(400)), frame(0x00, &noise(400)), frame(0x00, &noise(400))].concat();
    let refused = decode(decoder(Role::Client, parameters, 800), stream.chunks(100));
    assert_eq!(refused.1, Some(Violation::MessageTooBig { length: 1200, limit: 800 }));
}

#[test]
fn what_was_inflated_before_an_error_can_be_shown() {
    let mut decoder = decoder(Role::Client, parameters(15, false), LIMIT);
    let mut bytes = frame(0xc2, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x06]);
    let mut input = Input::from(bytes.as_mut_slice());
    assert_eq!(decoder.next(&mut input), Err(Violation::Inflate));
    decoder.release();
    assert_eq!(decoder.broken_off(&input), Some(Message { kind: Kind::Binary, payload: b"Hello" }));
    assert_eq!(decoder.next(&mut input), Err(Violation::Inflate), "again");
}

#[test]
fn an_inflated_message_takes_memory_until_it_is_released() {
    let mut decoder = decoder(Role::Client, parameters(15, false), LIMIT);
    let mut bytes = frame(0xc1, HELLO);
    let event = decoder.next(&mut Input::from(bytes.as_mut_slice()));
    assert_eq!(event, Ok(Some(Event::Message(Message { kind: Kind::Text, payload: b"Hello" }))));
    let with_message = decoder.held();
    decoder.release();
    // What is left is the inflater's.
    assert!((47 << 10..with_message).contains(&decoder.held()), "{with_message}");
}
