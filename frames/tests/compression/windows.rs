//! The compressor keeps to its window, and its output is DEFLATE by another reading.

use frames::{Role, deflate::Deflater};

use crate::{
    inflate::inflate,
    rig::{noise, parameters, texts},
};

/// All messages of one direction as one stream: each ends with the bytes that are not sent.
fn stream(deflater: &mut Deflater, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        deflater.compress(message, &mut stream);
        stream.extend([0, 0, 0xff, 0xff]);
    }
    stream
}

/// Text, noise and repetitions further apart than small windows reach.
fn messages() -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = texts(60).collect();
    messages.extend([noise(300), vec![], noise(700), vec![b'x'; 5000], noise(40_000), noise(3000), vec![0]]);
    messages.extend(texts(60));
    let noise = noise(40_000);
    messages.extend(
        [0..500, 500..3000, 0..500, 500..10_000, 0..500, 10_000..34_000, 10_000..10_500]
            .map(|part| noise[part].to_vec()),
    );
    messages
}

#[test]
fn no_reference_is_further_back_than_the_window() {
    let messages = messages();
    let mut furthest = Vec::new();
    for bits in 8..=15 {
        let mut deflater = Deflater::new(parameters(bits, false), Role::Client);
        let inflated = inflate(&stream(&mut deflater, &messages));
        assert!(inflated.bytes == messages.concat(), "{bits}");
        assert!(inflated.furthest <= 1 << bits, "{} with {bits}", inflated.furthest);
        furthest.push(inflated.furthest);
    }
    assert!(furthest[1..].is_sorted_by(|less, more| less < more), "a larger window is used: {furthest:?}");
}

#[test]
fn without_a_context_no_message_refers_to_another() {
    let mut deflater = Deflater::new(parameters(15, true), Role::Server);
    for message in messages() {
        let alone = inflate(&stream(&mut deflater, std::slice::from_ref(&message)));
        assert!(alone.bytes == message);
    }
}

#[test]
fn a_released_window_is_not_referred_to() {
    let mut deflater = Deflater::new(parameters(15, false), Role::Client);
    let text: Vec<u8> = texts(1).next().unwrap();
    let lengths = [0, 1, 2].map(|round| {
        if round == 2 {
            deflater.release();
        }
        stream(&mut deflater, std::slice::from_ref(&text)).len()
    });
    assert!(lengths[1] < lengths[0] / 2, "a repetition is short: {lengths:?}");
    assert_eq!(lengths[2], lengths[0]);
}

#[test]
fn what_is_sent_is_what_the_rfc_shows() {
    // Section 7.2.3.1, and 7.2.3.2 without its literal before the reference.
    let mut deflater = Deflater::new(parameters(15, false), Role::Client);
    let mut out = Vec::new();
    deflater.compress(b"Hello", &mut out);
    assert_eq!(out, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    out.clear();
    deflater.compress(b"Hello", &mut out);
    assert_eq!(out, [0x02, 0x13, 0x00, 0x00]);
    out.clear();
    deflater.compress(b"", &mut out);
    assert_eq!(out, [0x00], "section 7.2.3.6");
}
