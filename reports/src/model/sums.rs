//! Sums over workers and groups.

use std::ops::AddAssign;

use super::{Anomalies, Connections, Counts, Dropped, Tally, Traffic};

/// Failures and deaths whose kinds are told apart. The rest counts as [`OTHER`], as a server may
/// choose among thousands of close codes.
const KINDS: usize = 64;

/// The kind of everything that is not told apart.
const OTHER: &str = "other";

impl Connections {
    /// Counts failures or deaths of a kind, and keeps the first detail of each kind. After so many
    /// kinds, the rest counts as `other`.
    pub fn count_error(&mut self, kind: &str, count: u64, detail: Option<&str>) {
        let known = self.errors.contains_key(kind) || self.errors.len() < KINDS;
        let kind = if known { kind } else { OTHER };
        *self.errors.entry(kind.to_owned()).or_default() += count;
        if let Some(detail) = detail.filter(|_| !self.details.contains_key(kind)) {
            self.details.insert(kind.to_owned(), detail.to_owned());
        }
    }
}

// Destructured, so that a new counter can't be forgotten here.
impl AddAssign<&Connections> for Connections {
    fn add_assign(&mut self, part: &Connections) {
        let Connections { requested, opened, failed, died, errors, details } = part;
        self.requested += requested;
        self.opened += opened;
        self.failed += failed;
        self.died += died;
        for (kind, count) in errors {
            self.count_error(kind, *count, details.get(kind).map(String::as_str));
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, part: Traffic) {
        let Traffic { matched_in_window, sent_in_window, sent_bytes, received_bytes } = part;
        self.matched_in_window += matched_in_window;
        if let Some(sent) = sent_in_window {
            *self.sent_in_window.get_or_insert_default() += sent;
        }
        self.sent_bytes += sent_bytes;
        self.received_bytes += received_bytes;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, part: Tally) {
        let Tally { counts, dropped, anomalies } = part;
        self.counts += counts;
        self.dropped += dropped;
        self.anomalies += anomalies;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, part: Counts) {
        let Counts { scheduled, sent, dropped, matched, lost, damaged, misrouted, undetermined, events } = part;
        self.scheduled += scheduled;
        self.sent += sent;
        self.dropped += dropped;
        self.matched += matched;
        self.lost += lost;
        self.damaged += damaged;
        self.misrouted += misrouted;
        self.undetermined += undetermined;
        self.events += events;
    }
}

impl AddAssign for Dropped {
    fn add_assign(&mut self, part: Dropped) {
        let Dropped { in_flight_cap, dead_connection, behind_schedule } = part;
        self.in_flight_cap += in_flight_cap;
        self.dead_connection += dead_connection;
        self.behind_schedule += behind_schedule;
    }
}

impl AddAssign for Anomalies {
    fn add_assign(&mut self, part: Anomalies) {
        let Anomalies {
            duplicated,
            reordered,
            coalesced,
            split,
            split_pieces,
            truncated,
            corrupted,
            wrong_type,
            misrouted_events,
            unexpected,
        } = part;
        self.duplicated += duplicated;
        self.reordered += reordered;
        self.coalesced += coalesced;
        self.split += split;
        self.split_pieces += split_pieces;
        self.truncated += truncated;
        self.corrupted += corrupted;
        self.wrong_type += wrong_type;
        self.misrouted_events += misrouted_events;
        self.unexpected += unexpected;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tally in which no two counters are equal.
    fn tally(unit: u64) -> Tally {
        let n = |n| n * unit;
        let counts = Counts {
            scheduled: n(1),
            sent: n(2),
            dropped: n(3),
            matched: n(4),
            lost: n(5),
            damaged: n(6),
            misrouted: n(7),
            undetermined: n(8),
            events: n(9),
        };
        let dropped = Dropped { in_flight_cap: n(10), dead_connection: n(11), behind_schedule: n(12) };
        let anomalies = Anomalies {
            duplicated: n(13),
            reordered: n(14),
            coalesced: n(15),
            split: n(16),
            split_pieces: n(17),
            truncated: n(18),
            corrupted: n(19),
            wrong_type: n(20),
            misrouted_events: n(21),
            unexpected: n(22),
        };
        Tally { counts, dropped, anomalies }
    }

    #[test]
    fn every_counter_is_added() {
        let mut sum = tally(1);
        sum += tally(100);
        assert_eq!(sum, tally(101));
        let traffic =
            |n| Traffic { matched_in_window: n, sent_in_window: Some(2 * n), sent_bytes: 3 * n, received_bytes: 4 * n };
        let mut sum = traffic(1);
        sum += traffic(10);
        assert_eq!(sum, traffic(11));
    }

    #[test]
    fn connections_are_added_by_kind() {
        let connections = |unit: u64, said: &str| Connections {
            requested: 9 * unit,
            opened: 6 * unit,
            failed: 3 * unit,
            died: unit,
            errors: [("refused".to_owned(), 3 * unit), ("reset".to_owned(), unit)].into(),
            details: [("refused".to_owned(), said.to_owned())].into(),
        };
        let mut sum = connections(1, "first");
        sum += &connections(10, "later");
        assert_eq!(sum, connections(11, "first"));
    }

    #[test]
    fn kinds_are_bounded() {
        let mut connections = Connections::default();
        for code in 3000..4500 {
            let kind = format!("closed_{code}");
            connections.count_error(&kind, 2, Some(&format!("said {kind}")));
            connections.count_error("closed_3000", 1, Some("never the first"));
        }
        assert_eq!(connections.errors.len(), KINDS + 1);
        assert_eq!(connections.errors["closed_3000"], 1502);
        assert_eq!(connections.errors["other"], 2 * (1500 - KINDS as u64));
        assert_eq!(connections.details.len(), KINDS + 1);
        assert_eq!(connections.details["closed_3000"], "said closed_3000");
        assert_eq!(connections.details["other"], "said closed_3064");
    }
}
