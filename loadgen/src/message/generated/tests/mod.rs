mod alphabet;

use proptest::prelude::*;

use super::{checksum::Portable, hex::hex, *};

fn message(payload: &Payload, client: u32, sequence: u64) -> Vec<u8> {
    let mut bytes = vec![0; payload.size()];
    payload.encode(client, sequence, &mut bytes);
    bytes
}

/// Whether `bytes` are that message, with its checksum known or not.
fn is(payload: &Payload, client: u32, sequence: u64, bytes: &[u8]) -> bool {
    let series = payload.of(client);
    let checksum = payload.encode(client, sequence, &mut vec![0; payload.size()]);
    let (kind, other) = match series.kind(sequence) {
        MessageKind::Text => (MessageKind::Text, MessageKind::Binary),
        MessageKind::Binary => (MessageKind::Binary, MessageKind::Text),
    };
    let known = series.is(sequence, checksum, kind, bytes);
    assert_eq!(known, series.is_whole(sequence, kind, bytes));
    assert!(!series.is(sequence, checksum, other, bytes));
    assert!(!series.is_whole(sequence, other, bytes));
    known
}

/// Bytes before the header of that message.
fn before(payload: &Payload, client: u32, sequence: u64) -> usize {
    match payload.kind(sequence) {
        MessageKind::Text => payload.of(client).lead(sequence).len(),
        MessageKind::Binary => 0,
    }
}

#[test]
fn the_layout_is_as_documented() {
    let payload = Payload::new(0x3f9a_1c22, 64, Mix::Mixed);
    // Of client 42, message 6 has something before its header.
    for (sequence, lead) in [(4, ""), (6, "\x1f")] {
        let text = message(&payload, 42, sequence);
        let text = text.strip_prefix(lead.as_bytes()).unwrap();
        assert_eq!(text[..4], *b"lg1:");
        assert_eq!(text[4..13], *format!("{:08x}:", crc32c::crc32c(&text[13..])).as_bytes());
        assert_eq!(text[13..53], *format!("3f9a1c22:0000002a:{sequence:012x}:00000040:").as_bytes());
    }
    let binary = message(&payload, 42, 7);
    assert_eq!(binary[..4], *b"lg1\0");
    assert_eq!(binary[4..8], crc32c::crc32c(&binary[8..]).to_be_bytes());
    assert_eq!(binary[8..28], *b"\x3f\x9a\x1c\x22\0\0\0\x2a\0\0\0\0\0\0\0\x07\0\0\0\x40");
}

#[test]
fn the_same_seed_sends_the_same_bytes_in_every_version() {
    // Checked by eye and written down: these messages must never change.
    let text = |size, sequence| {
        let payload = Payload::new(0x3f9a_1c22, size, Mix::Text);
        let bytes = message(&payload, 42, sequence);
        let lead = before(&payload, 42, sequence);
        let shown = |bytes: &[u8]| reports::escape(bytes, usize::MAX);
        (shown(&bytes[..lead]), shown(&bytes[lead + TEXT_HEADER..]))
    };
    let shown = [text(64, 4), text(64, 6), text(90, 4)].map(|(lead, body)| [lead, body].join("|"));
    assert_eq!(shown, [r"|aél漢eQe\x0c", r"\x1f|👍🏽é", r"|aél漢eQe\x0c👍🏽éll漢eQe0x1F漢e"]);
    let binary = message(&Payload::new(0x3f9a_1c22, 43, Mix::Binary), 42, 7);
    assert_eq!(binary[BINARY_HEADER..], *b"\x34\x6a\x18\x01\xae\xc6\x01\x9d\xee\xe3\x4f\x9f\xf2\xfc\x1f");
}

