//! What else a run measured, and what was asked for: tables of names and values.

use super::{Section, content::Block, headline::per_second, latency};
use crate::{
    human::{bytes, count, most_frequent, percent, rate, seconds},
    metric::throughput::Throughput,
    model::{Load, PerCall},
    render::{
        Entry,
        html::table::{Cell, Fact, Tone, facts},
        words,
    },
};

pub(crate) fn connecting(entries: &[Entry<'_>]) -> Section {
    let plot = latency::connect_plot(entries).into_iter().collect();
    let blocks = vec![
        Block::Tables(vec![facts("Connections", entries, &CONNECTIONS)]),
        Block::plots(plot, "No connection opened."),
        Block::Tables(vec![latency::connect_table(entries)]),
    ];
    Section { id: "connect", title: "Connecting", blocks }
}

const CONNECTIONS: [Fact; 6] = [
    ("requested", |entry| count(entry.report.connections.requested).into()),
    ("opened", |entry| count(entry.report.connections.opened).into()),
    ("failed", |entry| doubtful(entry.report.connections.failed)),
    ("died", |entry| doubtful(entry.report.connections.died)),
    ("errors", |entry| {
        let errors = &entry.report.connections.errors;
        let kinds = most_frequent(errors.iter().map(|(kind, n)| (kind.as_str(), *n)));
        Cell::words(kinds).tone(Tone::Doubtful)
    }),
    ("the first of each kind", |entry| {
        let details = &entry.report.connections.details;
        let first: Vec<String> = details.iter().map(|(kind, detail)| format!("{kind}: {detail}")).collect();
        Cell::words(first.join("; ")).tone(Tone::Doubtful)
    }),
];

fn doubtful(n: u64) -> Cell {
    Cell::from(count(n)).tone(Tone::Doubtful.unless_zero(n))
}

pub(crate) fn health(entries: &[Entry<'_>]) -> Section {
    let tables = vec![
        facts("Throughput of the measured phase", entries, &THROUGHPUT),
        facts("How far TCP and the writers coalesced", entries, &WIRE),
        facts("The generator", entries, &GENERATOR),
    ];
    Section { id: "health", title: "Throughput, TCP and generator", blocks: vec![Block::Tables(tables)] }
}

const THROUGHPUT: [Fact; 6] = [
    ("matched/s", |entry| per_second(Throughput::of(entry.report).matched_per_s).into()),
    ("sent/s", |entry| per_second(Throughput::of(entry.report).sent_per_s).into()),
    ("due/s", |entry| match entry.report.plan.load {
        Load::Open { .. } => per_second(Throughput::of(entry.report).scheduled_per_s).into(),
        Load::Closed { .. } => Cell::from("–"),
    }),
    ("payload out/s", |entry| volume(Throughput::of(entry.report).sent_bytes_per_s)),
    ("payload in/s", |entry| volume(Throughput::of(entry.report).received_bytes_per_s)),
    ("measured", |entry| seconds(entry.report.measured_s).into()),
];

fn volume(value: Option<f64>) -> Cell {
    value.map_or_else(|| "–".to_owned(), bytes).into()
}

const WIRE: [Fact; 4] = [
    ("reads", |entry| count(entry.report.wire.reads).into()),
    ("messages per read", |entry| per_call(entry.report.wire.messages_per_read)),
    ("writes", |entry| count(entry.report.wire.writes).into()),
    ("messages per write", |entry| per_call(entry.report.wire.messages_per_write)),
];

fn per_call(calls: PerCall) -> Cell {
    format!("mean {:.1}, max {}", calls.mean, count(calls.max)).into()
}

const GENERATOR: [Fact; 9] = [
    ("limited by", |entry| Cell::words(words::limit(entry.report, entry.judgement.limited_by))),
    ("busiest worker", |entry| percent(entry.report.generator.busiest_worker).into()),
    ("processor time of the workers", |entry| seconds(entry.report.generator.cpu_s).into()),
    ("of it spinning", |entry| seconds(entry.report.generator.spin_s).into()),
    ("stops", |entry| match words::stops(entry.report) {
        Some(stops) => Cell::words(stops).tone(Tone::Doubtful),
        None => "none".into(),
    }),
    ("peak resident memory", |entry| bytes(entry.report.generator.peak_rss_bytes as f64).into()),
    ("worker threads", |entry| entry.report.generator.threads.to_string().into()),
    ("processor time that a hypervisor gave to others", |entry| {
        entry.report.generator.stolen.map_or_else(|| "–".to_owned(), percent).into()
    }),
    (
        "interrupted",
        |entry| if entry.report.interrupted { Cell::from("yes").tone(Tone::Doubtful) } else { "no".into() },
    ),
];

pub(crate) fn plan(entries: &[Entry<'_>]) -> Section {
    let tables = vec![facts("Plan", entries, &PLAN), facts("Environment", entries, &ENVIRONMENT)];
    Section { id: "plan", title: "Plan and environment", blocks: vec![Block::Tables(tables)] }
}

const PLAN: [Fact; 16] = [
    ("target", |entry| Cell::words(&entry.report.target.url)),
    ("server", |entry| (if entry.report.target.embedded { "embedded" } else { "not started by loadgen" }).into()),
    ("model", |entry| match entry.report.plan.load {
        Load::Open { .. } => "open".into(),
        Load::Closed { window } => format!("closed, {} in flight a client", count(window.into())).into(),
    }),
    ("clients", |entry| count(entry.report.plan.clients.into()).into()),
    ("messages/s a client", |entry| entry.report.plan.load.rate_per_client().map_or_else(String::new, rate).into()),
    ("messages a burst", |entry| match entry.report.plan.load {
        Load::Open { burst, .. } => count(burst.into()).into(),
        Load::Closed { .. } => Cell::default(),
    }),
    ("most in flight a client", |entry| match entry.report.plan.load {
        Load::Open { max_in_flight, .. } => count(max_in_flight.into()).into(),
        Load::Closed { .. } => Cell::default(),
    }),
    ("length", |entry| Cell::words(words::length(&entry.report.plan))),
    ("drain at most", |entry| seconds(entry.report.plan.drain_s).into()),
    ("payload", |entry| {
        let plan = &entry.report.plan;
        Cell::words(format!("{} {}", bytes(plan.size_bytes as f64), plan.payload))
    }),
    ("expected back", |entry| Cell::words(&entry.report.plan.expect)),
    ("new connections/s", |entry| rate(entry.report.plan.connect_rate).into()),
    ("engine", |entry| Cell::words(&entry.report.plan.engine)),
    ("threads", |entry| entry.report.plan.threads.to_string().into()),
    ("thresholds", |entry| match entry.report.plan.thresholds.as_slice() {
        [] => "none".into(),
        some => Cell::words(some.join(", ")),
    }),
    ("started", |entry| Cell::words(&entry.report.started_at)),
];

const ENVIRONMENT: [Fact; 6] = [
    ("processor", |entry| Cell::words(&entry.report.environment.cpu)),
    ("cores", |entry| entry.report.environment.cores.to_string().into()),
    ("kernel", |entry| Cell::words(&entry.report.environment.kernel)),
    ("loadgen", |entry| Cell::words(&entry.report.environment.version)),
    ("seed", |entry| entry.report.environment.seed.to_string().into()),
    ("run id", |entry| entry.report.environment.run_id.to_string().into()),
];
