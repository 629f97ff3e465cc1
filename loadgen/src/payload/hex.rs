//! Hexadecimal digits, all at once.

use wide::u8x16;

/// What makes a digit of a number over 9 a letter.
const TO_LETTER: u8 = b'a' - b'0' - 10;

/// The eight lower-case hex digits of each of two numbers, the first digit in the lowest byte.
#[inline]
pub(super) fn pair(one: u32, other: u32) -> (u64, u64) {
    let bytes = u64::from(one.swap_bytes()) | (u64::from(other.swap_bytes()) << 32);
    let nibbles = u8x16::unpack_low(low(bytes >> 4), low(bytes)) & u8x16::splat(0xf);
    let letters = nibbles.simd_gt(u8x16::splat(9)) & u8x16::splat(TO_LETTER);
    let digits = (nibbles + u8x16::splat(b'0') + letters).to_array();
    let (words, _) = digits.as_chunks();
    (u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]))
}

/// The eight lower-case hex digits of a number, the first in the lowest byte.
#[inline]
pub(super) fn hex(number: u32) -> u64 {
    pair(number, 0).0
}

/// The bytes of a word, and zeros behind.
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
            let other = number.rotate_left(12);
            assert_eq!(digits(pair(other, number).1), text);
            assert_eq!(digits(pair(other, number).0), format!("{other:08x}"));
        }
    }
}
