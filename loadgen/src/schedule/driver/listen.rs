//! Clients only listen. Nothing is ever due.

use crate::clock::Time;

/// Keeps the load on for a time in which nothing is due.
#[derive(Debug)]
pub(crate) struct ListenDriver {
    /// Length of the measured phase in nanoseconds.
    length: u64,
    end: Time,
}

impl ListenDriver {
    /// Listens for `length` nanoseconds after the warm-up. With 0, other groups end the phase.
    pub(crate) fn new(length: u64) -> Self {
        Self { length, end: Time::NEVER }
    }

    pub(super) fn begin(&mut self, start: Time, warmup: u64) {
        self.end = start.plus(warmup.saturating_add(self.length));
    }

    pub(super) fn end(&self) -> Time {
        self.end
    }

    pub(super) fn wake(&self) -> Time {
        self.end
    }

    pub(super) fn is_over(&self, now: Time) -> bool {
        now >= self.end
    }

    pub(super) fn cut(&mut self, now: Time) {
        self.end = self.end.min(now);
    }
}
