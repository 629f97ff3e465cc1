//! Tables of facts: connections, throughput, the generator, the plan, the environment.

use super::{Section, content::ContentBlock, headline::per_second, latency};
use crate::{
    human::{bytes, count, most_frequent, percent, rate, seconds},
    metric::throughput::Throughput,
    model::{LoadRecord, PerCall},
    render::{
        LabelledResult,
        html::table::{ResultFact, TableCell, facts},
        tone::Tone,
        wording,
    },
};

pub(crate) fn connecting(results: &[LabelledResult<'_>]) -> Section {
    let plot = latency::connect_plot(results).into_iter().collect();
    let blocks = vec![
        ContentBlock::Tables(vec![facts("Connections", results, &CONNECTIONS)]),
        ContentBlock::plots(plot, "No connection opened."),
        ContentBlock::Tables(vec![latency::connect_table(results)]),
    ];
    Section { id: "connect", title: "Connecting", blocks }
}

const CONNECTIONS: [ResultFact; 6] = [
    ("requested", |result| count(result.report.total.connections.requested).into()),
    ("opened", |result| count(result.report.total.connections.opened).into()),
    ("failed", |result| doubtful(result.report.total.connections.failed)),
    ("died", |result| doubtful(result.report.total.connections.died)),
    ("errors", |result| {
        let errors = &result.report.total.connections.errors;
        let kinds = most_frequent(errors.iter().map(|(kind, n)| (kind.as_str(), *n)));
        TableCell::words(kinds).tone(Tone::Doubtful)
    }),
    ("the first of each kind", |result| {
        let details = &result.report.total.connections.details;
        let first: Vec<String> = details.iter().map(|(kind, detail)| format!("{kind}: {detail}")).collect();
        TableCell::words(first.join("; ")).tone(Tone::Doubtful)
    }),
];

fn doubtful(n: u64) -> TableCell {
    TableCell::from(count(n)).tone(Tone::Doubtful.unless_zero(n))
}

pub(crate) fn health(results: &[LabelledResult<'_>]) -> Section {
    let tables = vec![
        facts("Throughput of the measured phase", results, &THROUGHPUT),
        facts("How far TCP and the writers coalesced", results, &WIRE),
        facts("The generator", results, &GENERATOR),
    ];
    Section { id: "health", title: "Throughput, TCP and generator", blocks: vec![ContentBlock::Tables(tables)] }
}

const THROUGHPUT: [ResultFact; 6] = [
    ("matched/s", |result| per_second(Throughput::of(result.report).matched_per_s).into()),
    ("sent/s", |result| per_second(Throughput::of(result.report).sent_per_s).into()),
    ("due/s", |result| match result.report.plan.load {
        LoadRecord::Open { .. } => per_second(Throughput::of(result.report).scheduled_per_s).into(),
        LoadRecord::Closed { .. } => TableCell::from("–"),
    }),
    ("payload out/s", |result| volume(Throughput::of(result.report).sent_bytes_per_s)),
    ("payload in/s", |result| volume(Throughput::of(result.report).received_bytes_per_s)),
    ("measured", |result| seconds(result.report.measured_s).into()),
];

fn volume(value: Option<f64>) -> TableCell {
    value.map_or_else(|| "–".to_owned(), bytes).into()
}

const WIRE: [ResultFact; 4] = [
    ("reads", |result| count(result.report.total.wire.reads).into()),
    ("messages per read", |result| per_call(result.report.total.wire.messages_per_read)),
    ("writes", |result| count(result.report.total.wire.writes).into()),
    ("messages per write", |result| per_call(result.report.total.wire.messages_per_write)),
];

fn per_call(calls: PerCall) -> TableCell {
    format!("mean {:.1}, max {}", calls.mean, count(calls.max)).into()
}

const GENERATOR: [ResultFact; 9] = [
    ("limited by", |result| TableCell::words(wording::limit(result.report, result.judgement.limited_by))),
    ("busiest worker", |result| percent(result.report.generator.busiest_worker).into()),
    ("processor time of the workers", |result| seconds(result.report.generator.cpu_s).into()),
    ("of it spinning", |result| seconds(result.report.generator.spin_s).into()),
    ("stops", |result| match wording::stops(result.report) {
        Some(stops) => TableCell::words(stops).tone(Tone::Doubtful),
        None => "none".into(),
    }),
    ("peak resident memory", |result| bytes(result.report.generator.peak_rss_bytes as f64).into()),
    ("worker threads", |result| result.report.generator.threads.to_string().into()),
    ("processor time that a hypervisor gave to others", |result| {
        result.report.generator.stolen.map_or_else(|| "–".to_owned(), percent).into()
    }),
    (
        "interrupted",
        |result| if result.report.interrupted { TableCell::from("yes").tone(Tone::Doubtful) } else { "no".into() },
    ),
];

pub(crate) fn plan(results: &[LabelledResult<'_>]) -> Section {
    let tables = vec![facts("Plan", results, &PLAN), facts("Environment", results, &ENVIRONMENT)];
    Section { id: "plan", title: "Plan and environment", blocks: vec![ContentBlock::Tables(tables)] }
}

const PLAN: [ResultFact; 16] = [
    ("target", |result| TableCell::words(&result.report.target.url)),
    ("server", |result| (if result.report.target.embedded { "embedded" } else { "not started by loadgen" }).into()),
    ("model", |result| match result.report.plan.load {
        LoadRecord::Open { .. } => "open".into(),
        LoadRecord::Closed { window } => format!("closed, {} in flight a client", count(window.into())).into(),
    }),
    ("clients", |result| count(result.report.plan.clients.into()).into()),
    ("messages/s a client", |result| result.report.plan.load.rate_per_client().map_or_else(String::new, rate).into()),
    ("messages a burst", |result| match result.report.plan.load {
        LoadRecord::Open { burst, .. } => count(burst.into()).into(),
        LoadRecord::Closed { .. } => TableCell::default(),
    }),
    ("most in flight a client", |result| match result.report.plan.load {
        LoadRecord::Open { max_in_flight, .. } => count(max_in_flight.into()).into(),
        LoadRecord::Closed { .. } => TableCell::default(),
    }),
    ("length", |result| TableCell::words(wording::length(&result.report.plan))),
    ("drain at most", |result| seconds(result.report.plan.drain_s).into()),
    ("payload", |result| {
        let plan = &result.report.plan;
        TableCell::words(format!("{} {}", bytes(plan.size_bytes as f64), plan.payload))
    }),
    ("expected back", |result| TableCell::words(&result.report.plan.expect)),
    ("new connections/s", |result| rate(result.report.plan.connect_rate).into()),
    ("engine", |result| TableCell::words(&result.report.plan.engine)),
    ("threads", |result| result.report.plan.threads.to_string().into()),
    ("thresholds", |result| match result.report.plan.thresholds.as_slice() {
        [] => "none".into(),
        some => TableCell::words(some.join(", ")),
    }),
    ("started", |result| TableCell::words(&result.report.started_at)),
];

const ENVIRONMENT: [ResultFact; 6] = [
    ("processor", |result| TableCell::words(&result.report.environment.cpu)),
    ("cores", |result| result.report.environment.cores.to_string().into()),
    ("kernel", |result| TableCell::words(&result.report.environment.kernel)),
    ("loadgen", |result| TableCell::words(&result.report.environment.version)),
    ("seed", |result| result.report.environment.seed.to_string().into()),
    ("run id", |result| result.report.environment.run_id.to_string().into()),
];
