//! Which clients of a worker send, and by what number the schedule knows them.

use std::sync::Arc;

use crate::plan::Share;

/// The clients of one group on a worker that send. The schedule knows a client by its index in the
/// group or, where only some of the group send, by how many of those are before it.
#[derive(Clone, Debug)]
pub enum Senders {
    /// All clients of the share.
    All(Share),
    /// Some clients: the number in the schedule of each and its slot, in order.
    Some(Arc<[(u32, usize)]>),
}

impl From<Share> for Senders {
    fn from(share: Share) -> Self {
        Self::All(share)
    }
}

impl Senders {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::All(share) => share.slots.len(),
            Self::Some(some) => some.len(),
        }
    }

    /// The number in the schedule of one of them, counted from 0.
    pub(super) fn number(&self, nth: u32) -> u32 {
        match self {
            Self::All(share) => share.index(share.slots.start + nth as usize),
            Self::Some(some) => some[nth as usize].0,
        }
    }

    /// Their numbers in the schedule.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..).take(self.count()).map(|nth| self.number(nth))
    }

    /// Slot of the client that the schedule knows by this number, which is one of them.
    #[inline]
    pub fn slot(&self, number: u32) -> usize {
        match self {
            Self::All(share) => share.slot(number),
            Self::Some(some) => some[some.partition_point(|(of, _)| *of < number)].1,
        }
    }
}

/// Goes through the numbers of senders, round after round.
#[derive(Clone, Debug)]
pub(super) enum Round {
    /// `block` numbers in a row, then a `gap`, from `first` to before `beyond`.
    Blocks {
        first: u32,
        beyond: u32,
        block: u32,
        gap: u32,
        /// Numbers in a row from `first` on, and from the current one on.
        first_row: u32,
        row: u32,
    },
    Listed {
        senders: Arc<[(u32, usize)]>,
        at: usize,
    },
}

impl Round {
    /// The rounds of these senders, and the first number; none without senders.
    pub(super) fn new(senders: &Senders) -> Option<(Self, u32)> {
        match senders {
            Senders::All(share) => {
                let (first, block) = (share.first, share.block.get());
                let (beyond, row) = (share.index(share.slots.clone().next_back()?) + 1, block - first % block);
                let gap = share.step.get() - block;
                Some((Self::Blocks { first, beyond, block, gap, first_row: row, row }, first))
            }
            Senders::Some(some) => Some((Self::Listed { senders: Arc::clone(some), at: 0 }, some.first()?.0)),
        }
    }

    /// The number after `number`; none if the next round begins.
    #[inline]
    pub(super) fn after(&mut self, number: u32) -> Option<u32> {
        match self {
            &mut Self::Blocks { beyond, block, gap, ref mut row, .. } => {
                let mut next = number.saturating_add(1);
                *row -= 1;
                if *row == 0 {
                    next = next.saturating_add(gap);
                    *row = block;
                }
                (next < beyond).then_some(next)
            }
            Self::Listed { senders, at } => {
                *at += 1;
                senders.get(*at).map(|(number, _)| *number)
            }
        }
    }

    /// Begins the next round. Returns its first number.
    #[inline]
    pub(super) fn restart(&mut self) -> u32 {
        match self {
            Self::Blocks { first, first_row, row, .. } => {
                *row = *first_row;
                *first
            }
            Self::Listed { senders, at } => {
                *at = 0;
                senders[0].0
            }
        }
    }
}
