//! How much an event differs from a message.

use super::{LEAD, MessageKind, text_header};

/// Number of bytes in which `bytes` differ from the message `expected`. `header` is where a text's
/// header begins in them. If it stands elsewhere than in the message, everything after it may have
/// moved. If the whole header is the message's, with its checksum, the distance is 0, whatever
/// became of the rest.
pub(crate) fn distance(expected: &[u8], bytes: &[u8], header: Option<usize>) -> usize {
    let own = text_header(expected, LEAD);
    let from = |bytes, at: Option<usize>| -> &[u8] { <[u8]>::get(bytes, at.unwrap_or(0)..).unwrap_or_default() };
    let (message, rest) = (from(expected, own), from(bytes, header));
    let len = if own.is_some() { MessageKind::Text } else { MessageKind::Binary }.header_len();
    let same_header = message.len() >= len && rest.starts_with(&message[..len]);
    let as_it_is = || differing(expected, bytes);
    match (own, header) {
        (None, None) | (Some(_), Some(_)) if same_header => 0,
        (Some(own), Some(at)) if own != at => as_it_is().min(own.abs_diff(at) + differing(message, rest)),
        _ => as_it_is(),
    }
}

fn differing(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).filter(|(a, b)| a != b).count() + one.len().abs_diff(other.len())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Mix, Payload},
        *,
    };

    #[test]
    fn what_is_before_a_header_moves_what_follows() {
        let payload = Payload::new(0x3f9a_1c22, 64, Mix::Text);
        let (mut text, mut other) = (vec![0; 64], vec![0; 64]);
        // It has something before its header; the other has not.
        payload.encode(42, 6, &mut text);
        payload.encode(42, 8, &mut other);
        assert_eq!((text_header(&text, LEAD), text_header(&other, LEAD)), (Some(1), Some(0)));
        let without = &text[1..];
        assert_eq!(distance(&text, without, Some(0)), 0, "its header says which it is");
        let mut damaged = without.to_vec();
        damaged[5] ^= 1;
        assert_eq!(distance(&text, &damaged, Some(0)), 2, "a digit, and what was before the header");
        assert!(distance(&other, &damaged, Some(0)) > 8);
        assert!(distance(&text, b"", None) == 64);
        // A whole header, and nothing else is right.
        let spoiled = [&b"&lt;"[..], &without[..53], b"&amp;&amp;&amp;"].concat();
        assert_eq!(distance(&text, &spoiled, text_header(&spoiled, 8)), 0);
    }
}
