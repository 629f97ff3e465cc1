//! What can be done to a message so that it is still a message: text stays UTF-8, or the client would have to fail the
//! connection (RFC 6455 section 8.1) and could not say which message broke.

use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use tokio_tungstenite::tungstenite::Message;

/// The message in two pieces of at least one byte each.
pub(super) fn halves(message: &Message, rng: &mut Xoshiro256PlusPlus) -> Option<[Message; 2]> {
    match message {
        Message::Text(text) => {
            let at = cut(text, 1, rng)?;
            let (first, second) = text.split_at(at);
            Some([Message::text(first), Message::text(second)])
        }
        Message::Binary(bytes) if bytes.len() > 1 => {
            let at = rng.random_range(1..bytes.len());
            Some([Message::Binary(bytes.slice(..at)), Message::Binary(bytes.slice(at..))])
        }
        _ => None,
    }
}

/// The beginning of the message: anything but all of it.
pub(super) fn beginning(message: &Message, rng: &mut Xoshiro256PlusPlus) -> Option<Message> {
    match message {
        Message::Text(text) => cut(text, 0, rng).map(|at| Message::text(&text[..at])),
        Message::Binary(bytes) if !bytes.is_empty() => {
            Some(Message::Binary(bytes.slice(..rng.random_range(0..bytes.len()))))
        }
        _ => None,
    }
}

/// Where a character begins, from `least` on.
fn cut(text: &str, least: usize, rng: &mut Xoshiro256PlusPlus) -> Option<usize> {
    let places = || text.char_indices().map(|(at, _)| at).filter(|&at| at >= least);
    let count = places().count();
    (count > 0).then(|| rng.random_range(0..count)).and_then(|n| places().nth(n))
}

/// The message with one bit flipped.
pub(super) fn flipped(message: &Message, rng: &mut Xoshiro256PlusPlus) -> Option<Message> {
    let mut bytes = match message {
        Message::Text(text) => text.as_bytes().to_vec(),
        Message::Binary(bytes) => bytes.to_vec(),
        _ => return None,
    };
    if bytes.is_empty() {
        return None;
    }
    loop {
        let (at, bit) = (rng.random_range(0..bytes.len()), 1 << rng.random_range(0..8));
        bytes[at] ^= bit;
        if message.is_binary() {
            return Some(Message::binary(bytes));
        }
        if std::str::from_utf8(&bytes).is_ok() {
            return String::from_utf8(bytes).ok().map(Message::text);
        }
        // There is always a bit that can be flipped: the lowest of the last byte, whatever character it belongs to.
        bytes[at] ^= bit;
    }
}

/// The same bytes as the other kind of message.
pub(super) fn retyped(message: &Message) -> Option<Message> {
    match message {
        Message::Text(text) => Some(Message::Binary(text.clone().into())),
        Message::Binary(bytes) => std::str::from_utf8(bytes).ok().map(Message::text),
        _ => None,
    }
}

/// Both as one message; as binary if one of them is, since together they may not be UTF-8.
pub(super) fn joined(first: &Message, second: &Message) -> Message {
    match (first, second) {
        (Message::Text(first), Message::Text(second)) => Message::text([first.as_str(), second].concat()),
        _ => Message::binary([first.clone().into_data(), second.clone().into_data()].concat()),
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
            for message in [Message::text(TEXT), Message::binary(TEXT)] {
                let [first, second] = halves(&message, rng).expect("it has a middle");
                assert_eq!(joined(&first, &second), message);
                assert!(!first.is_empty() && !second.is_empty());
            }
        });
    }

    #[test]
    fn beginnings_are_shorter_and_every_length_of_binary_comes_up() {
        let mut lengths = [false; TEXT.len()];
        many(|rng| {
            let binary = beginning(&Message::binary(TEXT), rng).expect("it has a byte");
            assert!(TEXT.as_bytes().starts_with(&binary.clone().into_data()));
            lengths[binary.len()] = true;
            let text = beginning(&Message::text(TEXT), rng).expect("it has a character");
            assert!(text.len() < TEXT.len() && TEXT.starts_with(text.to_text().expect("text")));
        });
        assert_eq!(lengths, [true; TEXT.len()]);
    }

    #[test]
    fn one_bit_is_flipped_and_every_bit_of_binary_comes_up() {
        let mut seen = [0_u8; TEXT.len()];
        many(|rng| {
            for message in [Message::text(TEXT), Message::binary(TEXT)] {
                let after = flipped(&message, rng).expect("it has a bit");
                assert_eq!(after.is_text(), message.is_text());
                let difference: Vec<_> = after.into_data().iter().zip(TEXT.bytes()).map(|(a, b)| a ^ b).collect();
                assert_eq!(difference.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
                if message.is_binary() {
                    seen.iter_mut().zip(&difference).for_each(|(seen, byte)| *seen |= byte);
                }
            }
        });
        assert_eq!(seen, [0xff; TEXT.len()]);
    }

    #[test]
    fn the_other_kind_has_the_same_bytes_if_it_may() {
        assert_eq!(retyped(&Message::text(TEXT)), Some(Message::binary(TEXT)));
        assert_eq!(retyped(&Message::binary(TEXT)), Some(Message::text(TEXT)));
        assert_eq!(retyped(&Message::binary(&b"\xff"[..])), None);
    }

    #[test]
    fn what_can_not_be_damaged_is_left() {
        many(|rng| {
            for message in [Message::text(""), Message::binary("")] {
                assert_eq!(halves(&message, rng), None);
                assert_eq!(beginning(&message, rng), None);
                assert_eq!(flipped(&message, rng), None);
            }
            for message in [Message::text("é"), Message::text("a"), Message::binary("a")] {
                assert_eq!(halves(&message, rng), None);
                assert_eq!(beginning(&message, rng).map(|message| message.len()), Some(0));
            }
        });
    }
}
