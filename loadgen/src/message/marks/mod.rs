//! Finds marks in an event.
//!
//! A mark is a text header without a body: 53 printable bytes that name a message (`generated/`).
//! Its checksum covers itself alone, so it is whole or not, whatever a server did with the rest.
//! JSON leaves its bytes as they are, but allows an escape such as `\u0031` for any of them. So
//! where such an escape is, the text without escapes is searched.

mod unescape;

use std::sync::LazyLock;

use memchr::memmem::Finder;

use self::unescape::unescape;
use super::{
    MessageHeader,
    generated::{TEXT_COVERED, TEXT_HEADER, parse_digits, parse_text},
};

/// Bytes of a mark.
pub const MARK: usize = TEXT_HEADER;

/// Broken marks that are kept of one event. Bounds what a server can cause.
const BROKEN_KEPT: usize = 16;

/// The magic of a mark, and what begins an escape that may stand for one of a mark's bytes. Built
/// once, as building takes longer than a search.
static MAGIC: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("lg1:"));
static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\\u00"));

/// A mark in an event, with a right checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeMark {
    /// The message that it names. May be of any run and client.
    pub header: MessageHeader,
    /// Where it begins in the event; in the event without escapes if that was searched.
    pub at: usize,
}

/// What begins like a mark and is none: cut short, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenMark {
    bytes: [u8; MARK],
    len: usize,
}

impl BrokenMark {
    /// As many bytes from its beginning on as a mark has, or fewer at the end of the event. What
    /// follows a mark that was cut short is among them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The client that it names, if that can be read.
    pub fn client(&self) -> Option<u32> {
        self.field(22, 8).and_then(|client| u32::try_from(client).ok())
    }

    /// The sequence that it names, if that can be read.
    pub fn sequence(&self) -> Option<u64> {
        self.field(31, 12)
    }

    /// The `digits` digits at `at`, if a colon stands before them and all before it are digits or
    /// colons where they belong.
    fn field(&self, at: usize, digits: usize) -> Option<u64> {
        let before = self.bytes().get(4..at)?;
        let as_they_belong = before.iter().zip(4..).all(|(byte, at)| match at {
            12 | 21 | 30 => *byte == b':',
            _ => byte.is_ascii_hexdigit(),
        });
        parse_digits(self.bytes().get(at..at + digits).filter(|_| as_they_belong)?)
    }
}

/// The marks of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    first: Option<WholeMark>,
    more: Vec<WholeMark>,
    broken: Vec<BrokenMark>,
}

impl Marks {
    /// Finds the marks in `event`, in time in proportion to its length.
    #[inline]
    pub fn of(event: &[u8]) -> Self {
        if has_escapes(event) { Self::in_text(&unescape(event)) } else { Self::in_text(event) }
    }

    fn in_text(text: &[u8]) -> Self {
        let (mut marks, mut at) = (Self::default(), 0);
        while let Some(found) = MAGIC.find(&text[at..]) {
            at += found;
            let rest = &text[at..];
            if let Some(header) = whole(rest) {
                marks.add(WholeMark { header, at });
                at += MARK;
            } else {
                marks.add_broken(rest);
                at += 4;
            }
        }
        marks.drop_repeated();
        marks
    }

    /// Whole marks, in the order in which they stand there. A message is named once, however often
    /// its mark is there.
    pub fn whole(&self) -> impl Iterator<Item = WholeMark> {
        self.first.into_iter().chain(self.more.iter().copied())
    }

    /// The only whole mark, if there is exactly one.
    #[inline]
    pub fn only(&self) -> Option<WholeMark> {
        self.first.filter(|_| self.more.is_empty())
    }

    /// The first of the broken marks, in the order in which they stand there.
    pub fn broken(&self) -> &[BrokenMark] {
        &self.broken
    }

    #[inline]
    fn add(&mut self, mark: WholeMark) {
        match self.first {
            None => self.first = Some(mark),
            Some(first) if first.header == mark.header => {}
            Some(_) => self.more.push(mark),
        }
    }

    #[cold]
    fn add_broken(&mut self, rest: &[u8]) {
        if self.broken.len() < BROKEN_KEPT {
            let (mut bytes, len) = ([0; MARK], rest.len().min(MARK));
            bytes[..len].copy_from_slice(&rest[..len]);
            self.broken.push(BrokenMark { bytes, len });
        }
    }

    fn drop_repeated(&mut self) {
        if self.more.len() > 1 {
            let key = |mark: &WholeMark| (mark.header.run, mark.header.client, mark.header.sequence);
            self.more.sort_unstable_by_key(|mark| (key(mark), mark.at));
            self.more.dedup_by_key(|mark| key(mark));
            self.more.sort_unstable_by_key(|mark| mark.at);
        }
    }
}

/// Whether `event` has escapes that may stand for bytes of a mark.
#[inline]
fn has_escapes(event: &[u8]) -> bool {
    // Most events have no backslash, and to look for one byte is faster.
    memchr::memchr(b'\\', event).is_some_and(|at| ESCAPE.find(&event[at..]).is_some())
}

/// The bytes of what may be the mark of an event, if nothing else there may be one. Checks nothing.
#[inline]
pub(crate) fn only_mark(event: &[u8]) -> Option<&[u8]> {
    let at = MAGIC.find(event)?;
    let (mark, behind) = event[at..].split_at_checked(MARK)?;
    (MAGIC.find(behind).is_none() && !has_escapes(event)).then_some(mark)
}

/// The message that the mark at the beginning of `text` names, if it is whole.
#[inline]
fn whole(text: &[u8]) -> Option<MessageHeader> {
    let mark = text.first_chunk::<MARK>()?;
    let header = parse_text(mark)?;
    let checksum = parse_digits(&mark[4..12])?;
    let right = header.length as usize == MARK && checksum == u64::from(crc32c::crc32c(&mark[TEXT_COVERED..]));
    right.then_some(header)
}

#[cfg(test)]
mod tests;
