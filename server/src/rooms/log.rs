//! The messages of a room that some member has yet to take. Pure.

use std::{collections::VecDeque, ops::Range};

use frames::{Header, Kind, Message};

use crate::misbehaviour::Origin;

/// Bytes of memory that an empty log keeps for the next messages.
const KEPT: usize = 16 * 1024;

/// A message that is broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broadcast<'a> {
    pub(crate) message: Message<'a>,
    pub(crate) origin: Origin,
    /// The read that completed it. No two reads of a thread have the same number.
    pub(crate) read: u64,
}

/// Messages as frames, one after another, so that a member is sent any number of them with one
/// write and no copy. They are numbered from 0.
#[derive(Debug, Default)]
pub(super) struct MessageLog {
    bytes: Vec<u8>,
    entries: VecDeque<Entry>,
    /// Number of the first entry.
    first: u64,
    /// Where `bytes` begins in the stream of all frames of the room.
    begin: u64,
    /// Every member has taken the messages before this one.
    taken: u64,
    /// How many messages are kept although every member has taken them.
    keep: u32,
}

#[derive(Debug)]
struct Entry {
    /// The number of the member that sent it.
    member: u64,
    origin: Origin,
    read: u64,
    kind: Kind,
    /// Payload bytes.
    length: usize,
    /// Where its frame ends in the stream of all frames of the room.
    end: u64,
}

impl MessageLog {
    /// A log that keeps this many messages that every member has taken.
    pub(super) fn keeping(keep: u32) -> Self {
        Self { keep, ..Self::default() }
    }

    /// The number of the next message.
    pub(super) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Bytes of memory that all messages take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    /// Bytes of memory that those messages take that some member has yet to take.
    pub(super) fn held_bytes(&self) -> usize {
        let taken = self.index(self.taken).min(self.entries.len());
        self.bytes.len() - self.position(self.begin_of(taken)) + (self.entries.len() - taken) * size_of::<Entry>()
    }

    /// The number of the first kept message after the last that contains `text`. Of all that are
    /// kept if none contains it, or it is empty.
    pub(super) fn after(&self, text: &[u8]) -> u64 {
        let first = self.end().saturating_sub(self.keep.into()).max(self.first);
        let finder = memchr::memmem::Finder::new(text);
        let contains = |number: &u64| {
            let entry = &self.entries[self.index(*number)];
            let end = self.position(entry.end);
            finder.find(&self.bytes[end - entry.length..end]).is_some()
        };
        let found = (first..self.end()).rev().find(|number| !text.is_empty() && contains(number));
        found.map_or(first, |number| number + 1)
    }

    /// Adds a message of member number `member`.
    pub(super) fn push(&mut self, member: u64, broadcast: Broadcast<'_>) {
        let Broadcast { message: Message { kind, payload }, origin, read } = broadcast;
        let header = Header { last: true, reserved: 0, opcode: kind.into(), mask: None, length: payload.len() as u64 };
        let mut head = [0; Header::LONGEST];
        header.write(&mut head);
        self.bytes.extend_from_slice(&head[..header.size()]);
        self.bytes.extend_from_slice(payload);
        let end = self.begin + self.bytes.len() as u64;
        self.entries.push_back(Entry { member, origin, read, kind, length: payload.len(), end });
    }

    /// Messages `range`, except those of member `without`: how many, and their frames in as few
    /// pieces as possible.
    pub(super) fn frames(&self, range: Range<u64>, without: Option<u64>) -> impl Iterator<Item = (u64, &[u8])> {
        let mut rest = self.entries_of(range).peekable();
        std::iter::from_fn(move || {
            let is_left_out = |entry: &Entry| Some(entry.member) == without;
            while rest.next_if(|(_, entry)| is_left_out(entry)).is_some() {}
            let (begin, first) = rest.next()?;
            let (mut end, mut count) = (first.end, 1);
            while let Some((_, entry)) = rest.next_if(|(_, entry)| !is_left_out(entry)) {
                (end, count) = (entry.end, count + 1);
            }
            Some((count, &self.bytes[self.position(begin)..self.position(end)]))
        })
    }

