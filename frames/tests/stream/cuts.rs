//! However a stream is cut, the same events come out.

use frames::{Decoder, Event, Input, Kind, Message, Role, Settings};

use crate::rig::{OwnedEvent, ROLES, decode, frame, settings};

/// Everything that may follow each other, and what it means.
fn everything(role: Role) -> (Vec<u8>, Vec<OwnedEvent>) {
    let text = "ein Würfel, 骰子, 🎲";
    let halves = text.as_bytes().split_at(5);
    let medium: Vec<u8> = (0..300_u16).map(|n| n.to_le_bytes()[0]).collect();
    let frames: &[(u8, &[u8])] = &[
        (0x81, text.as_bytes()),
        (0x82, &medium[..125]),
        (0x82, &medium[..126]),
        (0x81, b""),
        (0x82, b""),
        // A character is cut, and there are others in between.
        (0x01, halves.0),
        (0x89, b"ping"),
        (0x00, b""),
        (0x8a, b""),
        (0x80, halves.1),
        (0x02, b""),
        (0x00, &medium),
        (0x89, &medium[..125]),
        (0x80, b""),
        (0x01, b""),
        (0x80, b""),
        (0x8a, b"pong"),
        (0x82, &medium),
        (0x88, b"\x03\xe8good b\xc3\xbfe"),
    ];
    let seen = vec![
        OwnedEvent::Text(text.into()),
        OwnedEvent::Binary(medium[..125].to_vec()),
        OwnedEvent::Binary(medium[..126].to_vec()),
        OwnedEvent::Text(vec![]),
        OwnedEvent::Binary(vec![]),
        OwnedEvent::Ping(b"ping".to_vec()),
        OwnedEvent::Pong(vec![]),
        OwnedEvent::Text(text.into()),
        OwnedEvent::Ping(medium[..125].to_vec()),
        OwnedEvent::Binary(medium.clone()),
        OwnedEvent::Text(vec![]),
        OwnedEvent::Pong(b"pong".to_vec()),
        OwnedEvent::Binary(medium.clone()),
        OwnedEvent::Close(Some((1000, "good bÿe".into()))),
    ];
    (frames.iter().flat_map(|(first, payload)| frame(role, *first, payload)).collect(), seen)
}

#[test]
fn a_stream_cut_anywhere_in_two() {
    for role in ROLES {
        let (bytes, expected) = everything(role);
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(decode(settings(role), [first, second]), (expected.clone(), None), "cut at {cut}");
        }
    }
}

#[test]
fn a_stream_in_pieces_of_every_size() {
    for role in ROLES {
        let (bytes, expected) = everything(role);
        for size in 1..=bytes.len() {
            assert_eq!(decode(settings(role), bytes.chunks(size)), (expected.clone(), None), "{size} at a time");
        }
    }
}

#[test]
fn a_stream_cut_anywhere_in_three_near_each_other() {
    let (bytes, expected) = everything(Role::Server);
    for first in 0..bytes.len() {
        for second in first + 1..bytes.len().min(first + 16) {
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(decode(settings(Role::Server), pieces), (expected.clone(), None), "cut at {first}, {second}");
        }
    }
}

#[test]
fn what_a_read_brings_whole_is_handed_over_where_it_lies() {
    for role in ROLES {
        let mut bytes = [frame(role, 0x81, b"one"), frame(role, 0x82, b"two"), frame(role, 0x89, b"three")].concat();
        let place = bytes.as_ptr_range();
        let (mut decoder, mut input) = (Decoder::new(settings(role)), Input::from(bytes.as_mut_slice()));
        let mut seen = 0;
        while let Some(event) = decoder.next(&mut input).expect("in order") {
            let (Event::Message(Message { payload, .. }) | Event::Ping(payload)) = event else { panic!() };
            assert!(place.contains(&payload.as_ptr()));
            seen += 1;
        }
        assert_eq!(seen, 3);
    }
}

