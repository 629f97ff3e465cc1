use proptest::prelude::*;

use super::{super::Mix, *};
use crate::message::Payload;

const RUN: u32 = 0x3f9a_1c22;

fn mark_of(client: u32, sequence: u64) -> String {
    let mut mark = vec![0; MARK];
    Payload::new(RUN, 53, Mix::Text).encode(client, sequence, &mut mark);
    String::from_utf8(mark).unwrap()
}

/// Client, sequence and place of the whole marks in `text`.
fn found(text: &str) -> Vec<(u32, u64, usize)> {
    let marks = Marks::of(text.as_bytes());
    marks.whole().map(|mark| (mark.header.client, mark.header.sequence, mark.at)).collect()
}

/// Each byte of `text` as an escape.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("\\u{:04x}", u16::from(byte))).collect::<Vec<_>>().concat()
}

#[test]
fn a_mark_is_found_wherever_it_stands() {
    let (one, other) = (mark_of(7, 41), mark_of(8, 2));
    let nothing: [(u32, u64, usize); 0] = [];
    assert_eq!(found(&one), [(7, 41, 0)]);
    assert_eq!(found(&format!(r#"{{"text":"{one}"}}"#)), [(7, 41, 9)]);
    assert_eq!(found(&format!("{one}{other}")), [(7, 41, 0), (8, 2, 53)]);
    assert_eq!(found(&format!("{other}, {one}")), [(8, 2, 0), (7, 41, 55)]);
    assert_eq!(found(&format!("lg1:lg1:{one}lg1:")), [(7, 41, 8)]);
    assert_eq!(found(r#"{"text":"hello"}"#), nothing);
    assert_eq!(found(""), nothing);
    assert_eq!(Marks::of(one.as_bytes()).only().map(|mark| mark.header.run), Some(RUN));
    assert_eq!(Marks::of(format!("{one}{other}").as_bytes()).only(), None);
}

#[test]
fn a_message_is_named_once() {
    let (one, other, third) = (mark_of(7, 41), mark_of(8, 2), mark_of(0, 0));
    assert_eq!(found(&format!("{one} {one}")), [(7, 41, 0)]);
    let many = format!("{one} {other} {third} {other} {one} {third}");
    assert_eq!(found(&many), [(7, 41, 0), (8, 2, 54), (0, 0, 108)]);
}

#[test]
fn a_mark_is_found_without_its_escapes() {
    let (one, other) = (mark_of(7, 41), mark_of(8, 2));
    let partly = format!(r#"{{"a":"{}{}"}}"#, &one[..20], &one[20..].replace('0', r"\u0030"));
    assert_eq!(found(&partly), [(7, 41, 6)]);
    assert_eq!(found(&escaped(&one)), [(7, 41, 0)]);
    // Beside one that has none, with other escapes around.
    assert_eq!(found(&format!(r#"\"{other}\n{}\u00e9"#, escaped(&one))), [(8, 2, 2), (7, 41, 57)]);
    // The escape of a backslash is none of a digit.
    let none = one.replace('1', r"\\u0031");
    assert_eq!(found(&none), []);
}

#[test]
fn what_can_be_read_of_a_broken_mark_is_known() {
    let mark = mark_of(7, 41);
    let changed = |at: usize, byte: u8| {
        let mut bytes = mark.clone().into_bytes();
        bytes[at] = byte;
        bytes
    };
    let other = if mark.as_bytes()[5] == b'0' { b'1' } else { b'0' };
    for (name, event, expected) in [
        ("cut after its sequence", mark.as_bytes()[..43].to_vec(), (Some(7), Some(41))),
        ("cut in its sequence", mark.as_bytes()[..42].to_vec(), (Some(7), None)),
        ("cut after its client", mark.as_bytes()[..30].to_vec(), (Some(7), None)),
        ("cut in its client", mark.as_bytes()[..29].to_vec(), (None, None)),
        ("cut after its magic", mark.as_bytes()[..4].to_vec(), (None, None)),
        ("another checksum", changed(5, other), (Some(7), Some(41))),
        ("another sequence", changed(42, b'0'), (Some(7), Some(0x20))),
        ("another length", changed(50, b'4'), (Some(7), Some(41))),
        ("no digit in its client", changed(25, b'x'), (None, None)),
        ("no digit in its run", changed(15, b'x'), (None, None)),
        ("capitals", mark.replace("lg1:", "LG1:").to_uppercase().replace("LG1:", "lg1:").into_bytes(), (None, None)),
    ] {
        let marks = Marks::of(&[&event[..], br#""}"#].concat());
        assert_eq!(marks.whole().count(), 0, "{name}");
        let [broken] = marks.broken() else { panic!("{name}: {marks:?}") };
        if name != "capitals" {
            assert_eq!((broken.client(), broken.sequence()), expected, "{name}");
        }
        assert!(broken.bytes().starts_with(&event[..event.len().min(MARK)]), "{name}");
    }
}

#[test]
fn broken_marks_are_bounded() {
    let marks = Marks::of("lg1:".repeat(10_000).as_bytes());
    assert_eq!((marks.whole().count(), marks.broken().len()), (0, BROKEN_KEPT));
    let one = mark_of(7, 41);
    let marks = Marks::of(["lg1:".repeat(100), one].concat().as_bytes());
    assert_eq!(marks.whole().count(), 1, "a whole one is found behind them");
}

#[test]
fn a_text_that_is_longer_than_its_header_is_no_mark() {
    let mut text = vec![0; 64];
    Payload::new(RUN, 64, Mix::Text).encode(7, 42, &mut text);
    assert_eq!(Marks::of(&text).whole().count(), 0);
}

proptest! {
    #[test]
    fn marks_between_anything_are_found(
        parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), any::<u32>(), 0..1_u64 << 48, any::<bool>()), 0..8),
    ) {
        let (mut event, mut expected) = (Vec::new(), Vec::new());
        for (before, client, sequence, escape) in parts {
            // A backslash just before a mark would be the beginning of an escape of its own.
            event.extend(before.into_iter().filter(|byte| *byte != b'\\'));
            let mark = mark_of(client, sequence);
            event.extend(if escape { escaped(&mark) } else { mark }.into_bytes());
            if !expected.contains(&(client, sequence)) {
                expected.push((client, sequence));
            }
        }
        let marks = Marks::of(&event);
        let found: Vec<_> = marks.whole().map(|mark| (mark.header.client, mark.header.sequence)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_changed_mark_is_never_whole(at in 0..MARK, byte in any::<u8>(), cut in 0..MARK) {
        let mark = mark_of(7, 41).into_bytes();
        let mut changed = mark.clone();
        changed[at] = byte;
        prop_assume!(changed != mark);
        prop_assert_eq!(Marks::of(&changed).whole().count(), 0);
        prop_assert_eq!(Marks::of(&mark[..cut]).whole().count(), 0);
    }
}