    /// Messages `range`, except those of member `without`.
    pub(super) fn messages(&self, range: Range<u64>, without: Option<u64>) -> impl Iterator<Item = Broadcast<'_>> {
        self.entries_of(range).filter(move |(_, entry)| Some(entry.member) != without).map(|(_, entry)| {
            let end = self.position(entry.end);
            let payload = &self.bytes[end - entry.length..end];
            Broadcast { message: Message { kind: entry.kind, payload }, origin: entry.origin, read: entry.read }
        })
    }

    /// Every member has taken the messages before number `end`. Forgets those that need not be
    /// kept.
    pub(super) fn forget_before(&mut self, end: u64) {
        self.taken = self.taken.max(end);
        let kept = self.end().saturating_sub(self.keep.into());
        // What is kept is moved for each time, so much is forgotten at once.
        if self.keep == 0 || kept.saturating_sub(self.first) >= self.keep.into() {
            self.drop_before(end.min(kept));
        }
    }

    /// Forgets all messages that every member has taken.
    pub(super) fn forget_kept(&mut self) {
        self.drop_before(self.taken);
    }

    fn drop_before(&mut self, end: u64) {
        let count = self.index(end).min(self.entries.len());
        let Some(last) = self.entries.drain(..count).next_back() else { return };
        self.first += count as u64;
        if self.entries.is_empty() {
            self.begin = last.end;
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.entries.shrink_to(KEPT / size_of::<Entry>());
        } else {
            let sent = self.position(last.end);
            self.bytes.drain(..sent);
            self.begin = last.end;
        }
    }

    /// Each entry of `range` with the place where its frame begins.
    fn entries_of(&self, range: Range<u64>) -> impl Iterator<Item = (u64, &Entry)> {
        let (start, end) = (self.index(range.start), self.index(range.end));
        let mut begin = self.begin_of(start);
        self.entries.range(start..end).map(move |entry| (std::mem::replace(&mut begin, entry.end), entry))
    }

    /// Where the frame of an entry begins in the stream of all frames of the room.
    fn begin_of(&self, index: usize) -> u64 {
        index.checked_sub(1).map_or(self.begin, |before| self.entries[before].end)
    }

    fn index(&self, message: u64) -> usize {
        usize::try_from(message.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }

    /// Where a place in the stream of all frames is in `bytes`.
    fn position(&self, place: u64) -> usize {
        usize::try_from(place - self.begin).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broadcast(kind: Kind, message: u64, payload: &[u8]) -> Broadcast<'_> {
        let origin = Origin { peer: ([127, 0, 0, 1], 1).into(), message };
        Broadcast { message: Message { kind, payload }, origin, read: 0 }
    }

    /// A log of messages of these members: message 0 is `0`, message 1 is `11`, and so on.
    fn log(members: &[u64]) -> MessageLog {
        let mut log = MessageLog::default();
        for (number, &member) in (0..).zip(members) {
            let payload = vec![b'0' + number; usize::from(number) + 1];
            log.push(member, broadcast(Kind::Text, number.into(), &payload));
        }
        log
    }

    #[test]
    fn pieces_end_only_where_a_message_is_left_out() {
        let log = log(&[7, 8, 8, 7, 9]);
        let pieces = |range, without| -> Vec<(u64, Vec<u8>)> {
            log.frames(range, without).map(|(count, frames)| (count, frames.to_vec())).collect()
        };
        let frame =
            |number: u8| -> Vec<u8> { [vec![0x81, number + 1], vec![b'0' + number; usize::from(number) + 1]].concat() };
        let piece =
            |numbers: &[u8]| (numbers.len() as u64, numbers.iter().flat_map(|&n| frame(n)).collect::<Vec<u8>>());
        assert_eq!(pieces(0..5, None), [piece(&[0, 1, 2, 3, 4])]);
        assert_eq!(pieces(1..3, None), [piece(&[1, 2])]);
        assert_eq!(pieces(0..5, Some(7)), [piece(&[1, 2]), piece(&[4])]);
        assert_eq!(pieces(0..5, Some(8)), [piece(&[0]), piece(&[3, 4])]);
        assert_eq!(pieces(1..3, Some(8)), []);
        assert_eq!(pieces(5..5, None), []);
    }

    #[test]
    fn what_is_left_is_the_same_after_some_is_forgotten() {
        let mut log = log(&[7, 8, 8, 7, 9]);
        let whole = log.held_bytes();
        let payloads = |log: &MessageLog, range| -> Vec<(u64, Vec<u8>)> {
            let messages = log.messages(range, Some(7));
            messages.map(|broadcast| (broadcast.origin.message, broadcast.message.payload.to_vec())).collect()
        };
        log.forget_before(2);
        assert!(log.held_bytes() < whole);
        assert_eq!((log.end(), payloads(&log, 2..5)), (5, vec![(2, b"222".to_vec()), (4, b"44444".to_vec())]));
        assert_eq!(log.frames(4..5, None).next(), Some((1, &b"\x81\x0544444"[..])));
        log.forget_before(5);
        assert_eq!((log.end(), log.held_bytes()), (5, 0));
        log.push(1, broadcast(Kind::Binary, 0, b""));
        assert_eq!((log.end(), log.frames(5..6, None).next()), (6, Some((1, &b"\x82\0"[..]))));
    }

    #[test]
    fn what_everyone_took_is_kept_as_far_as_it_must_be() {
        let mut log = MessageLog::keeping(2);
        for number in 0..5_u8 {
            log.push(7, broadcast(Kind::Text, number.into(), &[b'0' + number; 3]));
            assert_eq!((log.held_bytes() > 0, log.after(b"?")), (true, u64::from(number).saturating_sub(1)));
            log.forget_before(log.end());
            assert_eq!(log.held_bytes(), 0);
        }
        let texts = |log: &MessageLog, from| -> Vec<String> {
            let messages = log.messages(from..log.end(), None);
            messages.map(|broadcast| String::from_utf8_lossy(broadcast.message.payload).into_owned()).collect()
        };
        assert_eq!(texts(&log, log.after(b"33")), ["444"]);
        assert_eq!(texts(&log, log.after(b"44")), [""; 0]);
        // The first ones are forgotten, so the text may have been in any of them.
        assert_eq!([&b"22"[..], b"", b"?"].map(|text| texts(&log, log.after(text))), [["333", "444"]; 3]);
        assert!((2..=4).contains(&log.entries.len()));
        log.forget_kept();
        assert_eq!((log.bytes(), log.end(), log.after(b"44")), (0, 5, 5));
    }

    #[test]
    fn what_someone_has_yet_to_take_is_never_forgotten() {
        let mut log = MessageLog::keeping(1);
        for number in 0..5_u8 {
            log.push(7, broadcast(Kind::Text, number.into(), b"x"));
            log.forget_before(1);
        }
        assert_eq!((log.messages(1..5, None).count(), log.held_bytes() > 0), (4, true));
        log.forget_kept();
        assert_eq!(log.messages(1..5, None).count(), 4);
    }
}
