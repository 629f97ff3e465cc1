//! The CRC-32C of a message, computed from words in registers. Reading them back from memory would
//! take longer than everything else.

use frames::PayloadSpace;

use super::ClientMessages;

/// A CRC-32C in progress.
pub(super) trait Checksum: Sized {
    /// The checksum of no bytes.
    fn start() -> Self;

    /// Adds eight bytes. The first is the lowest of `word`.
    fn word(&mut self, word: u64);

    /// Adds the lowest bytes of `word`, at most eight.
    fn part(&mut self, word: u64, bytes: usize);

    /// The checksum of all bytes.
    fn finish(self) -> u32;

    /// [`ClientMessages::encode_any_as`] with this checksum. A call, so that the rare case takes no
    /// registers from the common one.
    fn encode_any(series: &ClientMessages<'_>, sequence: u64, out: PayloadSpace<'_>) -> u32;
}

/// Works on any processor.
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
    fn encode_any(series: &ClientMessages<'_>, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        series.encode_any_as::<Self>(sequence, out)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use instruction::Instruction;

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler can't know that the processor has the instruction")]
mod instruction {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u16, _mm_crc32_u32, _mm_crc32_u64};

    use super::{Checksum, ClientMessages, PayloadSpace, Portable};

    /// Uses the processor's own instruction. Exists only within [`Instruction::encode_all`].
    pub(in crate::message) struct Instruction(u64);

    impl Instruction {
        /// [`ClientMessages::encode_all`], with the instruction if the processor has it (SSE 4.2).
        #[inline]
        pub(in crate::message) fn encode_all<'o>(
            series: &ClientMessages<'_>,
            first: u64,
            payloads: impl Iterator<Item = PayloadSpace<'o>>,
            each: impl FnMut(u32),
        ) {
            if !is_x86_feature_detected!("sse4.2") {
                return series.encode_all_as::<Portable>(first, payloads, each);
            }
            // SAFETY: the processor has the instruction, as was just checked.
            unsafe {
                if series.is_of_blocks() {
                    encode_blocks(series, first, payloads, each);
                } else {
                    encode_all(series, first, payloads, each);
                }
            }
        }
    }

    /// Compiled for processors with the instruction, together with everything inlined here.
    #[target_feature(enable = "sse4.2")]
    fn encode_all<'o>(
        series: &ClientMessages<'_>,
        first: u64,
        payloads: impl Iterator<Item = PayloadSpace<'o>>,
        each: impl FnMut(u32),
    ) {
        series.encode_all_as::<Instruction>(first, payloads, each);
    }

    #[target_feature(enable = "sse4.2")]
    fn encode_blocks<'o>(
        series: &ClientMessages<'_>,
        first: u64,
        payloads: impl Iterator<Item = PayloadSpace<'o>>,
        each: impl FnMut(u32),
    ) {
        series.encode_blocks_as::<Instruction>(first, payloads, each);
    }

    #[inline(never)]
    #[target_feature(enable = "sse4.2")]
    fn encode_any(series: &ClientMessages<'_>, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        series.encode_any_as::<Instruction>(sequence, out)
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
        fn encode_any(series: &ClientMessages<'_>, sequence: u64, out: PayloadSpace<'_>) -> u32 {
            // SAFETY: see `Instruction`.
            unsafe { encode_any(series, sequence, out) }
        }
    }
}
