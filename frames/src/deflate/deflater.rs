//! The sender's side.

use std::fmt;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::{
    EMPTY, TAIL, context::Context, parameters::DeflateParameters, shared::with_deflate, window_bits::WindowBits,
};
use crate::settings::Role;

/// The fastest level of zlib, 1.
///
/// Browsers use the default, 6. It takes seven to fifteen times as long, which a generator of load
/// does not have. Messages like the ones before them get as short with 1. Long ones, unlike the
/// ones before them, get up to twice as long.
const LEVEL: i32 = 1;

/// The level of memory for symbols that are not written yet: 2048 of them, 14 KiB. The default of
/// zlib, 8, would take 112 KiB to compress long messages a little better.
const MEMORY_LEVEL: i32 = 5;

/// The bits of the largest window of which only the bytes are kept. To enter them into the tables
/// of zlib takes five microseconds a message, as long as to compress it without a window. What zlib
/// would keep has 140 KiB at least.
const SMALL: u8 = 11;

/// Bytes that a message of any length may take beyond the bound, which is for a stream without
/// flushes.
const FLUSH: usize = 64;

/// Compresses the messages that one end sends.
///
/// It takes memory with its first message. See the table of [its module](super).
pub struct Deflater {
    context: Context<Deflate>,
    window_bits: WindowBits,
}

impl Deflater {
    /// The compressor of what `sender` sends.
    pub fn new(parameters: DeflateParameters, sender: Role) -> Self {
        let window_bits = parameters.window_bits(sender);
        Self { context: Context::new(window_bits, parameters.no_context_takeover(sender), SMALL), window_bits }
    }

    /// Compresses a message. Appends it to `out`.
    pub fn compress(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let end = self.compress_at(payload, out, out.len());
        out.truncate(end);
    }

    /// Bytes of memory that it keeps.
    pub fn held(&self) -> usize {
        // Two windows of bytes and one of positions, tables for hashes, and symbols.
        self.context.held((146 << 10) + (4 << self.window_bits.get().max(9)))
    }

    /// Frees the window. The next message refers to none before it, which is always lawful.
    pub fn release(&mut self) {
        self.context.release();
    }

    /// Compresses a message into `space`, from `begin` on. Lengthens it as needed. Returns where
    /// the message ends.
    pub(crate) fn compress_at(&mut self, payload: &[u8], space: &mut Vec<u8>, begin: usize) -> usize {
        if payload.is_empty() {
            space.resize(space.len().max(begin + 1), 0);
            space[begin] = EMPTY;
            return begin + 1;
        }
        let bits = self.window_bits;
        match &mut self.context {
            Context::None => with_deflate(bits, stream, |stream| run(stream, payload, space, begin)),
            Context::Window(window) => with_deflate(bits, stream, |stream| {
                if !window.bytes().is_empty() {
                    stream.set_dictionary(window.bytes()).expect("a stream that has not begun takes it");
                }
                window.add(payload);
                run(stream, payload, space, begin)
            }),
            Context::Stream(kept) => run(kept.get_or_insert_with(|| stream(bits)), payload, space, begin),
        }
    }
}

/// Compresses a message that is not empty.
fn run(stream: &mut Deflate, payload: &[u8], space: &mut Vec<u8>, begin: usize) -> usize {
    let (mut rest, mut end) = (payload, begin);
    let mut room = zlib_rs::compress_bound(payload.len()) + FLUSH;
    loop {
        if space.len() < end + room {
            space.resize(end + room, 0);
        }
        let (taken, written) = (stream.total_in(), stream.total_out());
        let done = stream.compress(rest, &mut space[end..], DeflateFlush::SyncFlush);
        assert!(matches!(done, Ok(Status::Ok | Status::BufError)), "memory takes everything: {done:?}");
        rest = &rest[count(stream.total_in() - taken)..];
        end += count(stream.total_out() - written);
        // A flush is complete if it leaves some room.
        if end < space.len() {
            break;
        }
        room = FLUSH;
    }
    end -= TAIL.len();
    debug_assert_eq!(space[end..][..TAIL.len()], TAIL);
    debug_assert!(rest.is_empty());
    end
}

/// A stream without a header, as each message continues it.
fn stream(window_bits: WindowBits) -> Deflate {
    // zlib has no window of 2^8 bytes. With one of 2^9 it refers to at most 2^9 - 262 bytes before.
    let bits = i32::from(window_bits.get().max(9));
    let config = DeflateConfig { window_bits: -bits, mem_level: MEMORY_LEVEL, ..DeflateConfig::new(LEVEL) };
    Deflate::new_with_config(config)
}

fn count(bytes: u64) -> usize {
    usize::try_from(bytes).expect("no more than a buffer has")
}

impl fmt::Debug for Deflater {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Deflater").field("window_bits", &self.window_bits).finish_non_exhaustive()
    }
}
