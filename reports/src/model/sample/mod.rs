//! Reports for tests. Every number follows from the plan, so a test can say what it must be.

mod connected;
mod sessions;
mod shards;

use std::ops::Range;

pub(crate) use connected::{connected, connected_with};
pub(crate) use sessions::sessions;
pub(crate) use shards::{merged, merged_with, shard, shard_of};

use super::{
    Calls, Connections, Counts, Deliveries, DialogueRecord, Dropped, EngineKind, Environment, Evidence, EvidenceKind,
    Expect, GeneratorHealth, GroupMeasurement, GroupRecord, Interval, IntervalConnections, Latency, LoadRecord,
    Measurement, MessagesRecord, Order, OtherEvents, PackedHistogram, PayloadKind, Pings, PlanRecord, ReadContext,
    Report, RoomRecord, RoomsMeasurement, RoomsRecord, RunRecord, SessionsMeasurement, Tally, TargetRecord, Traffic,
    Unresolved, Wire,
};
use crate::metric::quantiles::value_at_share;

/// Samples whose verdicts or shapes differ.
pub(crate) const SOME: [fn() -> Report; 5] = [pass, violation, invalid, closed, two_groups];

/// 100 clients at 500 messages a second for 10 s after 1 s of warm-up: 500 000 messages and 50 000
/// before them, all whole.
pub(crate) fn pass() -> Report {
    Report {
        target: TargetRecord { url: "ws://127.0.0.1:9001/".to_owned(), more_urls: Vec::new(), embedded: true },
        plan: plan(),
        environment: Environment {
            cpu: "Example CPU 3000".to_owned(),
            cores: 2,
            kernel: "Linux 6.1.0".to_owned(),
            version: "0.1.0".to_owned(),
            seed: 42,
            run_id: 7,
        },
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        measured_s: 10.0,
        interrupted: false,
        stopped_on_miss: None,
        partial: false,
        start: None,
        shards: Vec::new(),
        generator: GeneratorHealth {
            cpu_s: 9.9,
            spin_s: 6.5,
            busiest_worker: 0.31,
            peak_rss_bytes: 13_000_000,
            threads: 1,
            stops: 0,
            stopped_s: 0.0,
            longest_stop_s: 0.0,
            stolen: Some(0.002),
        },
        unresolved: Unresolved::default(),
        total: Measurement {
            connections: Connections { requested: 100, opened: 100, ..Connections::default() },
            sessions: SessionsMeasurement::default(),
            ends: Vec::new(),
            pings: Pings::default(),
            measured: all_matched(500_000),
            warmup: all_matched(50_000),
            rooms: RoomsMeasurement::default(),
            evidence: Vec::new(),
            traffic: Traffic {
                matched_in_window: 499_980,
                sent_in_window: 500_000,
                sent_bytes: 32_000_000,
                received_bytes: 31_998_720,
                ..Traffic::default()
            },
            latency: latency(0..10_000, 0..100),
            wire: Wire {
                reads: Calls { calls: 119_048, messages: 500_000, largest: 10 },
                writes: Calls { calls: 100_000, messages: 500_000, largest: 5 },
            },
            intervals: (0..10).map(|second| interval(second, [49_399, 600, 1])).collect(),
        },
        groups: Vec::new(),
    }
}

fn plan() -> PlanRecord {
    PlanRecord {
        run: RunRecord {
            duration_s: Some(10.0),
            messages_per_client: None,
            warmup_s: 1.0,
            drain_s: 5.0,
            connect_rate: 1000.0,
            engine: EngineKind::Tungstenite,
            threads: 1,
            thresholds: Vec::new(),
            only_delivery: false,
        },
        groups: vec![GroupRecord {
            name: "main".to_owned(),
            target: None,
            clients: 100,
            load: LoadRecord::open(500.0, 5, 10_000),
            messages: MessagesRecord::Generated { size_bytes: 64, sizes: None, payload: PayloadKind::Mixed },
            expect: Expect::Echo,
            order: Order::Keep,
            until: None,
            batched: false,
            dialogue: None,
            rooms: None,
            connect: None,
            sessions: None,
            wire_shape: None,
            ping_s: None,
            read_bytes_per_s: None,
        }],
    }
}

