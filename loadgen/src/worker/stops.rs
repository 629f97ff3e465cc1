//! Detects stops of a worker: times when it should have run, did not, and was not working. Pure.

use crate::{clock::Time, worker::recorder::Window};

/// A shorter time between two turns is no stop. Nanoseconds.
const SHORT: u64 = 10_000_000;

/// Detects and sums up stops.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StopDetector {
    /// When the next turn should begin at the latest.
    expected: Time,
    /// Processor time of the thread when it was last read.
    cpu: u64,
    /// All stops in any phase, in nanoseconds.
    pub(super) all: u64,
    /// Stops in the measured phase.
    pub(super) measured: StopTotals,
}

/// Stops of a phase, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StopTotals {
    pub(crate) times: u64,
    pub(crate) total: u64,
    pub(crate) longest: u64,
}

impl StopDetector {
    /// The next turn need not begin before `until`.
    pub(super) fn wait(&mut self, until: Time) {
        self.expected = self.expected.max(until);
    }

    /// Notes the processor time of the thread. Work is no stop.
    pub(super) fn worked(&mut self, cpu: u64) {
        self.cpu = cpu;
    }

    /// Begins a turn at `now`. If it is so late that it may be a stop, returns when it was
    /// expected, for [`Self::late`].
    #[inline]
    pub(super) fn turn(&mut self, now: Time) -> Option<Time> {
        let expected = std::mem::replace(&mut self.expected, now);
        (now.since(expected) >= SHORT && expected > Time::default()).then_some(expected)
    }

    /// Counts the stop before a turn at `now` that was expected at `expected`. The thread has used
    /// `cpu` of processor time so far.
    #[cold]
    pub(super) fn late(&mut self, expected: Time, now: Time, cpu: u64, window: Window) {
        let worked = cpu.saturating_sub(std::mem::replace(&mut self.cpu, cpu));
        let stop = now.since(expected).saturating_sub(worked);
        if stop < SHORT {
            return;
        }
        self.all += stop;
        let inside = now.min(window.to).since(expected.max(window.from)).min(stop);
        if inside > 0 {
            let StopTotals { times, total, longest } = &mut self.measured;
            *times += 1;
            *total += inside;
            *longest = inside.max(*longest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    /// Stops of turns, each with its start, the processor time so far, and the end of the wait
    /// after it. All in milliseconds.
    fn stops(turns: &[(u64, u64, u64)]) -> StopDetector {
        let window = Window { from: at(1_000), to: at(5_000) };
        let mut stops = StopDetector::default();
        for &(now, cpu, until) in turns {
            if let Some(expected) = stops.turn(at(now)) {
                stops.late(expected, at(now), cpu * 1_000_000, window);
            }
            stops.worked(cpu * 1_000_000);
            stops.wait(at(until));
        }
        stops
    }

    fn of(millis: u64) -> u64 {
        millis * 1_000_000
    }

    #[test]
    fn a_wait_is_no_stop_and_what_follows_it_is() {
        assert_eq!(stops(&[(1_100, 1, 1_150), (1_150, 2, 1_200), (1_209, 3, 1_250)]).all, 0);
        let stopped = stops(&[(1_100, 1, 1_150), (3_150, 2, 3_200), (3_250, 2, 3_300)]).measured;
        assert_eq!(stopped, StopTotals { times: 2, total: of(2_049), longest: of(1_999) });
    }

    #[test]
    fn work_is_no_stop() {
        assert_eq!(stops(&[(1_100, 1, 1_100), (1_200, 100, 1_200)]).all, 0);
        assert_eq!(stops(&[(1_100, 1, 1_100), (1_200, 61, 1_200)]).all, of(40));
    }

    #[test]
    fn only_what_lies_in_the_measured_phase_counts_for_it() {
        let stops = stops(&[(500, 1, 500), (1_200, 1, 1_200), (4_900, 3_701, 4_900), (6_000, 3_701, 6_000)]);
        assert_eq!(stops.measured, StopTotals { times: 2, total: of(300), longest: of(200) });
        assert_eq!(stops.all, of(700 + 1_100));
    }

    #[test]
    fn before_the_first_turn_nothing_was_expected() {
        assert_eq!(stops(&[(4_000, 0, 4_000)]).all, 0);
    }
}
