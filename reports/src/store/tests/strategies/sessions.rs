//! Any sessions.

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
};

use super::finite;
use crate::model::{
    AttemptsAfter, EndRecord, IntervalConnections, Lifetimes, Pings, SessionsMeasurement, StoppedOnMiss,
};

pub(super) fn all() -> impl Strategy<Value = (SessionsMeasurement, Vec<EndRecord>, Pings)> {
    let pings = any::<[u64; 2]>().prop_map(|[sent, answered]| Pings { sent, answered });
    (measurements(), vec(ends(), 0..3), pings)
}

pub(super) fn stops() -> impl Strategy<Value = Option<StoppedOnMiss>> {
    option::of((any::<String>(), finite()).prop_map(|(threshold, at_s)| StoppedOnMiss { threshold, at_s }))
}

pub(super) fn in_a_second() -> impl Strategy<Value = IntervalConnections> {
    (any::<[u64; 4]>(), btree_map(any::<String>(), any::<u64>(), 0..3)).prop_map(|(n, failed)| {
        let [open, opening, away, attempts] = n;
        IntervalConnections { open, opening, away, attempts, failed }
    })
}

fn measurements() -> impl Strategy<Value = SessionsMeasurement> {
    any::<([u64; 10], [u64; 6])>().prop_map(|(n, [start, session, drop, storm, death, failure])| {
        let [closed_by_plan, cut_by_plan, left, open_at_end, attempts, failed_attempts, given_up, ..] = n;
        SessionsMeasurement {
            closed_by_plan,
            cut_by_plan,
            left,
            open_at_end,
            attempts,
            failed_attempts,
            given_up,
            after: AttemptsAfter { start, session, drop, storm, death, failure },
            returned: n[7],
            away_at_end: n[8],
            waiting_at_end: n[9],
        }
    })
}

fn ends() -> impl Strategy<Value = EndRecord> {
    let lifetimes = any::<([u64; 3], [u64; 14])>().prop_map(|([shortest_ns, longest_ns, sum_ns], buckets)| Lifetimes {
        shortest_ns,
        longest_ns,
        sum_ns,
        buckets,
    });
    (any::<(String, bool, u64)>(), lifetimes).prop_map(|((kind, by_plan, connections), lifetimes)| EndRecord {
        kind,
        by_plan,
        connections,
        lifetimes,
    })
}