#[test]
fn the_end_of_a_stream_is_between_messages_or_not() {
    for role in ROLES {
        let whole = [frame(role, 0x81, b"one"), frame(role, 0x02, b"tw"), frame(role, 0x80, b"o")].concat();
        let ends = [0, frame(role, 0x81, b"one").len(), whole.len()];
        for cut in 0..=whole.len() {
            let (mut decoder, mut bytes) = (Decoder::new(settings(role)), whole[..cut].to_vec());
            let mut input = Input::from(bytes.as_mut_slice());
            while decoder.next(&mut input).expect("in order").is_some() {}
            assert_eq!(decoder.is_between_messages(), ends.contains(&cut), "after {cut} bytes");
        }
    }
}

#[test]
fn a_returned_event_is_complete() {
    for role in ROLES {
        let (message, ping) = (frame(role, 0x82, b"cut"), frame(role, 0x89, b"cut"));
        for bytes in [message, ping] {
            let (mut decoder, mut bytes) = (Decoder::new(settings(role)), bytes);
            let (first, second) = bytes.split_at_mut(3);
            assert_eq!(decoder.next(&mut Input::from(first)), Ok(None));
            assert!(!decoder.is_between_messages());
            assert!(decoder.next(&mut Input::from(second)).is_ok_and(|event| event.is_some()));
            assert!(decoder.is_between_messages());
        }
    }
}

#[test]
fn next_whole_takes_only_a_whole_message_in_one_frame() {
    for role in ROLES {
        let (small, long) = (vec![7; 125], vec![7; 126]);
        for (bytes, kind, payload) in [
            (frame(role, 0x81, b"text"), Kind::Text, &b"text"[..]),
            (frame(role, 0x81, b"\xff"), Kind::Text, b"\xff"),
            (frame(role, 0x82, b""), Kind::Binary, b""),
            (frame(role, 0x82, &small), Kind::Binary, &small),
            (frame(role, 0x82, &long), Kind::Binary, &long),
        ] {
            let (decoder, mut whole) = (Decoder::new(settings(role)), [bytes.clone(), frame(role, 0x89, b"")].concat());
            let mut input = Input::from(whole.as_mut_slice());
            assert_eq!(decoder.next_whole(&mut input), Some(Message { kind, payload }));
            assert_eq!(input.bytes(), frame(role, 0x89, b""), "no byte of what follows");
            for cut in 0..bytes.len() {
                untouched(&decoder, &bytes[..cut]);
            }
            let mut alone = bytes;
            assert_eq!(decoder.next_whole(&mut Input::from(alone.as_mut_slice())), Some(Message { kind, payload }));
        }
        let decoder = Decoder::new(settings(role));
        let mut two_bytes = frame(role, 0x82, &small);
        two_bytes.splice(1..2, [(two_bytes[1] & 0x80) | 0x7e, 0, 125]);
        for other in [
            frame(role, 0x01, b"part"),
            frame(role, 0x80, b"rest"),
            frame(role, 0x89, b"ping"),
            frame(role, 0x88, b""),
            frame(role, 0xc1, b"reserved"),
            two_bytes,
        ] {
            untouched(&decoder, &other);
        }
        let other = if role == Role::Client { Role::Server } else { Role::Client };
        untouched(&decoder, &frame(other, 0x81, b"masked or not"));
        let strict = Decoder::new(Settings { max_frame: 3, ..settings(role) });
        untouched(&strict, &frame(role, 0x81, b"long"));
        let strict = Decoder::new(Settings { max_message: 3, ..settings(role) });
        untouched(&strict, &frame(role, 0x81, b"long"));
    }
}

/// Asserts that nothing is taken of `bytes` at a glance.
fn untouched(decoder: &Decoder, bytes: &[u8]) {
    let mut copy = bytes.to_vec();
    let mut input = Input::from(copy.as_mut_slice());
    assert_eq!(decoder.next_whole(&mut input), None, "{bytes:x?}");
    assert_eq!(input.bytes(), bytes);
}

#[test]
fn next_whole_takes_nothing_within_a_message_or_after_the_end() {
    for role in ROLES {
        let whole = frame(role, 0x82, b"whole");
        for before in [&frame(role, 0x81, b"cut")[..4], &frame(role, 0x01, b"part"), &frame(role, 0x88, b"")] {
            let (mut decoder, mut bytes) = (Decoder::new(settings(role)), before.to_vec());
            let mut input = Input::from(bytes.as_mut_slice());
            while decoder.next(&mut input).expect("in order").is_some() {}
            untouched(&decoder, &whole);
        }
    }
}
