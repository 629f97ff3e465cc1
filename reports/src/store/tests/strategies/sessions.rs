//! Any sessions.

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
};

use super::finite;
use crate::model::{
    AttemptsAfter, EndRecord, IntervalConnections, JitterRecord, Lifetimes, Pings, ReconnectRecord,
    SessionsMeasurement, SessionsRecord, StageRecord, StoppedOnMiss, StormRecord, WireShapeRecord, WriteShapeRecord,
};

pub(super) fn all() -> impl Strategy<Value = (SessionsMeasurement, Vec<EndRecord>, Pings)> {
    let pings = any::<[u64; 2]>().prop_map(|[sent, answered]| Pings { sent, answered });
    (measurements(), vec(ends(), 0..3), pings)
}

pub(super) fn stops() -> impl Strategy<Value = Option<StoppedOnMiss>> {
    option::of((any::<String>(), finite()).prop_map(|(threshold, at_s)| StoppedOnMiss { threshold, at_s }))
}

pub(super) fn stages() -> impl Strategy<Value = Vec<StageRecord>> {
    let stage = [finite(), finite(), finite()].prop_map(|[from_per_client, to_per_client, length_s]| StageRecord {
        from_per_client,
        to_per_client,
        length_s,
    });
    vec(stage, 0..3)
}

pub(super) fn plans() -> impl Strategy<Value = SessionsRecord> {
    let times = proptest::array::uniform5(option::of(finite()));
    let storms = vec([finite(), finite()].prop_map(|[share, at_s]| StormRecord { share, at_s }), 0..3);
    let jitters = prop::sample::select(vec![JitterRecord::Full, JitterRecord::Equal, JitterRecord::None]);
    let reconnect =
        ([finite(), finite()], jitters).prop_map(|([min_s, max_s], jitter)| ReconnectRecord { min_s, max_s, jitter });
    (times, any::<Option<u64>>(), storms, option::of(reconnect)).prop_map(
        |(times, session_messages, storms, reconnect)| {
            let [start_s, stop_s, ramp_s, session_s, drop_every_s] = times;
            SessionsRecord { start_s, stop_s, ramp_s, session_s, session_messages, drop_every_s, storms, reconnect }
        },
    )
}

pub(super) fn wire_shapes() -> impl Strategy<Value = WireShapeRecord> {
    let writes = vec![WriteShapeRecord::Burst, WriteShapeRecord::Frame, WriteShapeRecord::Split];
    (any::<[Option<u32>; 2]>(), prop::sample::select(writes))
        .prop_map(|([fragment_bytes, split_bytes], write)| WireShapeRecord { fragment_bytes, write, split_bytes })
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
