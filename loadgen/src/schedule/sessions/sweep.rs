//! What goes over all clients of a share in the order of their indices.

use std::{num::NonZeroU32, time::Duration};

use crate::{
    clock::{Time, nanos},
    plan::{Sessions, Share},
};

/// The first openings of clients that open while the load goes on: evenly over the ramp.
#[derive(Debug)]
pub(super) struct FirstOpenings {
    /// Nanoseconds from the start of the measured phase.
    start: u64,
    ramp: u64,
    clients: u32,
    share: Share,
    next: usize,
}

impl FirstOpenings {
    pub(super) fn new(rules: &Sessions, share: &Share, clients: NonZeroU32) -> Self {
        let [start, ramp] = [rules.start, rules.ramp].map(|time| time.map_or(0, nanos));
        let next = if rules.opens_later() { share.slots.start } else { share.slots.end };
        Self { start, ramp, clients: clients.get(), share: share.clone(), next }
    }

    /// When the next client is to open.
    pub(super) fn wake(&self, measured_from: Time) -> Time {
        if self.next == self.share.slots.end {
            return Time::NEVER;
        }
        let after = part(self.ramp, self.share.index(self.next).into(), self.clients);
        measured_from.plus(self.start).plus(after)
    }

    /// The next client, if its time has come at `now`.
    pub(super) fn next(&mut self, now: Time, measured_from: Time) -> Option<usize> {
        (self.wake(measured_from) <= now && self.next < self.share.slots.end).then(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

/// Cuts from time to time: each client has a grid of its own. The grids are spread evenly, so that
/// the cuts of a group are, too.
#[derive(Debug)]
pub(super) struct DropGrid {
    /// Nanoseconds.
    every: u64,
    clients: u32,
    share: Share,
    round: u64,
    next: usize,
}

impl DropGrid {
    pub(super) fn new(every: Duration, share: &Share, clients: NonZeroU32) -> Self {
        Self { every: nanos(every), clients: clients.get(), share: share.clone(), round: 0, next: share.slots.start }
    }

    /// When the next client is to be cut. The first of a group of `n` is after one `n`th of the
    /// time, the last after all of it.
    pub(super) fn wake(&self, measured_from: Time) -> Time {
        if self.share.is_empty() {
            return Time::NEVER;
        }
        let after = part(self.every, u64::from(self.share.index(self.next)) + 1, self.clients);
        measured_from.plus(self.every.saturating_mul(self.round)).plus(after)
    }

    /// The next client, if its time has come at `now`.
    pub(super) fn next(&mut self, now: Time, measured_from: Time) -> Option<usize> {
        let due = self.wake(measured_from);
        (due <= now && due < Time::NEVER).then(|| {
            let slot = self.next;
            self.next += 1;
            if self.next == self.share.slots.end {
                (self.next, self.round) = (self.share.slots.start, self.round + 1);
            }
            slot
        })
    }
}

/// The first whole nanosecond not before `count` of `parts` equal parts of `nanos`.
fn part(nanos: u64, count: u64, parts: u32) -> u64 {
    let product = u128::from(nanos) * u128::from(count);
    u64::try_from(product.div_ceil(parts.into())).unwrap_or(u64::MAX)
}
