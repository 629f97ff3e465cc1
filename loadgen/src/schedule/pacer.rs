//! Decides how to wait for the next due time: sleep, then poll, and no longer than needed.
//!
//! A sleeping thread wakes late, because of the timer interrupt, the scheduler and, in a virtual
//! machine, the host. So the pacer sleeps until a *margin* before the due time and polls from then
//! on. The margin follows how late past wake-ups were. If the target needs the core as well,
//! polling would slow down what is measured. Then the pacer only sleeps, and the lateness shows as
//! send lag. This file decides; the engine waits.

use crate::clock::Time;

/// Nanoseconds of work between two checks of the clock and of the signal to stop. No peer may hold
/// a worker for longer.
pub(crate) const SLICE: u64 = 1_000_000;

/// How to wait until something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Check which connections are ready, and return at once.
    Poll,
    /// Sleep until then, or until a connection is ready.
    Until(Time),
}

/// Decides how to wait. Pure: time is an argument.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    may_spin: bool,
    /// How long before a due time polling begins, in nanoseconds.
    margin: u64,
    /// When the thread should wake from its sleep.
    alarm: Option<Time>,
}

/// Bounds of the margin in nanoseconds. A kernel timer is rarely less late than the first. Polling
/// for longer than the second would mean polling all the time.
const MARGIN: std::ops::RangeInclusive<u64> = 20_000..=200_000;

impl Pacer {
    /// A pacer that may poll, or only sleep.
    pub(crate) fn new(may_spin: bool) -> Self {
        Self { may_spin, margin: *MARGIN.start(), alarm: None }
    }

    /// How to wait at `now` for something due at `due`; none if it is due.
    pub(crate) fn wait(&mut self, now: Time, due: Time) -> Option<Wait> {
        self.alarm = None;
        if now >= due {
            None
        } else if !self.may_spin {
            Some(Wait::Until(due))
        } else if due.since(now) <= self.margin {
            Some(Wait::Poll)
        } else {
            let alarm = Time::from_nanos(due.as_nanos() - self.margin);
            self.alarm = Some(alarm);
            Some(Wait::Until(alarm))
        }
    }

    /// Notes that the thread is awake at `now`. Before the set time, something else woke it.
    pub(crate) fn awake(&mut self, now: Time) {
        let Some(alarm) = self.alarm.take().filter(|&alarm| now >= alarm) else { return };
        // Grows to the lateness at once, so that the next due time is met, and forgets it slowly.
        // Twice the lateness, since the next may be worse.
        let wanted = 2 * now.since(alarm);
        let margin = if wanted > self.margin { wanted } else { self.margin - (self.margin - wanted) / 64 };
        self.margin = margin.clamp(*MARGIN.start(), *MARGIN.end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Time {
        Time::from_nanos(micros * 1000)
    }

    #[test]
    fn sleeps_until_the_margin_then_polls() {
        let mut pacer = Pacer::new(true);
        assert_eq!(pacer.wait(at(0), at(100)), Some(Wait::Until(at(80))));
        assert_eq!(pacer.wait(at(80), at(100)), Some(Wait::Poll));
        assert_eq!(pacer.wait(at(99), at(100)), Some(Wait::Poll));
        assert_eq!(pacer.wait(at(100), at(100)), None);
        assert_eq!(pacer.wait(at(150), at(100)), None);
    }

    #[test]
    fn sleeps_all_the_way_where_it_may_not_spin() {
        let mut pacer = Pacer::new(false);
        assert_eq!(pacer.wait(at(0), at(100)), Some(Wait::Until(at(100))));
        assert_eq!(pacer.wait(at(99), at(100)), Some(Wait::Until(at(100))));
        pacer.awake(at(500));
        assert_eq!(pacer.wait(at(500), at(1_000)), Some(Wait::Until(at(1_000))));
    }

    #[test]
    fn the_margin_follows_the_lateness_of_the_alarm() {
        let mut pacer = Pacer::new(true);
        pacer.wait(at(0), at(100));
        pacer.awake(at(120)); // 40 µs after the alarm
        assert_eq!(pacer.wait(at(1_000), at(2_000)), Some(Wait::Until(at(1_920))));
        // A connection woke it, which says nothing about the timer.
        pacer.awake(at(1_500));
        assert_eq!(pacer.wait(at(1_500), at(2_000)), Some(Wait::Until(at(1_920))));
        // A very late wake-up does not make it poll all the time.
        pacer.awake(at(9_000));
        assert_eq!(pacer.wait(at(9_000), at(10_000)), Some(Wait::Until(at(9_800))));
        // Punctual wake-ups bring the margin back down.
        for _ in 0..1_000 {
            let Some(Wait::Until(alarm)) = pacer.wait(at(0), at(1_000)) else { panic!("must sleep") };
            pacer.awake(alarm);
        }
        assert_eq!(pacer.wait(at(0), at(1_000)), Some(Wait::Until(at(980))));
    }
}
