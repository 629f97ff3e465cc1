//! Random text that follows the seed.

use crate::message::split_mix::{GOLDEN, finalize};

/// Bytes of a UUID as text.
pub(super) const UUID: usize = 36;

/// Letters, digits, `-` and `_`: the alphabet of RFC 4648, section 5.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Names one place in one message: its text is the same whenever it is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed {
    pub(super) run: u32,
    pub(super) client: u32,
    pub(super) sequence: u64,
    /// The place in the group's templates.
    pub(super) place: u32,
}

impl Seed {
    /// Two words. They differ for two messages at one place: each step can be undone.
    fn words(self) -> [u64; 2] {
        let high = finalize((u64::from(self.run) << 32 | u64::from(self.client)) ^ finalize(self.place.into()));
        [high, finalize(high.wrapping_add(self.sequence.wrapping_mul(GOLDEN)))]
    }

    /// A UUID of version 4: RFC 9562, section 5.4.
    pub(super) fn uuid(self) -> [u8; UUID] {
        let [high, low] = self.words();
        let high = (high & !0xf000) | 0x4000;
        let low = (low & !(3 << 62)) | (2 << 62);
        let mut text = [b'-'; UUID];
        let digits =
            [high, low].into_iter().flat_map(|word| (0..16).rev().map(move |digit| (word >> (4 * digit)) & 0xf));
        let places = (0..UUID).filter(|at| ![8, 13, 18, 23].contains(at));
        for (at, digit) in places.zip(digits) {
            text[at] = b"0123456789abcdef"[usize::try_from(digit).unwrap_or(0)];
        }
        text
    }

    /// Random characters without end.
    pub(super) fn characters(self) -> impl Iterator<Item = u8> {
        let mut counter = self.words()[1];
        std::iter::repeat_with(move || {
            counter = counter.wrapping_add(GOLDEN);
            finalize(counter).to_le_bytes()
        })
        .flatten()
        .map(|byte| ALPHABET[usize::from(byte & 63)])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn seed(client: u32, sequence: u64) -> Seed {
        Seed { run: 7, client, sequence, place: 1 }
    }

    #[test]
    fn uuids_are_of_version_4_and_differ() {
        let uuids: BTreeSet<_> =
            (0..100).flat_map(|client| (0..100).map(move |sequence| seed(client, sequence).uuid())).collect();
        assert_eq!(uuids.len(), 10_000);
        for uuid in uuids {
            let text = std::str::from_utf8(&uuid).unwrap();
            let parts: Vec<_> = text.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12]);
            assert!(text.as_bytes()[14] == b'4' && matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
        }
    }

    #[test]
    fn characters_follow_the_seed() {
        let text = |seed: Seed| seed.characters().take(40).map(char::from).collect::<String>();
        assert_eq!(text(seed(1, 2)), text(seed(1, 2)));
        let others = [seed(1, 3), seed(2, 2), Seed { run: 8, ..seed(1, 2) }, Seed { place: 2, ..seed(1, 2) }];
        assert!(others.into_iter().all(|other| text(other) != text(seed(1, 2))));
        assert!(text(seed(1, 2)).chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }
}