#[test]
fn a_header_is_one_in_every_byte_of_its_frame() {
    let payload = Payload::new(0xabcd_ef01, 64, Mix::Mixed);
    let header = MessageHeader { run: 0xabcd_ef01, client: 42, sequence: 6, length: 64 };
    let text = message(&payload, 42, 6);
    assert_eq!(before(&payload, 42, 6), 0);
    assert_eq!(parse(&text), Some((MessageKind::Text, header)));
    // The magic, each separator, and a digit that `lg1` would not write.
    for (at, wrong) in [(0, b'L'), (3, b';'), (12, b' '), (21, b'0'), (30, b'-'), (43, 0), (52, b'x'), (13, b'A')] {
        let mut other = text.clone();
        other[at] = wrong;
        assert_eq!(parse(&other), None, "{wrong} at {at}");
    }
    let mut binary = message(&payload, 42, 7);
    assert_eq!(parse(&binary), Some((MessageKind::Binary, MessageHeader { sequence: 7, ..header })));
    binary[3] = 1;
    assert_eq!(parse(&binary), None);
}

#[test]
fn the_checksum_is_castagnoli() {
    // The check value of CRC-32C, and the first example of RFC 3720, appendix B.4.
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
}

#[test]
fn the_checksum_is_the_same_with_and_without_the_instruction() {
    for mix in [Mix::Text, Mix::Binary] {
        for more in 0..40 {
            let size = u32::try_from(mix.min_size()).unwrap() + more;
            let payload = Payload::new(0x3f9a_1c22, size, mix);
            let (mut with, mut without) = (vec![0; payload.size()], vec![0; payload.size()]);
            // On a processor that lacks the instruction, both are without.
            let checksum = payload.encode(42, 6, &mut with);
            let mut checksums = vec![checksum];
            let payloads = std::iter::once(PayloadSpace::new(None, &mut without));
            payload.of(42).encode_all_as::<Portable>(6, payloads, |checksum| checksums.push(checksum));
            let covered = &with[if mix == Mix::Text { before(&payload, 42, 6) + 13 } else { 8 }..];
            assert_eq!(checksums, [crc32c::crc32c(covered); 2], "{mix} {size}");
            assert_eq!(with, without);
        }
    }
}

#[test]
fn messages_made_together_equal_those_made_one_by_one() {
    for mix in [Mix::Text, Mix::Binary, Mix::Mixed] {
        let payload = Payload::new(0x3f9a_1c22, 70, mix);
        let series = payload.of(42);
        // The first of them carries into the upper half of the sequence.
        let (first, masks) = (u64::from(u32::MAX), [[0; 4], [1, 2, 3, 4], [0xff; 4], [9, 0, 9, 0]]);
        let (mut together, mut checksums) = ([[0; 70]; 4], Vec::new());
        let payloads = masks.into_iter().zip(&mut together).map(|(mask, out)| PayloadSpace::new(Some(mask), out));
        series.encode_all(first, payloads, |checksum| checksums.push(checksum));
        for (index, sequence) in (first..first + 4).enumerate() {
            let mut alone = [0; 70];
            let space = PayloadSpace::new(Some(masks[index]), &mut alone);
            assert_eq!(checksums[index], series.encode(sequence, space), "{mix} {index}");
            assert_eq!(together[index], alone, "{mix} {index}");
        }
    }
}

#[test]
fn a_mask_is_put_on_every_byte_and_not_on_the_checksum() {
    const MASK: frames::Mask = [0x37, 0xfa, 0x21, 0x3d];
    for mix in [Mix::Text, Mix::Binary] {
        for more in 0..40 {
            let payload = Payload::new(0x3f9a_1c22, u32::try_from(mix.min_size()).unwrap() + more, mix);
            let (mut plain, mut masked) = (vec![0; payload.size()], vec![0; payload.size()]);
            for sequence in 0..64 {
                let checksum = payload.of(42).encode(sequence, PayloadSpace::new(Some(MASK), &mut masked));
                assert_eq!(checksum, payload.encode(42, sequence, &mut plain));
                frames::apply(MASK, 0, &mut masked);
                assert_eq!(plain, masked, "{mix} {} {sequence}", payload.size());
            }
        }
    }
}

