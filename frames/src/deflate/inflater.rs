//! The receiver's side.

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{TAIL, context::Context, parameters::DeflateParameters, shared::with_inflate, window_bits::WindowBits};
use crate::{settings::Role, violation::Violation};

/// [`TAIL`], and a byte that is not taken if the message ends where a block ends.
const TAIL_AND_ONE: [u8; TAIL.len() + 1] = [TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0];

/// Nothing of it is taken.
const TAKEN_NOTHING: usize = TAIL_AND_ONE.len();

/// Least bytes of room for what is inflated.
const LEAST_ROOM: usize = 256;

/// The bits of the largest window of which only the bytes are kept. To copy them to zlib takes less
/// than a microsecond a message. What zlib would keep has 47 KiB.
const SMALL: u8 = 13;

/// Most ends of blocks in a row for which no byte is taken. The bits that are left of a byte hold
/// two blocks at most, of three bits each.
const BLOCKS_IN_A_BYTE: u32 = 8;

/// Inflates the messages that one end receives.
///
/// It takes memory with its first message. See the table of [its module](super).
pub struct Inflater {
    context: Context<Inflate>,
}

impl Inflater {
    /// The decompressor of what `receiver` receives.
    pub fn new(parameters: DeflateParameters, receiver: Role) -> Self {
        let sender = match receiver {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        let (window_bits, alone) = (parameters.window_bits(sender), parameters.no_context_takeover(sender));
        Self { context: Context::new(window_bits, alone, SMALL) }
    }

    /// Bytes of memory that it keeps.
    pub fn held(&self) -> usize {
        self.context.held(47 << 10)
    }

    /// Inflates a message. Appends it to `out`, at most `limit` bytes.
    ///
    /// It takes two messages that the RFC does not have, but that are sent, and whose meaning is
    /// clear: one without any byte is empty, and one may end after its last block (BFINAL) without
    /// the byte of section 7.2.3.4.
    ///
    /// # Errors
    /// [`Violation::Inflate`]: it is no DEFLATE, refers to bytes before the window, or does not end
    /// where a block ends. [`Violation::MessageTooBig`]: it has more than `limit` bytes. What was
    /// inflated until then is in `out`. Don't call this again after an error.
    pub fn inflate(&mut self, compressed: &[u8], limit: u64, out: &mut Vec<u8>) -> Result<(), Violation> {
        let (end, result) = self.inflate_at(compressed, limit, out, out.len());
        out.truncate(end);
        result
    }

    /// Inflates a message into `space`, from `begin` on. Lengthens it as needed. Returns where the
    /// message ends.
    pub(crate) fn inflate_at(
        &mut self,
        compressed: &[u8],
        limit: u64,
        space: &mut Vec<u8>,
        begin: usize,
    ) -> (usize, Result<(), Violation>) {
        if compressed.is_empty() {
            return (begin, Ok(()));
        }
        let mut run = |stream: &mut Inflate| {
            let mut message = Inflating { stream, space, begin, restarted: None, end: begin, limit };
            let result = message.run(compressed);
            (message.restarted, message.end, result)
        };
        let (_, end, result) = match &mut self.context {
            Context::None => with_inflate(stream, &mut run),
            Context::Stream(kept) => run(kept.get_or_insert_with(stream)),
            Context::Window(window) => {
                let (restarted, end, result) = with_inflate(stream, |stream| {
                    if !window.bytes().is_empty() {
                        stream.set_dictionary(window.bytes()).expect("a stream without a header takes it");
                    }
                    run(stream)
                });
                if restarted.is_some() {
                    window.clear();
                }
                window.add(&space[restarted.unwrap_or(begin)..end]);
                (restarted, end, result)
            }
        };
        (end, result)
    }
}

/// A stream without a header, as each message continues it. A smaller window would take as much
/// memory.
fn stream() -> Inflate {
    Inflate::new(false, WindowBits::MOST.get())
}

/// A message on its way.
struct Inflating<'a> {
    stream: &'a mut Inflate,
    space: &'a mut Vec<u8>,
    begin: usize,
    /// Where the window begins, if it begins within this message.
    restarted: Option<usize>,
    end: usize,
    limit: u64,
}

/// Why the decompressor stopped.
#[derive(PartialEq, Eq)]
enum Stop {
    /// At the end of a block, or of the input.
    Block,
    /// After the last block of its stream.
    Last,
}

impl Inflating<'_> {
    /// Begins a stream anew after its last block. The window goes with it, as in browsers.
    fn restart(&mut self) {
        self.stream.reset(false);
        self.restarted = Some(self.end);
    }

    fn run(&mut self, compressed: &[u8]) -> Result<(), Violation> {
        self.grow(compressed.len().saturating_mul(3));
        let mut rest = compressed;
        while !rest.is_empty() {
            if self.step(&mut rest)? == Stop::Last {
                self.restart();
                if rest.is_empty() {
                    return Ok(());
                }
            }
        }
        let mut rest = TAIL_AND_ONE.as_slice();
        loop {
            let stop = self.step(&mut rest)?;
            match (rest.len(), stop) {
                (1, Stop::Block) => return Ok(()),
                // The last block is that of the tail, or it ended with the message.
                (1 | TAKEN_NOTHING, Stop::Last) => {
                    self.restart();
                    return Ok(());
                }
                (0, _) | (_, Stop::Last) => return Err(Violation::Inflate),
                (_, Stop::Block) => {}
            }
        }
    }

    /// Inflates to the next end of a block, or all of `rest`.
    fn step(&mut self, rest: &mut &[u8]) -> Result<Stop, Violation> {
        let mut idle = 0;
        loop {
            let (taken, written) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(rest, &mut self.space[self.end..], InflateFlush::Block);
            let taken = count(self.stream.total_in() - taken);
            let written = count(self.stream.total_out() - written);
            *rest = &rest[taken..];
            self.end += written;
            if (self.end - self.begin) as u64 > self.limit {
                self.end = self.begin + count(self.limit);
                return Err(Violation::MessageTooBig { length: self.limit + 1, limit: self.limit });
            }
            match status {
                Ok(Status::StreamEnd) => return Ok(Stop::Last),
                Ok(Status::Ok | Status::BufError) if self.end == self.space.len() => self.grow(self.end - self.begin),
                Ok(Status::Ok | Status::BufError) if taken > 0 || written > 0 || rest.is_empty() => {
                    return Ok(Stop::Block);
                }
                Ok(Status::Ok | Status::BufError) if idle < BLOCKS_IN_A_BYTE => idle += 1,
                Ok(_) | Err(_) => return Err(Violation::Inflate),
            }
        }
    }

    /// Makes room for `more` bytes, and for no more than one beyond the limit.
    fn grow(&mut self, more: usize) {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX).saturating_add(1).saturating_add(self.begin);
        let length = self.end.saturating_add(more.max(LEAST_ROOM)).min(most);
        if self.space.len() < length {
            self.space.resize(length, 0);
        }
    }
}

/// A number of bytes that are in memory.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).expect("no more than a buffer has")
}

impl fmt::Debug for Inflater {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Inflater").finish_non_exhaustive()
    }
}
