//! What became of the sessions of clients that come and go.

use std::ops::AddAssign;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::saturate::add;

/// What became of the sessions. A session is one connection of a client, from when it was open
/// until it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsMeasurement {
    /// Sessions that the plan closed with a handshake before the end of the load.
    pub closed_by_plan: u64,
    /// Sessions that the plan cut without one.
    pub cut_by_plan: u64,
    /// Sessions that the server ended in order, when nothing was left to do in them.
    pub left: u64,
    /// Sessions that were open when the run ended.
    pub open_at_end: u64,
    /// Attempts to open a connection.
    pub attempts: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Attempts that were under way when the load ended, and were given up.
    pub given_up: u64,
    /// What the attempts came after. They add up to `attempts`.
    pub after: AttemptsAfter,
    /// Deaths whose client was open again before the drain.
    pub returned: u64,
    /// Clients whose connection had died or failed to open, and that were not open at the end of
    /// the load.
    pub away_at_end: u64,
    /// Clients that were away at the end of the load, as the plan wanted.
    pub waiting_at_end: u64,
}

/// Attempts to open a connection, by what they came after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptsAfter {
    /// The first attempt of a client.
    pub start: u64,
    /// The client's session had ended as planned, or the server had ended it in order.
    pub session: u64,
    /// The plan had cut the client's connection.
    pub drop: u64,
    /// A storm had cut the client's connection.
    pub storm: u64,
    /// The client's connection had died.
    pub death: u64,
    /// The client's last attempt had failed.
    pub failure: u64,
}

/// Pings of the clients, and their answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pings {
    /// Pings sent.
    pub sent: u64,
    /// Pings that were answered by a pong.
    pub answered: u64,
}

/// Connections that ended in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndRecord {
    /// How: `closed_1001`, `reset` and others for what the server ended; for what the plan ended,
    /// `session`, `drop`, `storm`, `stop`, and `open_at_end` for what was open when the run ended.
    pub kind: String,
    /// The plan ended them.
    pub by_plan: bool,
    /// How many.
    pub connections: u64,
    /// How long they were open.
    pub lifetimes: Lifetimes,
}

/// How long connections were open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lifetimes {
    /// The shortest, in nanoseconds.
    pub shortest_ns: u64,
    /// The longest, in nanoseconds.
    pub longest_ns: u64,
    /// All of them, in nanoseconds.
    pub sum_ns: u64,
    /// Connections by lifetime: up to 100 ms; then up to 1, 2, 5, 10, 20, 30, 60, 120, 300, 600,
    /// 1800 and 3600 s; then longer. Each excludes what is in the one before.
    pub buckets: [u64; 14],
}

impl SessionsMeasurement {
    /// Every count with its JSON name, in the order of the struct. Attempts by cause follow.
    pub fn by_name(&self) -> [(&'static str, u64); 16] {
        let after = &self.after;
        [
            ("closed_by_plan", self.closed_by_plan),
            ("cut_by_plan", self.cut_by_plan),
            ("left", self.left),
            ("open_at_end", self.open_at_end),
            ("attempts", self.attempts),
            ("failed_attempts", self.failed_attempts),
            ("given_up", self.given_up),
            ("returned", self.returned),
            ("away_at_end", self.away_at_end),
            ("waiting_at_end", self.waiting_at_end),
            ("after_start", after.start),
            ("after_session", after.session),
            ("after_drop", after.drop),
            ("after_storm", after.storm),
            ("after_death", after.death),
            ("after_failure", after.failure),
        ]
    }

    /// True if nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Lifetimes {
    /// Upper bounds of all buckets but the last, in milliseconds.
    pub const BOUNDS_MS: [u64; 13] =
        [100, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];

    /// That of one connection.
    pub fn of(lifetime_ns: u64) -> Self {
        let bucket = Self::BOUNDS_MS.partition_point(|bound| bound * 1_000_000 < lifetime_ns);
        let mut buckets = [0; 14];
        buckets[bucket] = 1;
        Self { shortest_ns: lifetime_ns, longest_ns: lifetime_ns, sum_ns: lifetime_ns, buckets }
    }
}

impl EndRecord {
    /// Ways to end that are told apart. The rest counts as `other`.
    pub const KINDS: usize = 64;

    /// Counts a connection that was open for this long. `ends` are in the order of their kinds.
    pub fn count(ends: &mut Vec<Self>, kind: &str, by_plan: bool, lifetime_ns: u64) {
        Self::add(ends, kind, by_plan, 1, Lifetimes::of(lifetime_ns));
    }

    /// Adds ends of others.
    pub fn add_all(ends: &mut Vec<Self>, others: &[Self]) {
        for Self { kind, by_plan, connections, lifetimes } in others {
            Self::add(ends, kind, *by_plan, *connections, *lifetimes);
        }
    }

