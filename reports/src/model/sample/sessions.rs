//! A report of clients that come and go.

use super::pass;
use crate::model::{
    AttemptsAfter, EndRecord, Interval, JitterRecord, Pings, ReconnectRecord, Report, SessionsMeasurement,
    SessionsRecord, StormRecord,
};

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

/// The 100 clients of a pass, of which a storm cuts 20 after 4 s. After 6 s the server resets 30
/// connections and refuses 12 attempts. All come back within 2 s. Clients send a ping every 2 s.
pub(crate) fn sessions() -> Report {
    let mut report = pass();
    let group = &mut report.plan.groups[0];
    group.ping_s = Some(2.0);
    group.sessions = Some(SessionsRecord {
        storms: vec![StormRecord { share: 0.2, at_s: 4.0 }],
        reconnect: Some(ReconnectRecord { min_s: 0.5, max_s: 2.0, jitter: JitterRecord::Equal }),
        ..SessionsRecord::default()
    });
    let total = &mut report.total;
    let connections = &mut total.connections;
    (connections.opened, connections.died) = (150, 30);
    connections.errors = [("refused".to_owned(), 12), ("reset".to_owned(), 30)].into();
    total.sessions = SessionsMeasurement {
        cut_by_plan: 20,
        open_at_end: 100,
        attempts: 162,
        failed_attempts: 12,
        after: AttemptsAfter { start: 100, storm: 20, death: 30, failure: 12, ..AttemptsAfter::default() },
        returned: 30,
        ..SessionsMeasurement::default()
    };
    total.pings = Pings { sent: 480, answered: 478 };
    let counts = &mut total.measured.counts;
    (counts.sent, counts.dropped, counts.matched) = (480_000, 20_000, 479_900);
    (counts.undetermined, counts.undetermined_by_plan, counts.events) = (60, 40, 479_905);
    total.measured.dropped.away = 20_000;
    total.measured.other_events.late = 5;
    for n in 0..150_u64 {
        let lifetime = n * 10 * MS;
        let (kind, by_plan, lifetime) = match n {
            0..20 => ("storm", true, 5 * S + lifetime),
            20..50 => ("reset", false, 7 * S + lifetime),
            50..100 => ("open_at_end", true, 11 * S + lifetime),
            _ => ("open_at_end", true, 2 * S + lifetime),
        };
        EndRecord::count(&mut total.ends, kind, by_plan, lifetime);
        total.latency.first_reply.record(2 * MS + lifetime / 10).expect("in range");
    }
    for n in 0..50_u64 {
        total.latency.away.record(500 * MS + n * 30 * MS).expect("in range");
    }
    total.latency.ping.record_n(150_000, 478).expect("in range");
    for (second, interval) in total.intervals.iter_mut().enumerate() {
        in_a_second(second, interval);
    }
    report
}

fn in_a_second(second: usize, interval: &mut Interval) {
    let (open, opening, attempts, refused) = match second {
        4 => (85, 3, 10, 0),
        5 => (100, 0, 15, 0),
        6 => (78, 4, 22, 12),
        7 => (100, 0, 20, 0),
        _ => (100, 0, 0, 0),
    };
    let connections = &mut interval.connections;
    (connections.open, connections.opening, connections.away) = (open, opening, 100 - open - opening);
    connections.attempts = attempts;
    if refused > 0 {
        connections.failed.insert("refused".to_owned(), refused);
    }
}
