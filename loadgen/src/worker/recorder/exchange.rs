//! What is recorded of dialogues, of replies in several events, and of rooms.

use hdrhistogram::Histogram;
use reports::model::Latency;

use super::Recorder;
use crate::{clock::Time, ledger::OtherEvent};

/// Times that most runs have none of.
#[derive(Clone, Debug, Default)]
pub(crate) struct RareTimes {
    pub(crate) join: LazyTimes,
    pub(crate) first: LazyTimes,
    pub(crate) last: LazyTimes,
    pub(crate) receiver: LazyTimes,
    pub(crate) replayed: LazyTimes,
    pub(crate) ping: LazyTimes,
}

/// A histogram of nanoseconds, which takes 220 KB once it has a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct LazyTimes(Option<Box<Histogram<u64>>>);

impl LazyTimes {
    /// Adds a time in nanoseconds.
    pub(crate) fn add(&mut self, nanos: u64) {
        self.0.get_or_insert_with(|| Box::new(Latency::histogram())).saturating_record(nanos);
    }

    /// All times.
    pub(crate) fn into_histogram(self) -> Histogram<u64> {
        self.0.map_or_else(Latency::histogram, |histogram| *histogram)
    }
}

impl Recorder {
    /// Records the first event of the reply to a message that was due at `due`, or its first
    /// receiver.
    pub fn first(&mut self, due: Time, at: Time) {
        if self.is_measured(due) {
            self.rare.first.add(at.since(due));
        }
    }

    /// Records the last event of the reply to a message that was due at `due`, or its last
    /// receiver.
    pub fn last(&mut self, due: Time, at: Time) {
        if self.is_measured(due) {
            self.rare.last.add(at.since(due));
        }
    }

    /// Records how long a client took to join, in nanoseconds.
    pub fn join(&mut self, nanos: u64) {
        self.rare.join.add(nanos);
    }

    /// Records the mean response time of a receiver, in nanoseconds.
    pub fn receiver(&mut self, nanos: u64) {
        self.rare.receiver.add(nanos);
    }

    /// Records that a ping was written at `at`.
    pub(crate) fn pinged(&mut self, at: Time) {
        if self.is_measured(at) {
            self.pings.sent += 1;
        }
    }

    /// Records that the answer to a ping came at `at`, which was written at `written`.
    pub(crate) fn answered(&mut self, written: Time, at: Time) {
        if self.is_measured(written) {
            self.pings.answered += 1;
            self.rare.ping.add(at.since(written));
        }
    }

    /// Records a lawful event at `at` that is no match.
    pub fn other_event(&mut self, event: OtherEvent, at: Time) {
        let tally = self.tally(at);
        tally.counts.events += 1;
        let others = &mut tally.other_events;
        *match event {
            OtherEvent::Partial => &mut others.partial,
            OtherEvent::Ignored => &mut others.ignored,
            OtherEvent::Answered => &mut others.answered,
            OtherEvent::Joined => &mut others.joined,
            OtherEvent::Pushed => &mut others.pushed,
            OtherEvent::History => &mut others.history,
            OtherEvent::OwnCopy => &mut others.own_copies,
            OtherEvent::Late => &mut others.late,
        } += 1;
    }
}
