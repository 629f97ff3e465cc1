//! One time for each client, in order.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::clock::Time;

/// Entries beyond twice the clients that may be out of date.
const SLACK: usize = 1024;

/// Times of clients. Who sets a new time for a client leaves the old one behind, so an entry says
/// only that it is worth a look. Entries are bounded by the number of clients all the same.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, u32)>>,
}

impl Timers {
    /// Sets a time of one of `clients` clients. Throws away what is not `current` if much may be.
    pub(super) fn set(&mut self, client: u32, at: Time, clients: usize, current: impl Fn(u32, Time) -> bool) {
        if self.heap.len() > 2 * clients + SLACK {
            self.heap.retain(|Reverse((at, client))| current(*client, *at));
        }
        self.heap.push(Reverse((at, client)));
    }

    /// The first time.
    pub(super) fn wake(&self) -> Time {
        self.heap.peek().map_or(Time::NEVER, |Reverse((at, _))| *at)
    }

    /// Takes the first entry if its time has come at `now`.
    pub(super) fn pop(&mut self, now: Time) -> Option<(u32, Time)> {
        let Reverse((at, client)) = self.heap.peek().copied().filter(|Reverse((at, _))| *at <= now)?;
        self.heap.pop();
        Some((client, at))
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.heap = BinaryHeap::new();
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}
