//! The measured phase of a worker: when it is, and the processor time in it.

use super::recorder::Window;
use crate::clock::{Clock, Time};

/// The measured phase of a worker. It is kept here, and the recorders follow.
#[derive(Debug)]
pub(super) struct MeasuredPhase {
    pub(super) window: Window,
    /// Processor time and time spent spinning when it began.
    began: Option<Usage>,
    /// Both within it, once it is over.
    pub(super) used: Option<Usage>,
    /// Time spent spinning so far.
    pub(super) spun: u64,
    /// When spinning began that has found nothing yet.
    pub(super) spinning: Option<Time>,
}

/// Processor time of the thread and the part spent spinning, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) cpu: u64,
    pub(super) spun: u64,
}

impl MeasuredPhase {
    pub(super) fn new() -> Self {
        let window = Window { from: Time::NEVER, to: Time::NEVER };
        Self { window, began: None, used: None, spun: 0, spinning: None }
    }

    /// Whether it may be cut short at `now`.
    pub(super) fn is_planned_after(&self, now: Time) -> bool {
        self.window.from < Time::NEVER && now < self.window.to
    }

    /// Lets it end at `to`. If stopped in the warm-up, nothing was measured.
    pub(super) fn end(&mut self, to: Time) {
        self.window = Window { from: self.window.from.min(to), to };
    }

    /// Notes that a turn began at `now`. Reads the processor time at the beginning and at the end.
    /// Rates are divided by it, so work outside must not count.
    #[inline]
    pub(super) fn turn(&mut self, now: Time, clock: &impl Clock) {
        if self.began.is_none() && now >= self.window.from {
            self.began = Some(self.usage(clock));
        }
        if now >= self.window.to {
            self.over(clock);
        }
    }

    /// The load is over. Work from now on does not count.
    pub(super) fn over(&mut self, clock: &impl Clock) {
        if let Some(Usage { cpu, spun }) = self.began.filter(|_| self.used.is_none()) {
            let now = self.usage(clock);
            self.used = Some(Usage { cpu: now.cpu - cpu, spun: now.spun - spun });
        }
    }

    /// Processor time and time spent spinning since it began.
    pub(super) fn used_so_far(&self, clock: &impl Clock) -> Usage {
        let (now, began) = (self.usage(clock), self.began.unwrap_or_default());
        Usage { cpu: now.cpu - began.cpu, spun: now.spun - began.spun }
    }

    /// Notes at `now` whether the turn found something to do. If not, its time was spent spinning.
    #[inline]
    pub(super) fn found(&mut self, any: bool, now: Time) {
        if let Some(since) = self.spinning.take().filter(|_| !any) {
            self.spun += now.since(since);
        }
    }

    fn usage(&self, clock: &impl Clock) -> Usage {
        Usage { cpu: clock.processor_time(), spun: self.spun }
    }
}
