//! The CRC-32C of a message, computed from the pieces that it is written in while they are in registers. To read them
//! back from memory would take longer than all the rest: what was just written in small pieces is slow to be read in
//! other ones.

/// A CRC-32C under way.
pub(super) trait Checksum {
    /// That of nothing.
    fn start() -> Self;

    /// Eight bytes more.
    fn word(&mut self, bytes: [u8; 8]);

    /// Four bytes more.
    fn half(&mut self, bytes: [u8; 4]);

    /// One byte more.
    fn byte(&mut self, byte: u8);

    /// That of all the pieces, which lie in `covered` by now.
    fn finish(self, covered: &[u8]) -> u32;
}

/// Reads it all at the end.
pub(super) struct Afterwards;

impl Checksum for Afterwards {
    #[inline]
    fn start() -> Self {
        Self
    }

    #[inline]
    fn word(&mut self, _: [u8; 8]) {}

    #[inline]
    fn half(&mut self, _: [u8; 4]) {}

    #[inline]
    fn byte(&mut self, _: u8) {}

    #[inline]
    fn finish(self, covered: &[u8]) -> u32 {
        crc32c::crc32c(covered)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use instruction::Instruction;

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler can't know that the processor has the instruction")]
mod instruction {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u32, _mm_crc32_u64};

    use super::Checksum;
    use crate::payload::Series;

    /// The processor's own instruction for it. Exists only within [`Instruction::encode`].
    pub(in crate::payload) struct Instruction(u64);

    impl Instruction {
        /// [`Series::encode`], if the processor has the instruction (SSE 4.2).
        #[inline]
        pub(in crate::payload) fn encode(series: &Series, sequence: u64, out: &mut [u8]) -> Option<u32> {
            // SAFETY: the processor has what the function needs, as asked.
            is_x86_feature_detected!("sse4.2").then(|| unsafe { encode(series, sequence, out) })
        }
    }

    /// Compiled for processors with the instruction, and everything that is inlined here with it.
    #[target_feature(enable = "sse4.2")]
    fn encode(series: &Series, sequence: u64, out: &mut [u8]) -> u32 {
        series.encode_as::<Instruction>(sequence, out)
    }

    impl Checksum for Instruction {
        #[inline(always)]
        fn start() -> Self {
            Self(u32::MAX.into())
        }

        #[inline(always)]
        fn word(&mut self, bytes: [u8; 8]) {
            // SAFETY: see `Instruction`.
            self.0 = unsafe { _mm_crc32_u64(self.0, u64::from_le_bytes(bytes)) };
        }

        #[inline(always)]
        fn half(&mut self, bytes: [u8; 4]) {
            // SAFETY: see `Instruction`.
            self.0 = unsafe { _mm_crc32_u32(self.low(), u32::from_le_bytes(bytes)) }.into();
        }

        #[inline(always)]
        fn byte(&mut self, byte: u8) {
            // SAFETY: see `Instruction`.
            self.0 = unsafe { _mm_crc32_u8(self.low(), byte) }.into();
        }

        #[inline(always)]
        fn finish(self, _: &[u8]) -> u32 {
            !self.low()
        }
    }

    impl Instruction {
        #[inline(always)]
        #[expect(clippy::cast_possible_truncation, reason = "the upper half is always zero")]
        fn low(&self) -> u32 {
            self.0 as u32
        }
    }
}
