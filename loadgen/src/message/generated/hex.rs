//! Hexadecimal digits, eight at once.

use wide::{u8x16, u64x2};

/// Turns a digit over 9 into a letter.
const TO_LETTER: u8 = b'a' - b'0' - 10;

/// The eight lower-case hex digits of a number, the first in the lowest byte.
#[inline]
pub(super) fn hex(number: u32) -> u64 {
    at::<0>(number).to_array()[0]
}

/// The eight digits in two words, from byte `AT` on (at most 8), with zeros around them.
#[inline]
pub(super) fn at<const AT: usize>(number: u32) -> u64x2 {
    let zero = const {
        let mut zero = [0; 16];
        zero.split_at_mut(AT).1.split_at_mut(8).0.copy_from_slice(&[b'0'; 8]);
        u8x16::new(zero)
    };
    let bytes = u64::from(number.swap_bytes());
    // Digits at even places, and at odd ones, byte by byte.
    let (even, odd) = if AT.is_multiple_of(2) {
        (bytes << (4 * AT) >> 4, bytes << (4 * AT))
    } else {
        (bytes << (4 * AT + 4), bytes << (4 * AT - 4) >> 4)
    };
    let nibbles = u8x16::unpack_low(low(even), low(odd)) & u8x16::splat(0xf);
    let letters = nibbles.simd_gt(u8x16::splat(9)) & u8x16::splat(TO_LETTER);
    let digits = (nibbles + zero + letters).to_array();
    let (words, _) = digits.as_chunks();
    u64x2::new([u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])])
}

/// The bytes of a word, followed by zeros.
#[inline]
fn low(word: u64) -> u8x16 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&word.to_le_bytes());
    u8x16::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_hex() {
        // Each digit in each place, and its neighbours.
        let places = (0..8).flat_map(|place| (0..16).map(move |digit| digit << (4 * place)));
        for number in places.chain([0x0123_4567, 0x89ab_cdef, 0xffff_ffff, 0x9a9a_9a9a, 0xa9a9_a9a9]) {
            let text = format!("{number:08x}");
            let digits = |word: u64| String::from_utf8(word.to_le_bytes().to_vec()).unwrap();
            assert_eq!(digits(hex(number)), text);
            let pairs = [at::<0>(number), at::<3>(number), at::<4>(number), at::<7>(number), at::<8>(number)];
            for (before, pair) in [0, 3, 4, 7, 8].into_iter().zip(pairs) {
                let zeros = |len| "\0".repeat(len);
                let expected = [zeros(before), text.clone(), zeros(8 - before)].concat();
                assert_eq!(pair.to_array().map(digits).concat(), expected);
            }
        }
    }
}
