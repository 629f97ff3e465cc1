//! What the headers of all messages of a run have in common.

use super::hex::hex;
use super::{BINARY_HEADER, BINARY_WORDS, COLONS, Kind, MAGIC, TEXT_HEADER, TEXT_WORDS};

/// The headers as words of eight bytes, the first byte the lowest. Checksum, client and sequence are zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    pub(super) text: [u64; TEXT_WORDS],
    pub(super) binary: [u64; BINARY_WORDS],
}

impl Template {
    pub(super) fn new(run: u32, size: u32) -> Self {
        let mut text = [0; TEXT_HEADER];
        text[..MAGIC].copy_from_slice(&Kind::Text.magic());
        for at in COLONS {
            text[at] = b':';
        }
        text[13..21].copy_from_slice(&hex(run).to_le_bytes());
        text[44..52].copy_from_slice(&hex(size).to_le_bytes());
        let mut binary = [0; BINARY_HEADER];
        binary[..MAGIC].copy_from_slice(&Kind::Binary.magic());
        binary[8..12].copy_from_slice(&run.to_be_bytes());
        binary[24..28].copy_from_slice(&size.to_be_bytes());
        Self { text: words(&text), binary: words(&binary) }
    }
}

/// Bytes as words, the last filled up with zeros.
fn words<const WORDS: usize>(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(8)) {
        *word = bytes.iter().rev().fold(0, |word, &byte| (word << 8) | u64::from(byte));
    }
    words
}