#[test]
fn the_smallest_size_is_a_bare_header() {
    for mix in [Mix::Text, Mix::Binary, Mix::Mixed] {
        let payload = Payload::new(1, u32::try_from(mix.min_size()).unwrap(), mix);
        for sequence in 0..2 {
            let bytes = message(&payload, 0, sequence);
            assert!(is(&payload, 0, sequence, &bytes));
            assert_eq!(leading(&bytes).unwrap().1.sequence, sequence);
        }
    }
}

#[test]
#[should_panic(expected = "room for its header")]
fn where_a_header_does_not_fit_nothing_is_made() {
    Payload::new(7, 52, Mix::Binary).encode(3, 1, &mut [0; BINARY_HEADER - 1]);
}

#[test]
fn a_message_that_claims_to_be_shorter_than_its_header_is_none() {
    for mix in [Mix::Text, Mix::Binary] {
        let header = u32::try_from(mix.min_size()).unwrap();
        for claimed in 0..header {
            // What is there of it is right, and so is the checksum.
            let payload = Payload::with_header(7, claimed, mix);
            let mut bytes = vec![0; header as usize];
            payload.encode(3, 1, &mut bytes);
            let covered = if mix == Mix::Text { TEXT_COVERED } else { BINARY_COVERED };
            let crc = crc32c::crc32c(bytes[..claimed as usize].get(covered..).unwrap_or_default());
            if mix == Mix::Text {
                bytes[MAGIC..covered - 1].copy_from_slice(&hex(crc).to_le_bytes());
            } else {
                bytes[MAGIC..covered].copy_from_slice(&crc.to_be_bytes());
            }
            assert_eq!(parse(&bytes).unwrap().1.length, claimed);
            assert_eq!(leading(&bytes), None, "{mix} of {claimed} bytes");
        }
    }
}

#[test]
fn a_right_checksum_of_a_wrong_body_is_not_enough() {
    for (mix, sequence) in [(Mix::Binary, 1), (Mix::Text, 0)] {
        // The body has whole words and a rest.
        for at in [54, 63, 64, 66] {
            let payload = Payload::new(7, 67, mix);
            let mut bytes = message(&payload, 3, sequence);
            assert_eq!(before(&payload, 3, sequence), 0);
            bytes[at] ^= 1;
            if mix == Mix::Text {
                let crc = crc32c::crc32c(&bytes[TEXT_COVERED..]);
                bytes[MAGIC..TEXT_COVERED - 1].copy_from_slice(&hex(crc).to_le_bytes());
            } else {
                let crc = crc32c::crc32c(&bytes[BINARY_COVERED..]);
                bytes[MAGIC..BINARY_COVERED].copy_from_slice(&crc.to_be_bytes());
            }
            assert!(!is(&payload, 3, sequence, &bytes), "{mix} at {at}");
        }
    }
}

#[test]
fn differences_in_two_fields_do_not_make_up_for_each_other() {
    const BITS: [u32; 3] = [32, 32, 48];
    const CLIENT: u32 = 42;
    // Bare headers, since a body would tell. Their checksums are right.
    for mix in [Mix::Text, Mix::Binary] {
        let changed = |[run, client, sequence]: [u64; 3]| {
            let narrow = |bits: u64| u32::try_from(bits).unwrap();
            let payload = Payload::new(0x3f9a_1c22 ^ narrow(run), u32::try_from(mix.min_size()).unwrap(), mix);
            message(&payload, CLIENT ^ narrow(client), 6 ^ sequence)
        };
        let payload = Payload::new(0x3f9a_1c22, u32::try_from(mix.min_size()).unwrap(), mix);
        assert!(is(&payload, CLIENT, 6, &changed([0; 3])));
        for (first, second) in [(0, 1), (0, 2), (1, 2)] {
            for (bit, other) in (0..BITS[first]).flat_map(|bit| (0..BITS[second]).map(move |other| (bit, other))) {
                let mut bits = [0; 3];
                bits[first] = 1 << bit;
                bits[second] = 1 << other;
                assert!(!is(&payload, CLIENT, 6, &changed(bits)), "{mix}: {bits:x?}");
            }
        }
    }
}

