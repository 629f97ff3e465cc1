//! Merges what the workers recorded into the report.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    num::NonZeroUsize,
    time::SystemTime,
};

use hdrhistogram::Histogram;
use reports::{
    Report,
    model::{
        Anomalies, Connections, Counts, Dropped, Evidence, GeneratorHealth, Interval, Latency, LoadRecord, Measurement,
        PerCall, PlanRecord, Tally, TargetRecord, Traffic, WireSummary,
    },
};

use crate::{
    clock::Time,
    plan::{self, Plan, Until},
    run::environment,
    worker::{MissingMessage, WorkerOutcome, count_kind, evidence::KEPT, recorder::CallTally},
};

/// What the run knows besides what its workers recorded.
#[derive(Debug)]
pub(crate) struct RunContext {
    pub(crate) target: TargetRecord,
    pub(crate) run_id: u32,
    pub(crate) threads: NonZeroUsize,
    pub(crate) started_at: SystemTime,
    pub(crate) interrupted: bool,
    /// See [`GeneratorHealth::stolen`].
    pub(crate) stolen: Option<f64>,
    pub(crate) intervals: Vec<Interval>,
    pub(crate) response: Histogram<u64>,
}

/// Merges the outcomes of all workers into a report.
pub(crate) fn summarize(plan: &Plan, mut context: RunContext, mut outcomes: Vec<WorkerOutcome>) -> Report {
    let latency = latency(std::mem::replace(&mut context.response, nothing()), &mut outcomes);
    let mut report = empty(plan, context, latency);
    let (mut reads, mut writes) = (CallTally::default(), CallTally::default());
    let (mut missing, mut misrouted) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let measured = outcome.window.to.since(outcome.window.from);
        report.measured_s = report.measured_s.max(seconds(measured));
        add_connections(&mut report.total.connections, &outcome.connections);
        report.generator.cpu_s += seconds(outcome.cpu);
        report.generator.spin_s += seconds(outcome.spun);
        if measured > 0 {
            let busy = outcome.cpu.saturating_sub(outcome.spun) as f64 / measured as f64;
            report.generator.busiest_worker = report.generator.busiest_worker.max(busy.min(1.0));
        }
        if seconds(outcome.stopped.total) > report.generator.stopped_s {
            (report.generator.stops, report.generator.stopped_s) =
                (outcome.stopped.times, seconds(outcome.stopped.total));
            report.generator.longest_stop_s = seconds(outcome.stopped.longest);
        }
        let peer = outcome.peer.map(|peer| peer.to_string()).unwrap_or_default();
        let recorder = outcome.recorder;
        add_tally(&mut report.total.warmup, &recorder.warmup);
        add_tally(&mut report.total.measured, &recorder.measured);
        add_traffic(&mut report.total.traffic, recorder.traffic);
        reads.merge(recorder.reads);
        writes.merge(recorder.writes);
        misrouted.extend(recorder.misrouted);
        missing.extend(outcome.missing);
        let kept = recorder.evidence.into_kept().into_iter();
        report.total.evidence.extend(kept.map(|evidence| Evidence { peer: peer.clone(), ..evidence }));
    }
    report.total.traffic.sent_in_window = Some(writes.messages);
    report.total.wire = wire(reads, writes);
    let found = misrouted.iter().map(|misroute| (misroute.owner, misroute.sequence));
    match_misrouted(&mut report, &missing, found);
    report.total.evidence = first_of_each_kind(std::mem::take(&mut report.total.evidence));
    report
}

/// Adds up the histograms of all workers in those of the first. An empty one would take as much
/// memory again.
fn latency(response: Histogram<u64>, outcomes: &mut [WorkerOutcome]) -> Latency {
    let parts = outcomes.iter_mut().map(|outcome| {
        let WorkerOutcome { recorder, connect, .. } = outcome;
        let [service, floor, send_lag] = [&mut recorder.service, &mut recorder.floor, &mut recorder.send_lag]
            .map(|part| std::mem::replace(part, nothing()));
        [service, floor, send_lag, connect.take().map_or_else(Latency::histogram, |connect| connect.unpack())]
    });
    let sums = parts.reduce(|mut sums, parts| {
        for (sum, part) in sums.iter_mut().zip(&parts) {
            sum.add(part).expect("all histograms have one shape");
        }
        sums
    });
    match sums {
        Some([service, floor, send_lag, connect]) => Latency { response, service, floor, send_lag, connect },
        None => Latency::default(),
    }
}

