//! Records deliveries: messages to rooms, at their receivers.

use super::{Recorder, UNKNOWN};
use crate::{
    clock::Time,
    ledger::{Fate, Finding},
    worker::rooms::Written,
};

impl Recorder {
    /// Records that a message that was due at `due` came to a receiver. Where nobody knows when it
    /// was written, it has no service time, and a floor of 0: nothing of the response time is
    /// certainly the target's.
    pub(crate) fn delivered(&mut self, due: Time, written: Option<Written>, at: Time, overtaken: bool) {
        self.came(due, at, overtaken);
        if due >= self.window.from {
            let service = written.map_or(UNKNOWN, |written| at.since(written.began));
            let left = written.and_then(|written| written.ended);
            let floor = left.map_or(0, |left| self.unread_since.min(at).since(left));
            self.times(at.since(due), service, floor, 1);
        }
    }

    /// Records that a message that was due at `due` came from another shard. It has no latency. If
    /// it came before it was due by this clock, it counts from then on.
    pub(crate) fn delivered_across_shards(&mut self, due: Time, at: Time, overtaken: bool) {
        self.came(due, at.max(due), overtaken);
    }

    /// Records that a message that was due at `due` came to a receiver in a later session than it
    /// was due in, or was due while the receiver was away.
    #[cold]
    pub(crate) fn replayed(&mut self, due: Time, at: Time, overtaken: bool) {
        self.came(due, at, overtaken);
        self.tally(due).deliveries.replayed += 1;
        if self.is_measured(due) {
            self.rare.replayed.add(at.since(due));
        }
    }

    #[inline]
    fn came(&mut self, due: Time, at: Time, overtaken: bool) {
        let tally = self.tally(due);
        tally.counts.events += 1;
        tally.deliveries.matched += 1;
        tally.anomalies.reordered += u64::from(overtaken);
        if at >= self.window.from {
            self.roll(at);
            self.second.matched += 1;
            self.second.anomalies += u64::from(overtaken);
            self.traffic.matched_in_window += u64::from(at < self.window.to);
        }
    }

    /// Records an event that is no delivery. It is about a message that was due at `due`, if that
    /// is known.
    pub(crate) fn found(&mut self, finding: Finding, due: Option<Time>, at: Time) {
        if at >= self.window.from {
            self.roll(at);
            self.second.anomalies += 1;
        }
        let tally = self.tally(due.unwrap_or(at));
        tally.counts.events += 1;
        let found = &mut tally.anomalies;
        *match finding {
            Finding::Duplicated => &mut found.duplicated,
            Finding::Coalesced => &mut found.coalesced,
            Finding::Split { .. } => &mut found.split_pieces,
            Finding::Truncated => &mut found.truncated,
            Finding::Corrupted => &mut found.corrupted,
            Finding::WrongType => &mut found.wrong_type,
            Finding::Misrouted { .. } => &mut found.misrouted_events,
            Finding::Unexpected => &mut found.unexpected,
        } += 1;
    }

    /// Records that messages, the first of them due at `due`, did not come to a receiver, or not
    /// whole. All were due while it was away, or none.
    pub(crate) fn not_delivered(&mut self, fate: Fate, due: Time, messages: u64, while_away: bool) {
        let deliveries = &mut self.tally(due).deliveries;
        if fate == Fate::Lost && while_away {
            deliveries.lost_away += messages;
        }
        *match fate {
            Fate::Lost => &mut deliveries.lost,
            Fate::Damaged => &mut deliveries.damaged,
            Fate::Undetermined => &mut deliveries.undetermined,
            Fate::UndeterminedByPlan => &mut deliveries.undetermined_by_plan,
        } += messages;
    }

    /// Records that what counts as delivered was never sent, so its event was unexpected.
    pub(crate) fn never_sent(&mut self, due: Time, replayed: bool) {
        let tally = self.tally(due);
        tally.deliveries.matched -= 1;
        tally.deliveries.replayed -= u64::from(replayed);
        tally.anomalies.unexpected += 1;
    }
}
