//! What one end compresses, the other inflates, wherever the stream is cut.

use std::num::NonZeroU32;

use frames::{Encoder, Kind, Role, deflate::Deflater};
use proptest::prelude::*;

use crate::rig::{LIMIT, ROLES, Seen, decode, decoder, mask, noise, other, parameters, texts};

/// Messages, compressed and not, whole and in fragments, and what is between them.
fn stream(sender: Role, bits: u8, no_context_takeover: bool) -> (Vec<u8>, Vec<Seen>) {
    let parameters = parameters(bits, no_context_takeover);
    let (mut encoder, mut deflater) = (Encoder::default(), Deflater::new(parameters, sender));
    let (mut seen, mask) = (Vec::new(), mask(sender));
    for (number, text) in texts(12).enumerate() {
        match number % 4 {
            0 => _ = encoder.compressed_message(Kind::Text, mask, &mut deflater, &text),
            1 => encoder.message(Kind::Text, mask, text.len(), |out| out.copy_from_slice(&text)),
            2 => {
                let most = NonZeroU32::new(7).expect("not zero");
                encoder.compressed_fragments(Kind::Text, most, || mask, &mut deflater, &text);
            }
            _ => _ = encoder.compressed_message(Kind::Binary, mask, &mut deflater, &text),
        }
        seen.push((if number % 4 == 3 { 2 } else { 1 }, text));
        if number % 5 == 0 {
            encoder.ping(mask, b"?");
            seen.push((9, b"?".to_vec()));
            encoder.compressed_message(Kind::Text, mask, &mut deflater, b"");
            seen.push((1, Vec::new()));
        }
    }
    encoder.close(mask, Some((1000, "")));
    seen.push((8, Vec::new()));
    (encoder.bytes().to_vec(), seen)
}

#[test]
fn a_stream_cut_anywhere_in_two() {
    for (sender, bits, alone) in [(Role::Client, 15, false), (Role::Server, 9, false), (Role::Server, 8, true)] {
        let (bytes, expected) = stream(sender, bits, alone);
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            let decoder = decoder(other(sender), parameters(bits, alone), LIMIT);
            assert_eq!(decode(decoder, [first, second]), (expected.clone(), None), "cut at {cut}");
        }
    }
}

#[test]
fn a_stream_in_pieces_of_every_size() {
    for sender in ROLES {
        let (bytes, expected) = stream(sender, 15, false);
        for size in 1..=bytes.len() {
            let decoder = decoder(other(sender), parameters(15, false), LIMIT);
            assert_eq!(decode(decoder, bytes.chunks(size)), (expected.clone(), None), "{size} at a time");
        }
    }
}

#[test]
fn connections_that_share_a_stream_do_not_share_a_window() {
    for (bits, alone) in [(9, false), (15, false), (15, true)] {
        let parameters = parameters(bits, alone);
        let mut connections: Vec<_> = (0..3)
            .map(|_| (Deflater::new(parameters, Role::Client), decoder(Role::Server, parameters, LIMIT)))
            .collect();
        for (number, text) in texts(60).enumerate() {
            let text = [text, vec![b'a'; number % 3 * 1000]].concat();
            let (deflater, decoder) = &mut connections[number * 7 % 3];
            let mut encoder = Encoder::default();
            encoder.compressed_message(Kind::Text, Some([1, 2, 3, 4]), deflater, &text);
            let mut bytes = encoder.bytes().to_vec();
            let event = decoder.next(&mut bytes.as_mut_slice().into()).expect("lawful").expect("whole");
            assert_eq!(event, frames::Event::Message(frames::Message { kind: Kind::Text, payload: &text }));
        }
    }
}

#[test]
fn messages_of_each_length_of_a_header() {
    for sender in ROLES {
        let parameters = parameters(15, false);
        let (mut encoder, mut deflater, mut expected) =
            (Encoder::default(), Deflater::new(parameters, sender), Vec::new());
        let mut sizes = Vec::new();
        // Noise gets longer, so that each form of a header occurs with each length that was
        // guessed.
        for length in (0..150).chain(65_400..65_560).step_by(3).chain([300_000]) {
            let noise = noise(length);
            sizes.push(encoder.compressed_message(Kind::Binary, mask(sender), &mut deflater, &noise));
            expected.push((2, noise));
            deflater.release();
        }
        assert!(sizes.contains(&125) || sizes.contains(&126) || sizes.contains(&124), "{sizes:?}");
        let decoder = decoder(other(sender), parameters, LIMIT);
        assert!(decode(decoder, encoder.bytes().chunks(4096)) == (expected, None));
    }
}

