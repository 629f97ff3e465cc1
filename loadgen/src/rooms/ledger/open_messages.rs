//! Messages that have come to some receivers, and have not come to all.

use std::collections::VecDeque;

use crate::clock::Time;

/// A message that has come to some receivers, and has not come to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenMessage {
    /// When it came to the first.
    pub(super) first: Time,
    /// When it came to the last so far.
    pub(super) last: Time,
    pub(super) sequence: u32,
    /// Receivers that it may still come to.
    pub(super) left: u32,
}

/// The open messages of one sender, in the order of their sequences. 24 bytes each.
#[derive(Debug, Default)]
pub(super) struct OpenMessages(VecDeque<OpenMessage>);

impl OpenMessages {
    /// A receiver heard message `sequence` at `at`. If nobody had, it may come to `left` receivers,
    /// this one included. Returns it once nobody is left.
    #[inline]
    pub(super) fn heard(&mut self, sequence: u32, at: Time, left: impl FnOnce() -> u32) -> Option<OpenMessage> {
        match self.find(sequence) {
            Ok(index) => {
                let open = &mut self.0[index];
                (open.first, open.last) = (open.first.min(at), open.last.max(at));
                self.less(index)
            }
            Err(index) => {
                let open = OpenMessage { first: at, last: at, sequence, left: left().saturating_sub(1) };
                if open.left == 0 {
                    return Some(open);
                }
                self.0.insert(index, open);
                None
            }
        }
    }

    /// Message `sequence` will not come to one of its receivers, if it is open. Returns it once
    /// nobody is left.
    pub(super) fn not_heard(&mut self, sequence: u32) -> Option<OpenMessage> {
        let index = self.find(sequence).ok()?;
        self.less(index)
    }

    /// Whether none is open.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sequences of the open messages.
    pub(super) fn sequences(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|open| open.sequence)
    }

    /// Forgets all others.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.0.retain(|open| keep(open.sequence));
    }

    /// Takes all that are open.
    pub(super) fn take(&mut self) -> impl Iterator<Item = OpenMessage> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }

    #[inline]
    fn less(&mut self, index: usize) -> Option<OpenMessage> {
        let open = &mut self.0[index];
        open.left -= 1;
        if open.left > 0 {
            return None;
        }
        self.0.remove(index)
    }

    /// The place of message `sequence`, or where it would be.
    #[inline]
    fn find(&self, sequence: u32) -> Result<usize, usize> {
        // The last one is the one that is being sent to its receivers now.
        match self.0.back() {
            None => Err(0),
            Some(last) if last.sequence == sequence => Ok(self.0.len() - 1),
            Some(last) if last.sequence < sequence => Err(self.0.len()),
            Some(_) => self.0.binary_search_by_key(&sequence, |open| open.sequence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    #[test]
    fn a_message_is_open_until_nobody_is_left() {
        let mut open = OpenMessages::default();
        assert_eq!(open.heard(4, at(10), || 3), None);
        assert_eq!(open.heard(2, at(11), || 2), None);
        assert_eq!(open.heard(4, at(12), || panic!("it is open")), None);
        assert_eq!(open.sequences().collect::<Vec<_>>(), [2, 4]);
        assert_eq!(open.not_heard(3), None);
        assert_eq!(open.not_heard(4), Some(OpenMessage { first: at(10), last: at(12), sequence: 4, left: 0 }));
        assert_eq!(open.heard(7, at(13), || 1).map(|open| open.sequence), Some(7), "the only receiver");
        assert_eq!(open.take().map(|open| (open.sequence, open.left)).collect::<Vec<_>>(), [(2, 1)]);
    }

    #[test]
    fn it_is_small() {
        assert_eq!(size_of::<OpenMessage>(), 24);
    }
}