#[test]
fn each_byte_of_a_long_message_counts() {
    // After the first 64 bytes: two times four words, three words, and five bytes.
    for mix in [Mix::Text, Mix::Binary] {
        let payload = Payload::new(7, 64 + 64 + 24 + 5, mix);
        let led = (0..16).find(|&sequence| before(&payload, 3, sequence) > 0);
        for sequence in std::iter::once(1).chain(led) {
            let bytes = message(&payload, 3, sequence);
            assert!(is(&payload, 3, sequence, &bytes));
            for at in 0..bytes.len() {
                let mut wrong = bytes.clone();
                wrong[at] ^= 1;
                assert!(!is(&payload, 3, sequence, &wrong), "{mix}: {at}");
            }
        }
    }
}

#[test]
fn differences_in_two_bytes_do_not_make_up_for_each_other() {
    for (mix, size) in [(Mix::Text, 77), (Mix::Binary, 43)] {
        let payload = Payload::new(7, size, mix);
        let bytes = message(&payload, 3, 1);
        for (first, second) in (0..bytes.len()).flat_map(|second| (0..second).map(move |first| (first, second))) {
            let mut wrong = bytes.clone();
            wrong[first] ^= 1;
            wrong[second] ^= 1;
            assert!(!is(&payload, 3, 1, &wrong), "{mix}: {first} and {second}");
        }
    }
}

#[test]
fn bodies_differ_between_messages() {
    let payload = Payload::new(1, 60, Mix::Binary);
    let body = |client, sequence| message(&payload, client, sequence)[BINARY_HEADER..].to_vec();
    assert_ne!(body(0, 0), body(0, 1));
    assert_ne!(body(0, 0), body(1, 0));
}

fn mixes() -> impl Strategy<Value = Mix> {
    prop::sample::select(vec![Mix::Text, Mix::Binary, Mix::Mixed])
}

proptest! {
    #[test]
    fn what_is_sent_is_whole(
        run: u32, client: u32, sequence in 0..=SEQUENCE_MASK, extra in 0..300_usize, mix in mixes(), after in 0..4_usize,
    ) {
        let payload = Payload::new(run, u32::try_from(mix.min_size() + extra).unwrap(), mix);
        let mut bytes = message(&payload, client, sequence);
        prop_assert!(is(&payload, client, sequence, &bytes));
        if payload.kind(sequence) == MessageKind::Text {
            prop_assert!(std::str::from_utf8(&bytes).is_ok(), "text is UTF-8");
        }
        let length = payload.size;
        bytes.extend(vec![b'x'; after]);
        prop_assert_eq!(leading(&bytes), Some((payload.kind(sequence), MessageHeader { run, client, sequence, length })));
    }

    #[test]
    fn any_other_byte_is_noticed(
        extra in 0..40_usize, mix in mixes(), sequence in 0..10_u64, at: prop::sample::Index, flip in 1..=255_u8,
    ) {
        let payload = Payload::new(7, u32::try_from(mix.min_size() + extra).unwrap(), mix);
        let mut bytes = message(&payload, 3, sequence);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(!is(&payload, 3, sequence, &bytes));
        prop_assert_eq!(leading(&bytes), None);
    }

    #[test]
    fn another_message_is_another(client in 0..3_u32, sequence in 0..6_u64) {
        let payload = Payload::new(7, 64, Mix::Mixed);
        let bytes = message(&payload, client, sequence);
        for (c, s) in (0..3).flat_map(|c| (0..6).map(move |s| (c, s))) {
            prop_assert_eq!(is(&payload, c, s, &bytes), (c, s) == (client, sequence));
        }
    }

    #[test]
    fn foreign_bytes_do_not_panic(bytes: Vec<u8>, magic: bool) {
        let bytes = if magic { [b"lg1\0".as_slice(), &bytes].concat() } else { [b"lg1:".as_slice(), &bytes].concat() };
        let _ = parse(&bytes);
        prop_assert_eq!(leading(&bytes), None);
    }
}
