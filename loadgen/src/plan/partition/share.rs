//! The clients of one group that one worker has.

use std::{num::NonZeroU32, ops::Range};

/// The clients of one group that one worker has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Their slots on the worker.
    pub slots: Range<usize>,
    /// Index within the group of the first of them.
    pub first: u32,
    /// Clients in a row: from one multiple of this to the next.
    pub block: NonZeroU32,
    /// From the first index of one block to that of the next.
    pub step: NonZeroU32,
}

impl Share {
    /// Whether the worker has no client of the group.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Index within the group of the client in a slot of the share.
    pub fn index(&self, slot: usize) -> u32 {
        let within = self.first % self.block;
        let nth = u32::try_from(slot - self.slots.start).unwrap_or(u32::MAX) + within;
        self.first - within + nth / self.block * self.step.get() + nth % self.block
    }

    /// Slot of the client with this index, which is one of the share.
    pub fn slot(&self, index: u32) -> usize {
        let within = self.first % self.block;
        let beyond = index - (self.first - within);
        let nth = beyond / self.step * self.block.get() + beyond % self.step;
        self.slots.start + (nth - within) as usize
    }

    /// Indices within the group of its clients.
    pub fn indices(&self) -> impl Iterator<Item = u32> {
        self.slots.clone().map(|slot| self.index(slot))
    }
}