fn all_matched(n: u64) -> Tally {
    Tally { counts: Counts { scheduled: n, sent: n, matched: n, events: n, ..Counts::default() }, ..Tally::default() }
}

/// So many responses of 80 µs, of 150 µs and of 1.2 ms.
fn interval(second: u32, responses: [u64; 3]) -> Interval {
    let mut response = Latency::histogram();
    for (nanos, times) in [80_000, 150_000, 1_200_000].into_iter().zip(responses) {
        response.record_n(nanos, times).expect("in range");
    }
    Interval {
        at_s: f64::from(second),
        sent: response.len(),
        matched: response.len(),
        anomalies: 0,
        response_p50_ns: Some(value_at_share(&response, 1, 2)),
        response_p99_ns: Some(value_at_share(&response, 99, 100)),
        response_max_ns: Some(response.max()),
        connections: IntervalConnections::default(),
        response: Some(PackedHistogram::of(&response).expect("of the one shape")),
    }
}

/// Uniform from 20 µs to 120 µs over 10 000 fifties of messages, with a stall of 4 ms in one of
/// 5 000. These fifties and connections of it.
fn latency(messages: Range<u64>, connections: Range<u64>) -> Latency {
    let mut latency = Latency::default();
    for i in messages {
        let stall = if i % 5_000 == 0 { 4_000_000 } else { 0 };
        latency.service.record_n(20_000 + i * 10 + stall, 50).expect("in range");
        latency.floor.record_n(19_000 + i * 10 + stall, 50).expect("in range");
        latency.send_lag.record_n(900 + i / 10, 50).expect("in range");
        latency.response.record_n(21_400 + i * 10 + stall, 50).expect("in range");
    }
    for i in connections {
        latency.connect.record(300_000 + i * 5_000).expect("in range");
        latency.connect_tcp.record(90_000 + i * 1_000).expect("in range");
        latency.connect_upgrade.record(200_000 + i * 4_000).expect("in range");
    }
    latency
}

/// 3 messages lost, 1 corrupted by a server that sends escape sequences, 2 duplicated, 1 overtaken.
pub(crate) fn violation() -> Report {
    let mut report = pass();
    let tally = &mut report.total.measured;
    tally.counts.matched -= 4;
    tally.counts.lost = 3;
    tally.counts.damaged = 1;
    tally.counts.events = tally.counts.matched + 2 + 1;
    tally.anomalies.duplicated = 2;
    tally.anomalies.corrupted = 1;
    tally.anomalies.reordered = 1;
    report.total.warmup.counts.events += 1;
    report.total.warmup.anomalies.unexpected = 1;
    report.total.evidence = evidence();
    report
}

fn evidence() -> Vec<Evidence> {
    let lost = Evidence {
        kind: EvidenceKind::Lost,
        client: 17,
        sender: None,
        local: "127.0.0.1:40112".to_owned(),
        peer: "127.0.0.1:9001".to_owned(),
        sequence: Some(1_234),
        at_s: 2.468,
        expected: None,
        received: None,
        received_bytes: None,
        first_difference: None,
        read: None,
        detail: None,
    };
    vec![
        lost.clone(),
        Evidence { sequence: Some(1_235), ..lost.clone() },
        Evidence {
            sequence: Some(1_236),
            detail: Some("the last that this connection sent".to_owned()),
            ..lost.clone()
        },
        Evidence {
            kind: EvidenceKind::Corrupted,
            sequence: Some(99),
            at_s: 0.198_512,
            expected: Some("LG\\x00\\x07abcdefghijklmnopqrstuvwxyz".to_owned()),
            received: Some("LG\\x00\\x07abc\\x1b[2J\u{1b}[31m\u{202e}…+52".to_owned()),
            received_bytes: Some(64),
            first_difference: Some(7),
            read: Some(ReadContext { bytes: 340, frames: 5 }),
            ..lost.clone()
        },
        Evidence { kind: EvidenceKind::Duplicated, at_s: 3.5, received_bytes: Some(64), ..lost.clone() },
        Evidence {
            kind: EvidenceKind::Unexpected,
            sequence: None,
            at_s: -0.25,
            received: Some("welcome".to_owned()),
            received_bytes: Some(7),
            read: Some(ReadContext { bytes: 9, frames: 1 }),
            ..lost
        },
    ]
}