    fn add(ends: &mut Vec<Self>, kind: &str, by_plan: bool, connections: u64, lifetimes: Lifetimes) {
        let place = |ends: &[Self], kind: &str| {
            ends.binary_search_by(|end| (end.kind.as_str(), end.by_plan).cmp(&(kind, by_plan)))
        };
        let (kind, place) = match place(ends, kind) {
            Err(_) if ends.len() >= Self::KINDS => ("other", place(ends, "other")),
            place => (kind, place),
        };
        match place {
            Ok(at) => {
                add(&mut ends[at].connections, connections);
                ends[at].lifetimes += lifetimes;
            }
            Err(at) => ends.insert(at, Self { kind: kind.to_owned(), by_plan, connections, lifetimes }),
        }
    }
}

impl AddAssign for SessionsMeasurement {
    fn add_assign(&mut self, part: Self) {
        let Self { closed_by_plan, cut_by_plan, left, open_at_end, attempts, failed_attempts, .. } = part;
        let Self { given_up, after, returned, away_at_end, waiting_at_end, .. } = part;
        add(&mut self.closed_by_plan, closed_by_plan);
        add(&mut self.cut_by_plan, cut_by_plan);
        add(&mut self.left, left);
        add(&mut self.open_at_end, open_at_end);
        add(&mut self.attempts, attempts);
        add(&mut self.failed_attempts, failed_attempts);
        add(&mut self.given_up, given_up);
        self.after += after;
        add(&mut self.returned, returned);
        add(&mut self.away_at_end, away_at_end);
        add(&mut self.waiting_at_end, waiting_at_end);
    }
}

impl AddAssign for AttemptsAfter {
    fn add_assign(&mut self, part: Self) {
        let Self { start, session, drop, storm, death, failure } = part;
        add(&mut self.start, start);
        add(&mut self.session, session);
        add(&mut self.drop, drop);
        add(&mut self.storm, storm);
        add(&mut self.death, death);
        add(&mut self.failure, failure);
    }
}

impl AddAssign for Pings {
    fn add_assign(&mut self, part: Self) {
        let Self { sent, answered } = part;
        add(&mut self.sent, sent);
        add(&mut self.answered, answered);
    }
}

impl AddAssign for Lifetimes {
    fn add_assign(&mut self, part: Self) {
        let Self { shortest_ns, longest_ns, sum_ns, buckets } = part;
        let is_empty = self.buckets.iter().all(|count| *count == 0);
        self.shortest_ns = if is_empty { shortest_ns } else { self.shortest_ns.min(shortest_ns) };
        self.longest_ns = self.longest_ns.max(longest_ns);
        self.sum_ns = self.sum_ns.saturating_add(sum_ns);
        for (sum, count) in self.buckets.iter_mut().zip(buckets) {
            add(sum, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn lifetimes_fall_into_buckets_and_add() {
        let mut ends = Vec::new();
        for lifetime in [60 * S, 60 * S + 1, S / 20, 7200 * S] {
            EndRecord::count(&mut ends, "closed_1000", false, lifetime);
        }
        EndRecord::count(&mut ends, "closed_1000", true, 3 * S);
        EndRecord::count(&mut ends, "abnormal", false, 0);
        assert_eq!(
            ends.iter().map(|end| end.kind.as_str()).collect::<Vec<_>>(),
            ["abnormal", "closed_1000", "closed_1000"]
        );
        let Lifetimes { shortest_ns, longest_ns, sum_ns, buckets } = ends[1].lifetimes;
        assert_eq!((shortest_ns, longest_ns, sum_ns), (S / 20, 7200 * S, 7320 * S + 1 + S / 20));
        assert_eq!(buckets, [1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1]);
        assert_eq!((ends[1].connections, ends[2].connections), (4, 1));
        let once = ends.clone();
        EndRecord::add_all(&mut ends, &once);
        assert_eq!((ends.len(), ends[1].connections, ends[1].lifetimes.buckets[13]), (3, 8, 2));
        assert_eq!(ends[1].lifetimes.shortest_ns, S / 20);
    }

    #[test]
    fn kinds_of_ends_are_bounded() {
        let mut ends = Vec::new();
        for code in 3000..4500 {
            EndRecord::count(&mut ends, &format!("closed_{code}"), false, S);
        }
        assert_eq!(ends.len(), EndRecord::KINDS + 1);
        assert_eq!(ends.last().map(|end| (end.kind.as_str(), end.connections)), Some(("other", 1500 - 64)));
    }

    #[test]
    fn every_count_of_sessions_is_added() {
        let sessions = |unit: u64| {
            let n = |n: u64| n * unit;
            SessionsMeasurement {
                closed_by_plan: n(1),
                cut_by_plan: n(2),
                left: n(3),
                open_at_end: n(4),
                attempts: n(5),
                failed_attempts: n(6),
                given_up: n(7),
                after: AttemptsAfter {
                    start: n(8),
                    session: n(9),
                    drop: n(10),
                    storm: n(11),
                    death: n(12),
                    failure: n(13),
                },
                returned: n(14),
                away_at_end: n(15),
                waiting_at_end: n(16),
            }
        };
        let mut sum = sessions(1);
        sum += sessions(100);
        assert_eq!(sum, sessions(101));
        let mut pings = Pings { sent: 3, answered: 2 };
        pings += Pings { sent: 30, answered: 20 };
        assert_eq!(pings, Pings { sent: 33, answered: 22 });
    }
}
