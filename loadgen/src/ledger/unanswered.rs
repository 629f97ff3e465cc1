//! Messages that had no answer when a connection of their client ended. They may come on the next.

use super::ranges::Ranges;

/// Ranges that are remembered of a client. Bounds memory at 512 bytes. What is forgotten counts as
/// unanswered: nobody is blamed for what nobody knows.
const KEPT: usize = 64;

/// The messages of a client that had no answer when their connection ended.
#[derive(Clone, Debug, Default)]
pub(super) struct UnansweredMessages {
    sequences: Ranges,
    /// What is known of lower sequences was forgotten.
    known_from: u32,
    /// There was one whose sequence takes more than 32 bits. Of those nothing else is known.
    beyond: bool,
}

impl UnansweredMessages {
    /// Remembers a message, the next after those that it has.
    pub(super) fn add(&mut self, sequence: u64) {
        let Ok(sequence) = u32::try_from(sequence) else {
            self.beyond = true;
            return;
        };
        self.sequences.insert(sequence);
        if self.sequences.ranges() > KEPT
            && let Some(oldest) = self.sequences.pop_first()
        {
            self.known_from = oldest.end;
        }
    }

    /// Takes a message out. True if it was there, or may have been.
    pub(super) fn take(&mut self, sequence: u64) -> bool {
        let Ok(sequence) = u32::try_from(sequence) else { return self.beyond };
        self.sequences.remove(sequence) || sequence < self.known_from
    }

    /// Whether a message is there, or may have been.
    pub(super) fn contains(&self, sequence: u64) -> bool {
        u32::try_from(sequence).map_or(true, |sequence| sequence < self.known_from || self.sequences.contains(sequence))
    }

    /// Those that are known, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.sequences.iter().flatten().map(u64::from)
    }

    /// Ranges that memory is allocated for.
    pub(super) fn capacity(&self) -> usize {
        self.sequences.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once() {
        let mut unanswered = UnansweredMessages::default();
        for sequence in [3, 4, 5, 9] {
            unanswered.add(sequence);
        }
        assert!(unanswered.iter().eq([3, 4, 5, 9]));
        assert!(unanswered.contains(4) && unanswered.take(4) && !unanswered.contains(4) && !unanswered.take(4));
        assert!(!unanswered.take(6) && unanswered.take(9) && unanswered.take(3) && unanswered.take(5));
        assert_eq!(unanswered.iter().count(), 0);
    }

    #[test]
    fn what_is_forgotten_may_have_been_there() {
        let mut unanswered = UnansweredMessages::default();
        (0..1000).for_each(|n| unanswered.add(2 * n));
        assert!(unanswered.capacity() <= 2 * KEPT);
        let known = 2 * (1000 - KEPT as u64);
        assert!(unanswered.iter().eq((known..2000).step_by(2)));
        assert!(unanswered.take(7) && unanswered.take(known) && !unanswered.take(known + 1));
        assert!(!unanswered.take(1 << 32));
        unanswered.add(1 << 32);
        assert!(unanswered.take(1 << 32) && unanswered.contains(1 << 32), "it has no place");
    }
}