/// The generator fell behind, and was interrupted.
pub(crate) fn invalid() -> Report {
    let mut report = pass();
    report.total.measured.counts.scheduled += 11_000;
    report.total.measured.counts.dropped = 11_000;
    report.total.measured.dropped = Dropped { in_flight_cap: 1_000, behind_schedule: 10_000, ..Dropped::default() };
    report.generator.busiest_worker = 0.987;
    report.generator.stolen = Some(0.274);
    (report.generator.stops, report.generator.stopped_s, report.generator.longest_stop_s) = (2, 0.75, 0.5);
    report.total.latency.response.record_n(480_000_000, 20_000).expect("in range");
    report.total.latency.service.record_n(300_000_000, 20_000).expect("in range");
    report.total.latency.floor.record_n(90_000, 20_000).expect("in range");
    report.total.latency.send_lag = Latency::histogram();
    report.total.latency.send_lag.record_n(4_200_000, 500_000).expect("in range");
    report.interrupted = true;
    report.measured_s = 8.5;
    report
}

/// The generator fell behind, and connections failed and died.
pub(crate) fn connections() -> Report {
    let mut report = invalid();
    report.total.measured.counts.scheduled += 9_000;
    report.total.measured.counts.dropped += 9_000;
    report.total.measured.dropped.dead_connection = 9_000;
    report.total.measured.counts.matched -= 40;
    report.total.measured.counts.events -= 40;
    report.total.measured.counts.undetermined = 40;
    report.total.connections = Connections {
        requested: 100,
        opened: 98,
        failed: 2,
        died: 3,
        dns_ns: Some(1_500_000),
        errors: [("refused".to_owned(), 2), ("reset".to_owned(), 3)].into(),
        details: [("refused".to_owned(), "127.0.0.1:9000: Connection refused (os error 111)".to_owned())].into(),
        ..Connections::default()
    };
    report
}

/// As fast as replies allow, 16 in flight per client, for a number of messages.
pub(crate) fn closed() -> Report {
    let mut report = pass();
    (report.plan.run.duration_s, report.plan.run.messages_per_client) = (None, Some(5_000));
    report.plan.groups[0].load = LoadRecord::closed(16);
    report.plan.groups[0].expect = Expect::Count;
    report.measured_s = 2.5;
    report.total.latency.response = report.total.latency.service.clone();
    report.total.latency.send_lag = Latency::histogram();
    report
}

/// Two groups: `chat` has 90 clients and lost 2 messages, `slow` has 10 and lost none.
pub(crate) fn two_groups() -> Report {
    let mut report = pass();
    let group = |name: &str, clients| GroupRecord { name: name.to_owned(), clients, ..report.plan.groups[0].clone() };
    report.plan.groups = vec![group("chat", 90), group("slow", 10)];
    let mut chat = pass().total;
    chat.connections = Connections { requested: 90, opened: 90, ..Connections::default() };
    (chat.measured, chat.warmup) = (all_matched(450_000), all_matched(45_000));
    (chat.measured.counts.matched, chat.measured.counts.lost, chat.measured.counts.events) = (449_998, 2, 449_998);
    chat.evidence = evidence()[..2].to_vec();
    let mut slow = pass().total;
    slow.connections = Connections { requested: 10, opened: 10, ..Connections::default() };
    (slow.measured, slow.warmup) = (all_matched(50_000), all_matched(5_000));
    report.total.measured.counts.matched -= 2;
    report.total.measured.counts.events -= 2;
    report.total.measured.counts.lost += 2;
    report.total.evidence = chat.evidence.clone();
    report.groups = [("chat", chat), ("slow", slow)]
        .map(|(name, measurement)| GroupMeasurement { name: name.to_owned(), measurement })
        .into();
    report
}