#[test]
fn a_message_at_the_limit_may_be_longer_as_it_is_sent() {
    let parameters = parameters(15, false);
    for length in [1000, 70_000] {
        let noise = noise(length);
        let mut encoder = Encoder::default();
        let mut deflater = Deflater::new(parameters, Role::Server);
        let sent = encoder.compressed_message(Kind::Binary, None, &mut deflater, &noise);
        assert!(sent > length);
        for pieces in [encoder.len(), 100] {
            let decoder = decoder(Role::Client, parameters, length as u64);
            assert_eq!(decode(decoder, encoder.bytes().chunks(pieces)), (vec![(2, noise.clone())], None));
        }
    }
}

#[test]
fn ten_thousand_messages_share_one_window() {
    for bits in [9, 15] {
        let parameters = parameters(bits, false);
        let mut deflater = Deflater::new(parameters, Role::Client);
        let mut decoder = decoder(Role::Server, parameters, LIMIT);
        let (mut encoder, mut sent, mut plain) = (Encoder::default(), 0, 0);
        for text in texts(10_000) {
            encoder.clear();
            sent += encoder.compressed_message(Kind::Text, Some([1, 2, 3, 4]), &mut deflater, &text);
            plain += text.len();
            let mut bytes = encoder.bytes().to_vec();
            let event = decoder.next(&mut bytes.as_mut_slice().into()).expect("lawful").expect("whole");
            assert_eq!(event, frames::Event::Message(frames::Message { kind: Kind::Text, payload: &text }));
        }
        assert!(sent * 4 < plain, "{sent} of {plain} with {bits}");
    }
}

/// Messages of many kinds: text, repetitions, noise.
fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let message = prop_oneof![
        "[a-d ]{0,200}".prop_map(String::into_bytes),
        (any::<u8>(), 0..3000_usize).prop_map(|(byte, length)| vec![byte; length]),
        prop::collection::vec(any::<u8>(), 0..300),
        (0..70_000_usize).prop_map(noise),
    ];
    prop::collection::vec(message, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_compressed_comes_out(
        messages in messages(), bits in 8..=15_u8, alone: bool, most in 1..5000_u32, piece in 1..9000_usize,
    ) {
        let parameters = parameters(bits, alone);
        let (mut encoder, mut deflater) = (Encoder::default(), Deflater::new(parameters, Role::Server));
        for message in &messages {
            let most = NonZeroU32::new(most).expect("not zero");
            encoder.compressed_fragments(Kind::Binary, most, || None, &mut deflater, message);
        }
        let expected: Vec<Seen> = messages.into_iter().map(|message| (2, message)).collect();
        let decoder = decoder(Role::Client, parameters, LIMIT);
        prop_assert!(decode(decoder, encoder.bytes().chunks(piece)) == (expected, None));
    }

    #[test]
    fn what_flate2_compresses_comes_out(messages in messages(), level in 0..=9_u32, piece in 1..9000_usize) {
        let mut compress = flate2::Compress::new(flate2::Compression::new(level), false);
        let mut stream = Vec::new();
        for message in &messages {
            let mut out = Vec::with_capacity(message.len() * 2 + 100);
            compress.compress_vec(message, &mut out, flate2::FlushCompress::Sync).expect("room");
            prop_assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
            stream.extend(crate::rig::frame(0xc2, &out[..out.len() - 4]));
        }
        let expected: Vec<Seen> = messages.into_iter().map(|message| (2, message)).collect();
        let decoder = decoder(Role::Client, parameters(15, false), LIMIT);
        prop_assert!(decode(decoder, stream.chunks(piece)) == (expected, None));
    }

    #[test]
    fn flate2_inflates_what_is_compressed(messages in messages(), bits in 8..=15_u8, alone: bool) {
        let mut deflater = Deflater::new(parameters(bits, alone), Role::Client);
        let mut stream = Vec::new();
        for message in &messages {
            deflater.compress(message, &mut stream);
            stream.extend([0, 0, 0xff, 0xff]);
        }
        let mut out = Vec::with_capacity(messages.concat().len() + 100);
        let mut decompress = flate2::Decompress::new(false);
        decompress.decompress_vec(&stream, &mut out, flate2::FlushDecompress::Sync).expect("DEFLATE");
        prop_assert!(out == messages.concat());
    }
}
