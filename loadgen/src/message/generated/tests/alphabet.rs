//! What is in texts, and where.

use super::{
    super::{
        kinds::{CHANGED, FILLS, LEADS, TRIMMED},
        text::{CELL, CELLS, CellTable},
    },
    *,
};

/// All texts that a client can send, apart from their headers.
const ALL: u64 = CELLS as u64;

fn texts(size: u32, client: u32, mix: Mix) -> impl Iterator<Item = String> {
    let payload = Payload::new(0x3f9a_1c22, size, mix);
    let sequences = (100..).filter(move |&sequence| payload.kind(sequence) == MessageKind::Text).take(CELLS);
    sequences.map(move |sequence| String::from_utf8(message(&payload, client, sequence)).expect("text is UTF-8"))
}

/// A message made in the slow and simple way: what stands before the header, the header, cells, and
/// the filler at the end.
fn plain(payload: &Payload, client: u32, sequence: u64) -> Vec<u8> {
    let (series, table) = (payload.of(client), CellTable::get());
    let (slot, size) = (usize::from(series.slot(sequence)), payload.size());
    let lead = if slot % 8 == 7 && size >= 57 { LEADS[slot / 8] } else { "" };
    let mut bytes = lead.as_bytes().to_vec();
    let covered = format!("{:08x}:{client:08x}:{sequence:012x}:{size:08x}:", payload.run());
    let cells = (slot..).flat_map(|cell| table.slice(CELL * (cell % CELLS), CELL).to_vec());
    let mut body: Vec<u8> = cells.take(size - lead.len() - TEXT_HEADER).collect();
    let whole = std::str::from_utf8(&body).map_or_else(|error| error.valid_up_to(), str::len);
    let fill = FILLS[slot / 4 % 8];
    for (at, fill) in (whole..body.len()).zip(fill) {
        body[at] = *fill;
    }
    let covered = [covered.into_bytes(), body].concat();
    bytes.extend(format!("lg1:{:08x}:", crc32c::crc32c(&covered)).into_bytes());
    bytes.extend(covered);
    bytes
}

#[test]
fn texts_of_every_size_are_their_cells() {
    let sizes = (53..=140).chain([2_816 + 53, 2_816 + 64, 2_816 + 70, 4_096, 3 * 2_816 + 67]);
    for size in sizes {
        let payload = Payload::new(0x3f9a_1c22, size, Mix::Text);
        let step = if size < 140 { 1 } else { 7 };
        for sequence in (0..ALL).step_by(step) {
            let bytes = message(&payload, 42, sequence);
            assert!(bytes == plain(&payload, 42, sequence), "size {size}, sequence {sequence}: {bytes:?}");
            assert!(std::str::from_utf8(&bytes).is_ok(), "size {size}, sequence {sequence}");
            assert!(is(&payload, 42, sequence, &bytes), "size {size}, sequence {sequence}");
            let (opening, len) = payload.opening(42, sequence);
            assert!(bytes.starts_with(&opening[..len]) && opening[..len].ends_with(b"lg1:"));
        }
    }
}

#[test]
fn the_first_digits_of_a_sequence_are_in_texts_of_every_size() {
    for size in [53, 60, 64, 70] {
        let payload = Payload::new(0x3f9a_1c22, size, Mix::Text);
        // With something before the header, and without.
        for sequence in (u64::from(u32::MAX) - 16..u64::from(u32::MAX) + 16).chain(SEQUENCE_MASK - 16..=SEQUENCE_MASK) {
            let bytes = message(&payload, 42, sequence);
            assert!(bytes == plain(&payload, 42, sequence), "size {size}, sequence {sequence}: {bytes:?}");
            assert!(is(&payload, 42, sequence, &bytes), "size {size}, sequence {sequence}");
        }
    }
}