/// Stands in for a histogram that was taken.
fn nothing() -> Histogram<u64> {
    Histogram::new(0).expect("no digits are few enough")
}

/// Counts missing messages that came on another connection as misrouted, instead of lost or
/// undetermined.
fn match_misrouted(report: &mut Report, missing: &[MissingMessage], found: impl Iterator<Item = (u32, u64)>) {
    let mut found = found.peekable();
    if found.peek().is_none() {
        return;
    }
    let mut missing: BTreeMap<_, _> =
        missing.iter().map(|missing| ((missing.client, missing.sequence), missing)).collect();
    let (mut resolved, mut guessed) = (HashSet::new(), Vec::new());
    for message in found {
        match missing.get(&message) {
            None => {}
            Some(MissingMessage { guessed: true, .. }) => guessed.push(message),
            Some(&&MissingMessage { measured, died, .. }) => {
                let counts = counts(report, measured);
                *if died { &mut counts.undetermined } else { &mut counts.lost } -= 1;
                counts.misrouted += 1;
                missing.remove(&message);
                resolved.insert(message);
            }
        }
    }
    // This message did not come truncated, so another of the same client did: one that counts as
    // missing.
    for message in guessed {
        let (client, _) = message;
        let mut others = missing.range((client, 0)..=(client, u64::MAX)).filter(|(_, other)| !other.guessed);
        let Some((&of, &&MissingMessage { measured, died, .. })) = others.next() else { continue };
        let cut = counts(report, measured);
        *if died { &mut cut.undetermined } else { &mut cut.lost } -= 1;
        cut.damaged += 1;
        missing.remove(&of);
        resolved.insert(of);
        if let Some(MissingMessage { measured, .. }) = missing.remove(&message) {
            let counts = counts(report, *measured);
            counts.damaged -= 1;
            counts.misrouted += 1;
        }
    }
    report.total.evidence.retain(|evidence| {
        let came = evidence.sequence.is_some_and(|sequence| resolved.contains(&(evidence.client, sequence)));
        !(came && matches!(evidence.kind.as_str(), "lost" | "undetermined"))
    });
}

/// The counts of the phase that a message was due in.
fn counts(report: &mut Report, measured: bool) -> &mut Counts {
    if measured { &mut report.total.measured.counts } else { &mut report.total.warmup.counts }
}

fn first_of_each_kind(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    evidence.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut kept: HashMap<String, usize> = HashMap::new();
    evidence.retain(|evidence| {
        let count = kept.entry(evidence.kind.clone()).or_default();
        *count += 1;
        *count <= KEPT
    });
    evidence
}

fn empty(plan: &Plan, context: RunContext, latency: Latency) -> Report {
    Report {
        target: context.target,
        plan: record(plan, context.threads),
        environment: environment::describe(plan.seed(), context.run_id),
        started_at: humantime::format_rfc3339_seconds(context.started_at).to_string(),
        measured_s: 0.0,
        interrupted: context.interrupted,
        generator: GeneratorHealth {
            peak_rss_bytes: environment::peak_rss(),
            threads: u32::try_from(context.threads.get()).unwrap_or(u32::MAX),
            stolen: context.stolen,
            ..GeneratorHealth::default()
        },
        total: Measurement {
            connections: Connections::default(),
            measured: Tally::default(),
            warmup: Tally::default(),
            evidence: Vec::new(),
            traffic: Traffic::default(),
            latency,
            wire: WireSummary::default(),
            intervals: context.intervals,
        },
        groups: Vec::new(),
    }
}

