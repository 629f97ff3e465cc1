//! The decoder refuses what RFC 6455 forbids, with the right violation, wherever the stream is cut.
//! It accepts what is just within the limits.

use frames::{Role, Settings, Violation, ViolationKind};

use crate::rig::{OwnedEvent, ROLES, decode, frame, framed, settings};

/// `frames`, each as first byte and payload, after a valid message, and the violation.
struct Case(&'static str, &'static [(u8, &'static [u8])], Violation);

const LONG: &[u8] = &[b'x'; 126];

const CASES: &[Case] = &[
    Case("5.2: reserved bit 1", &[(0xc1, b"x")], Violation::ReservedBit),
    Case("5.2: reserved bit 2", &[(0xa1, b"x")], Violation::ReservedBit),
    Case("5.2: reserved bit 3", &[(0x91, b"x")], Violation::ReservedBit),
    Case("5.2: a reserved bit of a ping", &[(0xd9, b"x")], Violation::ReservedBit),
    Case("5.2: a reserved bit of a continuation", &[(0x01, b"x"), (0xc0, b"y")], Violation::ReservedBit),
    Case("5.2: opcode 3", &[(0x83, b"")], Violation::ReservedOpcode(3)),
    Case("5.2: opcode 7", &[(0x87, b"x")], Violation::ReservedOpcode(7)),
    Case("5.2: opcode 11", &[(0x8b, b"")], Violation::ReservedOpcode(11)),
    Case("5.2: opcode 15", &[(0x8f, b"x")], Violation::ReservedOpcode(15)),
    Case("5.4: a continuation of nothing", &[(0x80, b"x")], Violation::NothingToContinue),
    Case("5.4: a continuation of nothing, not final", &[(0x00, b"x")], Violation::NothingToContinue),
    Case(
        "5.4: a continuation of what is complete",
        &[(0x01, b"x"), (0x80, b"y"), (0x80, b"")],
        Violation::NothingToContinue,
    ),
    Case("5.4: a text within a text", &[(0x01, b"x"), (0x81, b"y")], Violation::MessageInMessage),
    Case("5.4: a binary message within an empty text", &[(0x01, b""), (0x02, b"")], Violation::MessageInMessage),
    Case("5.4: the same after a ping", &[(0x02, b"x"), (0x89, b""), (0x82, b"y")], Violation::MessageInMessage),
    Case("5.5: a ping in fragments", &[(0x09, b"")], Violation::FragmentedControl),
    Case("5.5: a pong in fragments", &[(0x0a, b"x")], Violation::FragmentedControl),
    Case("5.5: a Close in fragments", &[(0x08, b"\x03\xe8")], Violation::FragmentedControl),
    Case("5.5: a ping of 126 bytes", &[(0x89, LONG)], Violation::LongControl(126)),
    Case("5.5: a pong of 126 bytes", &[(0x8a, LONG)], Violation::LongControl(126)),
    Case("5.5: a Close of 126 bytes", &[(0x88, LONG)], Violation::LongControl(126)),
    Case("5.5.1: a Close of one byte", &[(0x88, b"\x03")], Violation::HalfCode),
    Case("5.5.1: a reason that is not UTF-8", &[(0x88, b"\x03\xe8\xff")], Violation::NotUtf8),
    Case("5.5.1: a reason that ends within a character", &[(0x88, b"\x03\xe8\xc3")], Violation::NotUtf8),
    Case("5.5.1: text after a Close", &[(0x88, b""), (0x81, b"x")], Violation::AfterClose),
    Case("5.5.1: a ping after a Close", &[(0x88, b"\x03\xe8"), (0x89, b"")], Violation::AfterClose),
    Case("5.5.1: another Close", &[(0x88, b""), (0x88, b"")], Violation::AfterClose),
    Case("5.6: text that is not UTF-8", &[(0x81, b"x\xc3\x28")], Violation::NotUtf8),
    Case("5.6: text that ends within a character", &[(0x81, b"x\xe2\x82")], Violation::NotUtf8),
    Case("5.6: fragments that end within a character", &[(0x01, b"x\xe2"), (0x80, b"\x82")], Violation::NotUtf8),
    Case("5.6: a fragment that can't be continued", &[(0x01, b"\xe2\x28")], Violation::NotUtf8),
    Case(
        "5.6: a character that is cut and wrong",
        &[(0x01, b"\xe2\x82"), (0x00, b""), (0x00, b"\x28")],
        Violation::NotUtf8,
    ),
    Case("RFC 3629: an overlong form", &[(0x81, b"\xc0\xaf")], Violation::NotUtf8),
    Case("RFC 3629: a surrogate", &[(0x81, b"\xed\xa0\x80")], Violation::NotUtf8),
    Case("RFC 3629: beyond U+10FFFF", &[(0x81, b"\xf4\x90\x80\x80")], Violation::NotUtf8),
];

/// Every cut in two, and every byte alone.
fn in_every_way(bytes: &[u8], check: impl Fn(Vec<&[u8]>)) {
    for cut in 0..=bytes.len() {
        let (first, second) = bytes.split_at(cut);
        check(vec![first, second]);
    }
    check(bytes.chunks(1).collect());
}

fn seen_before(name: &str, seen: &[OwnedEvent]) {
    assert_eq!(seen.first(), Some(&OwnedEvent::Text("in örder".into())), "{name}: what was right is handed over");
}

#[test]
fn each_offence_is_told_wherever_it_is_cut() {
    for role in ROLES {
        for Case(name, frames, violation) in CASES {
            let mut bytes = frame(role, 0x81, "in örder".as_bytes());
            frames.iter().for_each(|(first, payload)| bytes.extend(frame(role, *first, payload)));
            in_every_way(&bytes, |pieces| {
                let (seen, stopped) = decode(settings(role), pieces);
                assert_eq!(stopped, Some(*violation), "{name}, {role:?}: {seen:?}");
                seen_before(name, &seen);
            });
        }
    }
}

#[test]
fn codes_are_allowed_or_not() {
    let allowed = [1000..=1003, 1007..=1014, 3000..=4999];
    for code in 0..=u16::MAX {
        let bytes = frame(Role::Client, 0x88, &code.to_be_bytes());
        let (seen, stopped) = decode(settings(Role::Client), [bytes.as_slice()]);
        if allowed.iter().any(|range| range.contains(&code)) {
            assert_eq!((seen, stopped), (vec![OwnedEvent::Close(Some((code, vec![])))], None));
        } else {
            assert_eq!((seen, stopped), (vec![], Some(Violation::ForbiddenCode(code))));
        }
    }
}

#[test]
fn a_server_wants_masks_and_a_client_none() {
    for (from, to, violation) in
        [(Role::Server, Role::Client, Violation::Masked), (Role::Client, Role::Server, Violation::Unmasked)]
    {
        for first in [0x81, 0x82, 0x88, 0x89, 0x8a, 0x01] {
            in_every_way(&frame(from, first, b"\x03\xe8"), |pieces| {
                assert_eq!(decode(settings(to), pieces), (vec![], Some(violation)));
            });
        }
    }
}

#[test]
fn lengths_must_be_in_their_shortest_form() {
    for role in ROLES {
        for (length, form) in [(0, 2), (5, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65_535, 8)] {
            for first in [0x81, 0x02, 0x89] {
                let payload = vec![b'x'; usize::try_from(length).expect("small")];
                let bytes = framed(role, first, length, form, &payload);
                let (seen, stopped) = decode(settings(role), bytes.chunks(3));
                assert_eq!((seen, stopped), (vec![], Some(Violation::LongLength(length))), "{form} bytes");
            }
        }
        for length in [125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let (seen, stopped) = decode(settings(role), [frame(role, 0x82, &payload).as_slice()]);
            assert_eq!((seen, stopped), (vec![OwnedEvent::Binary(payload)], None));
        }
    }
}

/// 20 bytes a frame and 30 a message.
fn narrow(role: Role) -> Settings {
    Settings { role, max_frame: 20, max_message: 30, max_frames: None }
}

#[test]
fn limits_hold_to_the_byte_and_before_the_bytes_come() {
    for role in ROLES {
        let settings = narrow(role);
        for (name, frames, violation) in [
            ("a frame", &[(0x82, 21)][..], Violation::FrameTooBig { length: 21, limit: 20 }),
            ("a fragment", &[(0x02, 21)], Violation::FrameTooBig { length: 21, limit: 20 }),
            ("a continuation", &[(0x01, 5), (0x00, 21)], Violation::FrameTooBig { length: 21, limit: 20 }),
            ("a message in two", &[(0x02, 20), (0x80, 11)], Violation::MessageTooBig { length: 31, limit: 30 }),
            ("in three", &[(0x02, 20), (0x00, 10), (0x80, 1)], Violation::MessageTooBig { length: 31, limit: 30 }),
            (
                "a ping is no part of it",
                &[(0x02, 20), (0x89, 20), (0x80, 11)],
                Violation::MessageTooBig { length: 31, limit: 30 },
            ),
        ] {
            let mut bytes = Vec::new();
            let (last, before) = frames.split_last().expect("frames");
            bytes.extend(before.iter().flat_map(|&(first, length)| frame(role, first, &vec![b'x'; length])));
            // Of the frame that is too big comes nothing but its header.
            bytes.extend(framed(role, last.0, last.1 as u64, 0, b""));
            in_every_way(&bytes, |pieces| assert_eq!(decode(settings, pieces).1, Some(violation), "{name}"));
        }
        let within = [frame(role, 0x02, &[7; 20]), frame(role, 0x89, b""), frame(role, 0x80, &[7; 10])].concat();
        in_every_way(&within, |pieces| {
            assert_eq!(
                decode(settings, pieces),
                (vec![OwnedEvent::Ping(vec![]), OwnedEvent::Binary(vec![7; 30])], None)
            );
        });
    }
}

/// A message of `count` frames of `length` bytes, a ping after each.
fn in_frames(role: Role, count: usize, length: usize) -> Vec<u8> {
    let frames = (1..=count).flat_map(|number| {
        let opcode = if number == 1 { 0x02 } else { 0x00 };
        let last = if number == count { 0x80 } else { 0x00 };
        [frame(role, last | opcode, &vec![b'x'; length]), frame(role, 0x89, b"?")].concat()
    });
    frames.collect()
}

#[test]
fn the_frame_limit_does_not_count_control_frames() {
    for (role, length) in [(Role::Client, 0), (Role::Server, 0), (Role::Server, 1), (Role::Server, 126)] {
        let limited = |limit| Settings { max_frames: Some(limit), ..settings(role) };
        let within = [in_frames(role, 3, length), in_frames(role, 1, length), in_frames(role, 3, length)].concat();
        in_every_way(&within, |pieces| {
            let (seen, stopped) = decode(limited(3), pieces);
            assert_eq!((seen.len(), stopped), (7 + 3, None), "frames of {length} bytes");
        });
        // The fourth is refused by its header, and what came before it is handed over.
        let fourth = in_frames(role, 4, length).len() - in_frames(role, 1, length).len();
        let header = frame(role, 0x80, &vec![b'x'; length]).len() - length;
        let beyond = [in_frames(role, 1, length), in_frames(role, 4, length)[..fourth + header].to_vec()].concat();
        in_every_way(&beyond, |pieces| {
            let (seen, stopped) = decode(limited(3), pieces);
            assert_eq!((seen.len(), stopped), (2 + 3, Some(Violation::TooManyFrames { limit: 3 })));
        });
        assert_eq!(decode(limited(1), [in_frames(role, 1, length).as_slice()]).1, None);
        let two = in_frames(role, 2, length);
        assert_eq!(decode(limited(1), [two.as_slice()]).1, Some(Violation::TooManyFrames { limit: 1 }));
        assert_eq!(decode(settings(role), [in_frames(role, 200, length).as_slice()]).1, None);
    }
}

#[test]
fn the_longest_lengths_are_refused_by_their_size() {
    for length in [1 << 40, u64::MAX >> 1, u64::MAX] {
        for first in [0x82, 0x01, 0x89] {
            let bytes = framed(Role::Client, first, length, 8, b"");
            let (_, stopped) = decode(settings(Role::Client), [bytes.as_slice()]);
            assert_eq!(stopped, Some(Violation::FrameTooBig { length, limit: 1 << 20 }));
        }
    }
}

#[test]
fn each_violation_has_its_offence_and_its_code() {
    for (violation, offence, code) in [
        (Violation::NotUtf8, ViolationKind::Encoding, 1007),
        (Violation::FrameTooBig { length: 2, limit: 1 }, ViolationKind::Size, 1009),
        (Violation::MessageTooBig { length: 2, limit: 1 }, ViolationKind::Size, 1009),
        (Violation::TooManyFrames { limit: 1 }, ViolationKind::Size, 1008),
        (Violation::ReservedBit, ViolationKind::Protocol, 1002),
        (Violation::LongLength(1), ViolationKind::Protocol, 1002),
        (Violation::ForbiddenCode(1005), ViolationKind::Protocol, 1002),
    ] {
        assert_eq!((violation.kind(), violation.close_code()), (offence, code));
    }
}