/// Ten rooms of 10 with one publisher each, at 50 messages a second: 5 000 messages and 50 000
/// deliveries, of which room 3 lost 4 and had one twice. The server sends to one after the other,
/// 1 ms apart.
pub(crate) fn rooms() -> Report {
    let mut report = pass();
    let group = &mut report.plan.groups[0];
    group.load = LoadRecord::open(50.0, 1, 10_000);
    group.messages = templates(1);
    group.expect = Expect::Broadcast;
    group.rooms = Some(RoomsRecord { size: Some(10), publishers: Some(1), ..RoomsRecord::default() });
    let total = &mut report.total;
    total.warmup = Tally::default();
    total.traffic = Traffic { matched_in_window: 49_996, sent_in_window: 5_000, ..total.traffic };
    total.measured = all_matched(5_000);
    total.measured.counts = Counts { matched: 4_998, lost: 2, events: 49_997, ..total.measured.counts };
    total.measured.anomalies.duplicated = 1;
    total.measured.deliveries =
        Deliveries { messages: 4_998, expected: 50_000, matched: 49_996, lost: 4, ..Deliveries::default() };
    let room = |number| RoomRecord {
        number,
        members: 10,
        deliveries: Deliveries { messages: 500, expected: 5_000, matched: 5_000, ..Deliveries::default() },
        ..RoomRecord::default()
    };
    let mut all: Vec<_> = (0..10).map(room).collect();
    all[3].deliveries = Deliveries { messages: 498, expected: 5_000, matched: 4_996, lost: 4, ..Deliveries::default() };
    all[3].duplicated = 1;
    total.rooms = RoomsMeasurement::of(all);
    total.evidence = evidence()[..2].iter().cloned().map(|lost| Evidence { sender: Some(30), ..lost }).collect();
    let latency = &mut total.latency;
    for histogram in [&mut latency.service, &mut latency.floor, &mut latency.response] {
        histogram.reset();
    }
    for place in 1..=10 {
        latency.response.record_n(place * 1_000_000, 5_000).expect("in range");
        latency.receiver.record_n(place * 1_000_000, 10).expect("in range");
    }
    latency.first.record_n(2_000_000, 5_000).expect("in range");
    latency.last.record_n(10_000_000, 5_000).expect("in range");
    report
}

fn templates(templates: u32) -> MessagesRecord {
    MessagesRecord::Templates { templates, largest_bytes: 120, fingerprint: "0a1b2c3d".to_owned() }
}

/// Clients that join, ignore and answer events, and whose replies are several events.
pub(crate) fn dialogue() -> Report {
    let mut report = pass();
    let group = &mut report.plan.groups[0];
    (group.messages, group.order, group.until) = (templates(3), Order::Any, Some("\"done\"".to_owned()));
    group.expect = "id=/id".parse().expect("it is one");
    group.dialogue = Some(DialogueRecord { on_open: 1, answer: 1, ignore: 2, fingerprint: "4e5f6071".to_owned() });
    let others = OtherEvents { partial: 900, ignored: 40, answered: 20, ..OtherEvents::default() };
    report.total.measured.other_events = others;
    report.total.measured.counts.events += others.sum();
    report.total.warmup.other_events.joined = 100;
    report.total.warmup.counts.events += 100;
    let latency = &mut report.total.latency;
    for i in 0..100 {
        latency.join.record(2_000_000 + i * 10_000).expect("in range");
    }
    latency.first.record_n(60_000, 500_000).expect("in range");
    latency.last.record_n(110_000, 500_000).expect("in range");
    report
}
