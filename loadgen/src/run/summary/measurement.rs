//! Adds up what the workers recorded of a group.

use reports::model::{Calls, Evidence, Latency, Measurement, RoomsMeasurement, Traffic, Wire};

use crate::{
    run::timeline::Seconds,
    worker::{
        GroupOutcome,
        recorder::{CallTally, RareTimes},
    },
};

/// What one worker recorded of a group. Its seconds and response times are merged elsewhere.
pub(super) fn of_worker(outcome: GroupOutcome) -> Measurement {
    let GroupOutcome { recorder, mut connections, peer, addresses, mut openings, sessions, .. } = outcome;
    addresses.tell(&mut connections);
    // A worker has one peer address of a group.
    let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
    let kept = recorder.evidence.into_kept().into_iter();
    let RareTimes { join, first, last, receiver, replayed, ping } = recorder.rare;
    Measurement {
        connections,
        sessions: sessions.counts,
        ends: sessions.ends,
        pings: recorder.pings,
        measured: recorder.measured,
        warmup: recorder.warmup,
        rooms: RoomsMeasurement::default(),
        evidence: kept.map(|evidence| Evidence { peer: peer.clone(), ..evidence }).collect(),
        traffic: Traffic { sent_in_window: recorder.writes.messages, ..recorder.traffic },
        latency: Latency {
            response: Latency::histogram(),
            service: recorder.service,
            floor: recorder.floor,
            send_lag: recorder.send_lag,
            connect: openings.connect.take(),
            connect_tcp: openings.tcp.take(),
            connect_proxy: openings.proxy.take(),
            connect_tls: openings.tls.take(),
            connect_upgrade: openings.upgrade.take(),
            join: join.into_histogram(),
            first: first.into_histogram(),
            last: last.into_histogram(),
            receiver: receiver.into_histogram(),
            away: sessions.away.into_histogram(),
            first_reply: sessions.first_reply.into_histogram(),
            ping: ping.into_histogram(),
            replayed: replayed.into_histogram(),
        },
        wire: Wire { reads: calls(recorder.reads), writes: calls(recorder.writes) },
        intervals: Vec::new(),
    }
}

fn calls(CallTally { calls, messages, max }: CallTally) -> Calls {
    Calls { calls, messages, largest: max }
}

/// Adds a part to a sum. All evidence is kept, since some may be dropped. Seconds are not added.
pub(super) fn add(sum: &mut Measurement, part: &Measurement) {
    *sum += part;
    sum.evidence.extend_from_slice(&part.evidence);
}

/// Completes a sum: with its seconds and the first evidence of each kind. A whole run has addresses
/// only if there are several.
pub(super) fn complete(mut sum: Measurement, seconds: Seconds, is_whole: bool) -> Measurement {
    (sum.intervals, sum.latency.response) = (seconds.intervals, seconds.response);
    Evidence::keep_first(&mut sum.evidence);
    if is_whole {
        sum.connections.keep_several_addresses();
    }
    sum
}
