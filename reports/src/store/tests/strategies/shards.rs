//! Any shards.

use proptest::{collection::vec, option, prelude::*};

use super::{environments, finite, generators};
use crate::model::{ClockRecord, ShardClients, ShardRecord, StartRecord};

pub(super) fn shards() -> impl Strategy<Value = ShardRecord> {
    let clients = any::<[u32; 2]>().prop_map(|[first, clients]| ShardClients { first, clients });
    let run = (any::<[u32; 2]>(), vec(clients, 0..3), finite(), any::<bool>());
    (run, starts(), environments(), generators()).prop_map(|(run, start, environment, generator)| {
        let ([number, of], clients, measured_s, interrupted) = run;
        ShardRecord { number, of, clients, start, measured_s, interrupted, environment, generator }
    })
}

fn starts() -> impl Strategy<Value = StartRecord> {
    let clock = (any::<bool>(), [finite(), finite()]).prop_map(|(synchronized, [offset_s, max_error_s])| ClockRecord {
        synchronized,
        offset_s,
        max_error_s,
    });
    (any::<String>(), any::<Option<String>>(), option::of(finite()), any::<bool>(), option::of(clock))
        .prop_map(|(at, planned, error_s, ready, clock)| StartRecord { at, planned, error_s, ready, clock })
}