fn record(plan: &Plan, threads: NonZeroUsize) -> PlanRecord {
    let (run, group) = (plan.run(), &plan.groups()[0]);
    PlanRecord {
        clients: group.clients.get(),
        load: match group.load {
            plan::Load::Open { rate, burst, max_in_flight } => LoadRecord::Open {
                rate_per_client: rate.per_second(),
                burst: burst.get(),
                max_in_flight: max_in_flight.get(),
            },
            plan::Load::Closed { window } => LoadRecord::Closed { window: window.get() },
        },
        duration_s: match run.until {
            Until::Elapsed(duration) => Some(duration.as_secs_f64()),
            Until::Messages(_) => None,
        },
        messages_per_client: match run.until {
            Until::Elapsed(_) => None,
            Until::Messages(messages) => Some(messages.get()),
        },
        warmup_s: run.warmup.as_secs_f64(),
        drain_s: run.drain.as_secs_f64(),
        size_bytes: group.size.into(),
        payload: group.mix.to_string(),
        expect: group.expect.to_string(),
        connect_rate: run.connect_rate.per_second(),
        engine: run.engine.to_string(),
        threads: u32::try_from(threads.get()).unwrap_or(u32::MAX),
        thresholds: run.thresholds.iter().map(ToString::to_string).collect(),
        only_delivery: run.only_delivery,
    }
}

fn wire(reads: CallTally, writes: CallTally) -> WireSummary {
    let per_call = |calls: CallTally| PerCall {
        mean: if calls.calls == 0 { 0.0 } else { calls.messages as f64 / calls.calls as f64 },
        max: calls.max,
    };
    WireSummary {
        reads: reads.calls,
        messages_per_read: per_call(reads),
        writes: writes.calls,
        messages_per_write: per_call(writes),
    }
}

fn add_connections(sum: &mut Connections, part: &Connections) {
    sum.requested += part.requested;
    sum.opened += part.opened;
    sum.failed += part.failed;
    sum.died += part.died;
    for (kind, count) in &part.errors {
        count_kind(sum, kind, *count, part.details.get(kind).map(String::as_str));
    }
}

fn add_traffic(sum: &mut Traffic, part: Traffic) {
    sum.matched_in_window += part.matched_in_window;
    sum.sent_bytes += part.sent_bytes;
    sum.received_bytes += part.received_bytes;
}

// Destructured, so that a new counter of the model can't be forgotten here.
fn add_tally(sum: &mut Tally, part: &Tally) {
    let Counts { scheduled, sent, dropped, matched, lost, damaged, misrouted, undetermined, events } = part.counts;
    let counts = &mut sum.counts;
    counts.scheduled += scheduled;
    counts.sent += sent;
    counts.dropped += dropped;
    counts.matched += matched;
    counts.lost += lost;
    counts.damaged += damaged;
    counts.misrouted += misrouted;
    counts.undetermined += undetermined;
    counts.events += events;
    let Dropped { in_flight_cap, dead_connection, behind_schedule } = part.dropped;
    sum.dropped.in_flight_cap += in_flight_cap;
    sum.dropped.dead_connection += dead_connection;
    sum.dropped.behind_schedule += behind_schedule;
    let Anomalies {
        duplicated,
        reordered,
        coalesced,
        split,
        split_pieces,
        truncated,
        corrupted,
        wrong_type,
        misrouted_events,
        unexpected,
    } = part.anomalies;
    let anomalies = &mut sum.anomalies;
    anomalies.duplicated += duplicated;
    anomalies.reordered += reordered;
    anomalies.coalesced += coalesced;
    anomalies.split += split;
    anomalies.split_pieces += split_pieces;
    anomalies.truncated += truncated;
    anomalies.corrupted += corrupted;
    anomalies.wrong_type += wrong_type;
    anomalies.misrouted_events += misrouted_events;
    anomalies.unexpected += unexpected;
}

fn seconds(nanos: u64) -> f64 {
    Time::from_nanos(nanos).seconds_from(Time::default())
}

#[cfg(test)]
mod tests;