#[test]
fn every_kind_is_in_a_few_hundred_messages_of_64_bytes() {
    for (mix, client) in [(Mix::Text, 0), (Mix::Text, 5), (Mix::Mixed, 0), (Mix::Mixed, 6)] {
        let texts: Vec<String> = texts(64, client, mix).collect();
        for kind in TRIMMED.iter().chain(CHANGED) {
            assert!(texts.iter().any(|text| text[TEXT_HEADER..].contains(kind)), "{kind:?}");
        }
        for kind in TRIMMED {
            assert!(texts.iter().any(|text| text.ends_with(kind)), "{kind:?} at the end");
        }
        for lead in LEADS {
            assert!(texts.iter().any(|text| text.strip_prefix(lead).is_some_and(|text| text.starts_with("lg1:"))));
        }
        let led = texts.iter().filter(|text| !text.starts_with("lg1:")).count();
        assert_eq!(led, CELLS / 8);
    }
}

#[test]
fn a_few_messages_of_many_clients_hold_what_many_of_one_hold() {
    let payload = Payload::new(0x3f9a_1c22, 64, Mix::Mixed);
    for (clients, each) in [(256, 1), (100, 5), (30, 17)] {
        let texts: Vec<_> = (0..clients)
            .flat_map(|client| (0..each).map(move |n| (client, 2 * n)))
            .map(|(client, sequence)| String::from_utf8(message(&payload, client, sequence)).expect("text"))
            .collect();
        for kind in TRIMMED.iter().chain(CHANGED) {
            assert!(texts.iter().any(|text| text[TEXT_HEADER..].contains(kind)), "{clients} clients: {kind:?}");
        }
    }
}

#[test]
fn a_long_message_has_every_kind() {
    for text in texts(4_096, 0, Mix::Text) {
        for kind in TRIMMED.iter().chain(CHANGED) {
            assert!(text.contains(kind), "{kind:?}");
        }
    }
}

#[test]
fn characters_of_each_length_are_at_every_offset() {
    for size in [160, 4_096] {
        let mut seen = [[false; 16]; 5];
        for text in texts(size, 0, Mix::Text) {
            text.char_indices().for_each(|(at, c)| seen[c.len_utf8()][at % 16] = true);
        }
        assert_eq!(seen[2..], [[true; 16]; 3], "of {size} bytes");
    }
    // At 64 bytes, wherever there is room after the header.
    let mut seen = [[false; 64]; 5];
    for text in texts(64, 0, Mix::Text) {
        text.char_indices().for_each(|(at, c)| seen[c.len_utf8()][at] = true);
    }
    for length in 1..=4 {
        assert_eq!(seen[length][TEXT_HEADER..=64 - length], [true; 12][length..], "of {length} bytes");
    }
}

#[test]
fn a_piece_of_any_length_cuts_a_character() {
    // At every place that no header reaches, in at least one of 64 messages.
    for size in [1_100, 17_000] {
        let mut cut = vec![0; size as usize];
        for text in texts(size, 3, Mix::Text) {
            (1..text.len()).filter(|&at| !text.is_char_boundary(at)).for_each(|at| cut[at] += 1);
        }
        let none: Vec<_> = (57..size as usize).filter(|&at| cut[at] < 4).collect();
        assert!(none.is_empty(), "of {size} bytes: {none:?}");
    }
}

#[test]
fn what_is_shown_of_a_text_is_visible() {
    for text in texts(4_096, 1, Mix::Text).take(3).chain(texts(64, 1, Mix::Text)) {
        let shown = reports::escape(text.as_bytes(), usize::MAX);
        let invisible = |c: &char| {
            c.is_control() || (c.is_whitespace() && *c != ' ') || "\u{feff}\u{200b}\u{202e}\u{ad}".contains(*c)
        };
        assert_eq!(shown.chars().find(invisible), None);
    }
}

#[test]
fn messages_without_a_header_are_text_or_bytes() {
    for size in 0..53 {
        let payload = Payload::new(9, size, Mix::Mixed);
        for sequence in 0..64 {
            let bytes = message(&payload, 3, sequence);
            let mut masked = bytes.clone();
            let checksum = payload.of(3).encode(sequence, PayloadSpace::new(Some([1, 2, 3, 4]), &mut masked));
            assert_eq!(checksum, crc32c::crc32c(&bytes));
            frames::apply([1, 2, 3, 4], 0, &mut masked);
            assert_eq!(masked, bytes);
            assert_eq!(parse(&bytes), None);
            assert!(payload.kind(sequence) == MessageKind::Binary || std::str::from_utf8(&bytes).is_ok(), "{size}");
        }
    }
}
