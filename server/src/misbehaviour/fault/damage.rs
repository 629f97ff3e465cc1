//! Damages messages so that they are still messages: text stays UTF-8.
//!
//! Over anything else, a client would have to fail the connection (RFC 6455 section 8.1), and could
//! not say which message broke.

use frames::Kind;
use rand::{RngExt, rngs::Xoshiro256PlusPlus};

use crate::misbehaviour::message::OwnedMessage;

/// The message in two pieces, each of at least one byte.
pub(super) fn halves(message: &OwnedMessage, rng: &mut Xoshiro256PlusPlus) -> Option<[OwnedMessage; 2]> {
    match message {
        OwnedMessage::Text(text) => {
            let at = cut(text, rng)?;
            let (first, second) = text.split_at(at);
            Some([OwnedMessage::text(first), OwnedMessage::text(second)])
        }
        OwnedMessage::Binary(bytes) if bytes.len() > 1 => {
            let at = rng.random_range(1..bytes.len());
            Some([OwnedMessage::binary(&bytes[..at]), OwnedMessage::binary(&bytes[at..])])
        }
        OwnedMessage::Binary(_) => None,
    }
}

/// The beginning of the message: at least one byte, and not all of it.
pub(super) fn beginning(message: &OwnedMessage, rng: &mut Xoshiro256PlusPlus) -> Option<OwnedMessage> {
    match message {
        OwnedMessage::Text(text) => cut(text, rng).map(|at| OwnedMessage::text(&text[..at])),
        OwnedMessage::Binary(bytes) if bytes.len() > 1 => {
            Some(OwnedMessage::binary(&bytes[..rng.random_range(1..bytes.len())]))
        }
        OwnedMessage::Binary(_) => None,
    }
}

/// Where a character begins, other than the first.
fn cut(text: &str, rng: &mut Xoshiro256PlusPlus) -> Option<usize> {
    let places = || text.char_indices().map(|(at, _)| at).skip(1);
    let count = places().count();
    (count > 0).then(|| rng.random_range(0..count)).and_then(|n| places().nth(n))
}

/// The message with one bit flipped.
pub(super) fn flipped(message: &OwnedMessage, rng: &mut Xoshiro256PlusPlus) -> Option<OwnedMessage> {
    let mut bytes = message.payload().to_vec();
    if bytes.is_empty() {
        return None;
    }
    loop {
        let (at, bit) = (rng.random_range(0..bytes.len()), 1 << rng.random_range(0..8));
        bytes[at] ^= bit;
        if message.kind() == Kind::Binary {
            return Some(OwnedMessage::binary(bytes));
        }
        if std::str::from_utf8(&bytes).is_ok() {
            return String::from_utf8(bytes).ok().map(OwnedMessage::text);
        }
        // Flipping the lowest bit of the last byte always works, so this loop ends.
        bytes[at] ^= bit;
    }
}

/// The payload as the other kind of message. `None` if that would be text and it is not UTF-8.
pub(super) fn retyped(message: &OwnedMessage) -> Option<OwnedMessage> {
    match message {
        OwnedMessage::Text(text) => Some(OwnedMessage::binary(text.as_bytes())),
        OwnedMessage::Binary(bytes) => std::str::from_utf8(bytes).ok().map(OwnedMessage::text),
    }
}

/// Both as one message. It is binary if one of them is, since together they may not be UTF-8.
pub(super) fn joined(first: &OwnedMessage, second: &OwnedMessage) -> OwnedMessage {
    match (first, second) {
        (OwnedMessage::Text(first), OwnedMessage::Text(second)) => {
            OwnedMessage::text([first.as_str(), second].concat())
        }
        _ => OwnedMessage::binary([first.payload(), second.payload()].concat()),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const TEXT: &str = "aé€😀z";

    fn many(mut each: impl FnMut(&mut Xoshiro256PlusPlus)) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        (0..1000).for_each(|_| each(&mut rng));
    }

    #[test]
    fn halves_are_the_whole_and_never_empty() {
        many(|rng| {
            for message in [OwnedMessage::text(TEXT), OwnedMessage::binary(TEXT)] {
                let [first, second] = halves(&message, rng).expect("it has a middle");
                assert_eq!(joined(&first, &second), message);
                assert!(first.len() > 0 && second.len() > 0);
            }
        });
    }

    #[test]
    fn beginnings_of_binary_have_every_shorter_length() {
        let mut lengths = [false; TEXT.len()];
        many(|rng| {
            let binary = beginning(&OwnedMessage::binary(TEXT), rng).expect("it has a byte");
            assert!(TEXT.as_bytes().starts_with(binary.payload()));
            lengths[binary.len()] = true;
            let text = beginning(&OwnedMessage::text(TEXT), rng).expect("it has a character");
            assert!(text.len() > 0 && text.len() < TEXT.len() && TEXT.as_bytes().starts_with(text.payload()));
        });
        assert_eq!((lengths[0], &lengths[1..]), (false, &[true; TEXT.len() - 1][..]));
    }

    #[test]
    fn one_bit_is_flipped_and_any_bit_of_binary_may_be() {
        let mut seen = [0_u8; TEXT.len()];
        many(|rng| {
            for message in [OwnedMessage::text(TEXT), OwnedMessage::binary(TEXT)] {
                let after = flipped(&message, rng).expect("it has a bit");
                assert_eq!(after.kind(), message.kind());
                let difference: Vec<_> = after.payload().iter().zip(TEXT.bytes()).map(|(a, b)| a ^ b).collect();
                assert_eq!(difference.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
                if message.kind() == Kind::Binary {
                    seen.iter_mut().zip(&difference).for_each(|(seen, byte)| *seen |= byte);
                }
            }
        });
        assert_eq!(seen, [0xff; TEXT.len()]);
    }

    #[test]
    fn retyping_keeps_the_bytes_and_needs_utf8_for_text() {
        assert_eq!(retyped(&OwnedMessage::text(TEXT)), Some(OwnedMessage::binary(TEXT)));
        assert_eq!(retyped(&OwnedMessage::binary(TEXT)), Some(OwnedMessage::text(TEXT)));
        assert_eq!(retyped(&OwnedMessage::binary(&b"\xff"[..])), None);
    }

    #[test]
    fn messages_too_short_to_be_damaged_are_left() {
        many(|rng| {
            for message in [OwnedMessage::text(""), OwnedMessage::binary("")] {
                assert_eq!(halves(&message, rng), None);
                assert_eq!(beginning(&message, rng), None);
                assert_eq!(flipped(&message, rng), None);
            }
            for message in [OwnedMessage::text("é"), OwnedMessage::text("a"), OwnedMessage::binary("a")] {
                assert_eq!(halves(&message, rng), None);
                assert_eq!(beginning(&message, rng), None);
            }
        });
    }
}
