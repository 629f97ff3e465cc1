//! The CRC-32C of a message, computed from its words while they are in registers. To read them back from memory would take
//! longer than all the rest.

use frames::Mask;

use super::ClientMessages;

/// A CRC-32C under way.
pub(super) trait Checksum: Sized {
    /// That of nothing.
    fn start() -> Self;

    /// Eight bytes more, the first of them the lowest of `word`.
    fn word(&mut self, word: u64);

    /// As many of the lowest bytes of `word`, at most eight.
    fn part(&mut self, word: u64, bytes: usize);

    /// That of all of them.
    fn finish(self) -> u32;

    /// [`ClientMessages::encode_any_as`] with it. A call, so that what few messages of a block need takes nothing of the others.
    fn encode_any(series: &ClientMessages<'_>, sequence: u64, mask: Mask, out: &mut [u8]) -> u32;
}

/// On any processor.
pub(super) struct Portable(u32);

impl Checksum for Portable {
    fn start() -> Self {
        Self(0)
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.part(word, 8);
    }

    #[inline]
    fn part(&mut self, word: u64, bytes: usize) {
        self.0 = crc32c::crc32c_append(self.0, &word.to_le_bytes()[..bytes]);
    }

    fn finish(self) -> u32 {
        self.0
    }

    #[inline(never)]
    fn encode_any(series: &ClientMessages<'_>, sequence: u64, mask: Mask, out: &mut [u8]) -> u32 {
        series.encode_any_as::<Self>(sequence, mask, out)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use instruction::Instruction;

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler can't know that the processor has the instruction")]
mod instruction {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u16, _mm_crc32_u32, _mm_crc32_u64};

    use super::{Checksum, ClientMessages, Mask, Portable};

    /// The processor's own instruction for it. Exists only within [`Instruction::encode_all`].
    pub(in crate::message) struct Instruction(u64);

    impl Instruction {
        /// [`ClientMessages::encode_all`], with the instruction if the processor has it (SSE 4.2).
        #[inline]
        pub(in crate::message) fn encode_all<'o>(
            series: &ClientMessages<'_>,
            first: u64,
            payloads: impl Iterator<Item = (Mask, &'o mut [u8])>,
            each: impl FnMut(u32),
        ) {
            if !is_x86_feature_detected!("sse4.2") {
                return series.encode_all_as::<Portable>(first, payloads, each);
            }
            // SAFETY: the processor has what the functions need.
            unsafe {
                if series.is_of_blocks() {
                    encode_blocks(series, first, payloads, each);
                } else {
                    encode_all(series, first, payloads, each);
                }
            }
        }
    }

    /// Compiled for processors with the instruction, and everything that is inlined here with it.
    #[target_feature(enable = "sse4.2")]
    fn encode_all<'o>(
        series: &ClientMessages<'_>,
        first: u64,
        payloads: impl Iterator<Item = (Mask, &'o mut [u8])>,
        each: impl FnMut(u32),
    ) {
        series.encode_all_as::<Instruction>(first, payloads, each);
    }

    #[target_feature(enable = "sse4.2")]
    fn encode_blocks<'o>(
        series: &ClientMessages<'_>,
        first: u64,
        payloads: impl Iterator<Item = (Mask, &'o mut [u8])>,
        each: impl FnMut(u32),
    ) {
        series.encode_blocks_as::<Instruction>(first, payloads, each);
    }

    #[inline(never)]
    #[target_feature(enable = "sse4.2")]
    fn encode_any(series: &ClientMessages<'_>, sequence: u64, mask: Mask, out: &mut [u8]) -> u32 {
        series.encode_any_as::<Instruction>(sequence, mask, out)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper half of a checksum is zero, the low bytes are meant"
    )]
    impl Checksum for Instruction {
        #[inline(always)]
        fn start() -> Self {
            Self(u32::MAX.into())
        }

        #[inline(always)]
        fn word(&mut self, word: u64) {
            // SAFETY: see `Instruction`.
            self.0 = unsafe { _mm_crc32_u64(self.0, word) };
        }

        #[inline(always)]
        fn part(&mut self, mut word: u64, bytes: usize) {
            if bytes == 8 {
                return self.word(word);
            }
            let mut low = self.0 as u32;
            // SAFETY: see `Instruction`.
            unsafe {
                if bytes & 4 != 0 {
                    low = _mm_crc32_u32(low, word as u32);
                    word >>= 32;
                }
                if bytes & 2 != 0 {
                    low = _mm_crc32_u16(low, word as u16);
                    word >>= 16;
                }
                if bytes & 1 != 0 {
                    low = _mm_crc32_u8(low, word as u8);
                }
            }
            self.0 = low.into();
        }

        #[inline(always)]
        fn finish(self) -> u32 {
            !(self.0 as u32)
        }

        #[inline(always)]
        fn encode_any(series: &ClientMessages<'_>, sequence: u64, mask: Mask, out: &mut [u8]) -> u32 {
            // SAFETY: see `Instruction`.
            unsafe { encode_any(series, sequence, mask, out) }
        }
    }
}
