//! Cost of writing and reading a result.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use hdrhistogram::Histogram;
use reports::{
    Render, Report, judge,
    model::{
        Connections, Counts, EngineKind, Environment, Expect, GeneratorHealth, GroupRecord, Interval,
        IntervalConnections, Latency, LoadRecord, Measurement, MessagesRecord, Order, PackedHistogram, PayloadKind,
        Pings, PlanRecord, RoomsMeasurement, RunRecord, SessionsMeasurement, Tally, TargetRecord, Traffic, Unresolved,
        Wire,
    },
    render::Text,
    store,
};

const MESSAGES: u64 = 500_000;

fn result(c: &mut Criterion) {
    let report = report();
    let judgement = judge(&report, &[]);
    let json = store::to_json(&report, &judgement).expect("a report of finite numbers");
    let mut group = c.benchmark_group("report");
    // What the run's thread does once a second, and the workers' threads never.
    group.bench_function("pack the histogram of a second", |b| {
        b.iter(|| PackedHistogram::of(black_box(&report.total.latency.response)).expect("of the one shape"));
    });
    group.bench_function("judge", |b| b.iter(|| judge(black_box(&report), &[])));
    group.bench_function("write JSON", |b| b.iter(|| store::to_json(black_box(&report), &judgement)));
    group.bench_function("read JSON", |b| b.iter(|| store::from_json(black_box(json.as_bytes())).expect("a result")));
    group.bench_function("render text", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            Text { color: true, ..Text::default() }.render(black_box(&report), &judgement, &mut out)
        });
    });
    group.finish();
}

/// A minute of a run in which all went well.
fn report() -> Report {
    let counts =
        Counts { scheduled: MESSAGES, sent: MESSAGES, matched: MESSAGES, events: MESSAGES, ..Counts::default() };
    let second = spread(40_000);
    Report {
        target: TargetRecord { url: "ws://127.0.0.1:9001/".to_owned(), more_urls: Vec::new(), embedded: true },
        plan: PlanRecord {
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
                clients: 1000,
                load: LoadRecord::open(50.0, 5, 10_000),
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
        },
        environment: Environment {
            cpu: "a processor".to_owned(),
            cores: 2,
            kernel: "a kernel".to_owned(),
            version: "0.0.0".to_owned(),
            seed: 1,
            run_id: 1,
        },
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        measured_s: 10.0,
        interrupted: false,
        stopped_on_miss: None,
        partial: false,
        start: None,
        shards: Vec::new(),
        generator: GeneratorHealth { threads: 1, ..GeneratorHealth::default() },
        unresolved: Unresolved::default(),
        total: Measurement {
            connections: Connections { requested: 1000, opened: 1000, failed: 0, died: 0, ..Connections::default() },
            sessions: SessionsMeasurement::default(),
            ends: Vec::new(),
            pings: Pings::default(),
            measured: Tally { counts, ..Tally::default() },
            warmup: Tally::default(),
            rooms: RoomsMeasurement::default(),
            evidence: Vec::new(),
            traffic: Traffic {
                matched_in_window: MESSAGES,
                sent_in_window: MESSAGES,
                sent_bytes: 64 * MESSAGES,
                received_bytes: 64 * MESSAGES,
                ..Traffic::default()
            },
            latency: Latency {
                response: spread(40_000),
                service: spread(39_000),
                floor: spread(38_000),
                send_lag: spread(1_000),
                connect: spread(300_000),
                ..Latency::default()
            },
            wire: Wire::default(),
            intervals: (0_u32..60).map(|at| interval(at, &second)).collect(),
        },
        groups: Vec::new(),
    }
}

/// Latencies around `nanos`, with a tail.
fn spread(nanos: u64) -> Histogram<u64> {
    let mut histogram = Latency::histogram();
    for message in 0..MESSAGES {
        // Steps by a prime spread the values; every thousandth is in the tail.
        let around = nanos + message * 7919 % nanos;
        histogram.saturating_record(if message % 1000 == 0 { around * 50 } else { around });
    }
    histogram
}

fn interval(second: u32, response: &Histogram<u64>) -> Interval {
    Interval {
        at_s: second.into(),
        sent: 50_000,
        matched: 50_000,
        anomalies: 0,
        response_p50_ns: Some(40_000),
        response_p99_ns: Some(80_000),
        response_max_ns: Some(2_000_000),
        connections: IntervalConnections::default(),
        response: Some(PackedHistogram::of(response).expect("of the one shape")),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = result
}
criterion_main!(benches);
