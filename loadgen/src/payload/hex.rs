//! Hexadecimal digits, all at once.

/// The eight lower-case hex digits of each of two numbers, the first digit in the lowest byte.
#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "vectors are to be declared even where each processor has them")]
pub(super) fn pair(one: u32, other: u32) -> (u64, u64) {
    let bytes = u64::from(one.swap_bytes()) | (u64::from(other.swap_bytes()) << 32);
    // SAFETY: each processor of this kind has SSE2.
    unsafe { digits(bytes) }
}

/// The hex digits of each byte, from the lowest on.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse2")]
fn digits(bytes: u64) -> (u64, u64) {
    use std::arch::x86_64::{
        _mm_add_epi8, _mm_and_si128, _mm_cmpgt_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_set1_epi8,
        _mm_srli_epi64, _mm_unpackhi_epi64, _mm_unpacklo_epi8,
    };
    let bytes = _mm_cvtsi64_si128(bytes.cast_signed());
    let nibbles = _mm_and_si128(_mm_unpacklo_epi8(_mm_srli_epi64(bytes, 4), bytes), _mm_set1_epi8(0xf));
    let letters = _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8(TO_LETTER.cast_signed()));
    let digits = _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8(b'0'.cast_signed())), letters);
    let (low, high) = (_mm_cvtsi128_si64(digits), _mm_cvtsi128_si64(_mm_unpackhi_epi64(digits, digits)));
    (low.cast_unsigned(), high.cast_unsigned())
}

/// The same for other processors.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn pair(one: u32, other: u32) -> (u64, u64) {
    (spread(one), spread(other))
}

/// The eight lower-case hex digits of a number, the first in the lowest byte.
#[inline]
pub(super) fn hex(number: u32) -> u64 {
    pair(number, 0).0
}

/// What makes a digit of a number over 9 a letter.
const TO_LETTER: u8 = b'a' - b'0' - 10;

/// The same without instructions for vectors: spreads the nibbles over the bytes of a word, then adds to each what makes it
/// a digit.
#[cfg(any(not(target_arch = "x86_64"), test))]
#[inline]
fn spread(number: u32) -> u64 {
    let mut nibbles = u64::from(number);
    nibbles = (nibbles | (nibbles << 16)) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | (nibbles << 8)) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | (nibbles << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte whose nibble is over 9: adding 6 carries into its bit 4.
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (nibbles + 0x3030_3030_3030_3030 + letters * u64::from(TO_LETTER)).swap_bytes()
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
            assert_eq!(digits(spread(number)), text);
            let other = number.rotate_left(12);
            assert_eq!(digits(pair(other, number).1), text);
            assert_eq!(digits(pair(other, number).0), format!("{other:08x}"));
        }
    }
}
