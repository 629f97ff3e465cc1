//! Tables of facts: connections, throughput, the generator, the plan, the environment.

use super::{Section, content::ContentBlock, headline::per_second, latency};
use crate::{
    human::{bytes, count, most_frequent, nanoseconds, percent, rate, seconds},
    model::{Calls, GroupRecord, LoadRecord},
    render::{
        connecting, exchange,
        html::{
            labelled_part::LabelledPart,
            table::{Fact, PageTable, TableCell, facts},
        },
        load_shape, shards,
        tone::Tone,
        wording,
    },
};

pub(crate) fn connecting(parts: &[LabelledPart<'_>]) -> Section {
    let plot = latency::connect_plot(parts).into_iter().collect();
    let blocks = vec![
        ContentBlock::Tables(vec![facts("Connections", parts, &CONNECTIONS)]),
        ContentBlock::plots(plot, "No connection opened."),
        ContentBlock::Tables(vec![latency::connect_table(parts)]),
    ]
    .into_iter()
    .chain(how(parts).map(|table| ContentBlock::Tables(vec![table])))
    .collect();
    Section::new("connect", "Connecting", blocks)
}

/// The tables of connecting, without the plot.
pub(crate) fn connections(parts: &[LabelledPart<'_>]) -> Section {
    let mut tables = vec![facts("Connections", parts, &CONNECTIONS), latency::connect_table(parts)];
    tables.extend(how(parts));
    Section::new("connect", "Connecting", vec![ContentBlock::Tables(tables)])
}

/// What was agreed on connections. `None` for plain ones.
fn how(parts: &[LabelledPart<'_>]) -> Option<PageTable> {
    let table = facts("How it connected", parts, &HOW);
    table.bodies.iter().any(|body| !body.rows.is_empty()).then_some(table)
}

const HOW: [Fact; 7] = [
    ("TLS", |labelled| agreed(labelled, "TLS")),
    ("certificates", |labelled| {
        let is_insecure = labelled.part.group_plans().iter().any(connecting::accepts_any_certificate);
        if is_insecure { TableCell::words(connecting::INSECURE).tone(Tone::Doubtful) } else { TableCell::default() }
    }),
    ("compression", |labelled| agreed(labelled, "compression")),
    ("compressed", |labelled| agreed(labelled, "compressed")),
    ("subprotocols", |labelled| agreed(labelled, "subprotocols")),
    ("addresses", |labelled| agreed(labelled, "addresses")),
    ("redirects", |labelled| agreed(labelled, "redirects")),
];

fn agreed(labelled: &LabelledPart<'_>, name: &str) -> TableCell {
    let all = connecting::agreed(labelled.part.measurement);
    let found = all.into_iter().find(|(known, _)| *known == name);
    found.map_or_else(TableCell::default, |(_, text)| TableCell::words(text))
}

const CONNECTIONS: [Fact; 7] = [
    ("requested", |labelled| count(labelled.part.measurement.connections.requested).into()),
    ("opened", |labelled| count(labelled.part.measurement.connections.opened).into()),
    ("failed", |labelled| doubtful(labelled.part.measurement.connections.failed)),
    ("died", |labelled| doubtful(labelled.part.measurement.connections.died)),
    ("host lookup", |labelled| {
        let lookup = labelled.part.measurement.connections.dns_ns;
        lookup.map_or_else(TableCell::default, |ns| nanoseconds(ns as f64).into())
    }),
    ("errors", |labelled| {
        let errors = &labelled.part.measurement.connections.errors;
        let kinds = most_frequent(errors.iter().map(|(kind, n)| (kind.as_str(), *n)));
        TableCell::words(kinds).tone(Tone::Doubtful)
    }),
    ("the first of each kind", |labelled| {
        let details = &labelled.part.measurement.connections.details;
        let first: Vec<String> = details.iter().map(|(kind, detail)| format!("{kind}: {detail}")).collect();
        TableCell::words(first.join("; ")).tone(Tone::Doubtful)
    }),
];

fn doubtful(n: u64) -> TableCell {
    TableCell::from(count(n)).tone(Tone::Doubtful.unless_zero(n))
}

pub(crate) fn health(parts: &[LabelledPart<'_>]) -> Section {
    let tables = vec![
        facts("Throughput of the measured phase", parts, &THROUGHPUT),
        facts("How far TCP and the writers coalesced", parts, &WIRE),
        facts("The generator", parts, &GENERATOR),
    ];
    Section::new("health", "Throughput, TCP and generator", vec![ContentBlock::Tables(tables)])
}

const THROUGHPUT: [Fact; 6] = [
    ("matched/s", |labelled| per_second(labelled.part.throughput().matched_per_s).into()),
    ("sent/s", |labelled| per_second(labelled.part.throughput().sent_per_s).into()),
    ("due/s", |labelled| {
        let due = labelled.part.throughput().scheduled_per_s.filter(|_| !labelled.part.is_closed());
        per_second(due).into()
    }),
    ("payload out/s", |labelled| volume(labelled.part.throughput().sent_bytes_per_s)),
    ("payload in/s", |labelled| volume(labelled.part.throughput().received_bytes_per_s)),
    ("measured", |labelled| seconds(labelled.part.report.measured_s).into()),
];

fn volume(value: Option<f64>) -> TableCell {
    value.map_or_else(|| "–".to_owned(), bytes).into()
}

const WIRE: [Fact; 4] = [
    ("reads", |labelled| count(labelled.part.measurement.wire.reads.calls).into()),
    ("messages per read", |labelled| per_call(labelled.part.measurement.wire.reads)),
    ("writes", |labelled| count(labelled.part.measurement.wire.writes.calls).into()),
    ("messages per write", |labelled| per_call(labelled.part.measurement.wire.writes)),
];

fn per_call(calls: Calls) -> TableCell {
    format!("mean {:.1}, max {}", calls.mean(), count(calls.largest)).into()
}

const GENERATOR: [Fact; 9] = [
    ("limited by", |labelled| TableCell::words(wording::limit(labelled.part.report, labelled.judgement.limited_by))),
    ("busiest worker", |labelled| percent(labelled.part.report.generator.busiest_worker).into()),
    ("processor time of the workers", |labelled| seconds(labelled.part.report.generator.cpu_s).into()),
    ("of it spinning", |labelled| seconds(labelled.part.report.generator.spin_s).into()),
    ("stops", |labelled| match wording::stops(labelled.part.report) {
        Some(stops) => TableCell::words(stops).tone(Tone::Doubtful),
        None => "none".into(),
    }),
    ("peak resident memory", |labelled| shards::peak(labelled.part.report).into()),
    ("worker threads", |labelled| labelled.part.report.generator.threads.to_string().into()),
    ("processor time that a hypervisor gave to others", |labelled| {
        labelled.part.report.generator.stolen.map_or_else(|| "–".to_owned(), percent).into()
    }),
    ("interrupted", |labelled| {
        if labelled.part.report.interrupted { TableCell::from("yes").tone(Tone::Doubtful) } else { "no".into() }
    }),
];

pub(crate) fn plan(parts: &[LabelledPart<'_>]) -> Section {
    let tables = vec![facts("Plan", parts, &PLAN), facts("Environment", parts, &ENVIRONMENT)];
    Section::new("plan", "Plan and environment", vec![ContentBlock::Tables(tables)])
}

/// The plan and the throughput of a group.
pub(crate) fn group(parts: &[LabelledPart<'_>]) -> Section {
    let tables = vec![facts("Plan", parts, &GROUP_PLAN), facts("Throughput of the measured phase", parts, &THROUGHPUT)];
    Section::new("plan", "Plan", vec![ContentBlock::Tables(tables)])
}

/// What a part's only group was asked to do. Empty if there are several groups.
fn of_group(labelled: &LabelledPart<'_>, fact: impl FnOnce(&GroupRecord) -> TableCell) -> TableCell {
    labelled.part.group_plan().map_or_else(TableCell::default, fact)
}

const MODEL: Fact = ("model", |labelled| {
    of_group(labelled, |group| match group.load {
        LoadRecord::Open { .. } => "open".into(),
        LoadRecord::Closed { window, .. } => format!("closed, {} in flight a client", count(window.into())).into(),
        LoadRecord::Listen => "only listens".into(),
    })
});
const CLIENTS: Fact = ("clients", |labelled| {
    count(labelled.part.group_plans().iter().map(|group| u64::from(group.clients)).sum()).into()
});
const RATE: Fact = ("messages/s a client", |labelled| {
    of_group(labelled, |group| group.load.rate_per_client().map_or_else(String::new, rate).into())
});
const BURST: Fact = ("messages a burst", |labelled| {
    of_group(labelled, |group| match group.load {
        LoadRecord::Open { burst, .. } => count(burst.into()).into(),
        LoadRecord::Closed { .. } | LoadRecord::Listen => TableCell::default(),
    })
});
const IN_FLIGHT: Fact = ("most in flight a client", |labelled| {
    of_group(labelled, |group| match group.load {
        LoadRecord::Open { max_in_flight, .. } => count(max_in_flight.into()).into(),
        LoadRecord::Closed { .. } | LoadRecord::Listen => TableCell::default(),
    })
});
const PAYLOAD: Fact = ("payload", |labelled| {
    of_group(labelled, |group| {
        let payload = group.load.sends().then(|| wording::payload(group));
        payload.map_or_else(TableCell::default, TableCell::words)
    })
});
const EXPECT: Fact =
    ("expected back", |labelled| of_group(labelled, |group| TableCell::words(group.expect.to_string())));

const RULES: Fact = ("rules", |labelled| {
    of_group(labelled, |group| match exchange::more_rules(group).as_slice() {
        [] => TableCell::default(),
        rules => TableCell::words(rules.join(", ")),
    })
});

const ARRIVALS: Fact = ("over time", |labelled| of_group(labelled, |group| shape(&load_shape::arrivals(&group.load))));
const SESSIONS: Fact = ("clients come and go", |labelled| {
    of_group(labelled, |group| shape(&group.sessions.iter().flat_map(load_shape::sessions).collect::<Vec<_>>()))
});
const WAY: Fact = ("way to the server", |labelled| of_group(labelled, |group| shape(&connecting::asked_for(group))));
const WIRE_SHAPE: Fact =
    ("frames, pings, reads", |labelled| of_group(labelled, |group| shape(&load_shape::others(group))));

fn shape(parts: &[String]) -> TableCell {
    if parts.is_empty() { TableCell::default() } else { TableCell::words(parts.join(", ")) }
}

/// What is a group's own.
const GROUP_PLAN: [Fact; 13] = [
    ("target", |labelled| {
        of_group(labelled, |group| {
            group.target.as_ref().map_or_else(TableCell::default, |target| TableCell::words(connecting::urls(target)))
        })
    }),
    MODEL,
    CLIENTS,
    RATE,
    ARRIVALS,
    BURST,
    IN_FLIGHT,
    SESSIONS,
    PAYLOAD,
    EXPECT,
    RULES,
    WIRE_SHAPE,
    WAY,
];

const PLAN: [Fact; 22] = [
    ("target", |labelled| TableCell::words(connecting::urls(&labelled.part.report.target))),
    ("server", |labelled| {
        (if labelled.part.report.target.embedded { "embedded" } else { "not started by loadgen" }).into()
    }),
    MODEL,
    ("groups", |labelled| match labelled.part.group_plans().len() {
        1 => TableCell::default(),
        groups => count(groups as u64).into(),
    }),
    CLIENTS,
    RATE,
    ARRIVALS,
    BURST,
    IN_FLIGHT,
    SESSIONS,
    ("length", |labelled| TableCell::words(wording::length(labelled.part.plan()))),
    ("drain at most", |labelled| seconds(labelled.part.plan().run.drain_s).into()),
    PAYLOAD,
    EXPECT,
    RULES,
    WIRE_SHAPE,
    WAY,
    ("new connections/s", |labelled| rate(labelled.part.plan().run.connect_rate).into()),
    ("engine", |labelled| TableCell::words(labelled.part.plan().run.engine.name())),
    ("threads", |labelled| labelled.part.plan().run.threads.to_string().into()),
    ("thresholds", |labelled| match labelled.part.plan().run.thresholds.as_slice() {
        [] => "none".into(),
        some => TableCell::words(some.join(", ")),
    }),
    ("started", |labelled| TableCell::words(&labelled.part.report.started_at)),
];

const ENVIRONMENT: [Fact; 6] = [
    ("processor", |labelled| TableCell::words(&labelled.part.report.environment.cpu)),
    ("cores", |labelled| labelled.part.report.environment.cores.to_string().into()),
    ("kernel", |labelled| TableCell::words(&labelled.part.report.environment.kernel)),
    ("loadgen", |labelled| TableCell::words(&labelled.part.report.environment.version)),
    ("seed", |labelled| labelled.part.report.environment.seed.to_string().into()),
    ("run id", |labelled| labelled.part.report.environment.run_id.to_string().into()),
];
