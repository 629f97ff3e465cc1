//! Sentences and selections that all formats for people share.

use hdrhistogram::Histogram;

use super::part::Part;
use crate::{
    human::{count, nanoseconds, percent, rate, seconds},
    judge::{Judgement, LimitedBy, Verdict},
    model::{
        EngineKind, Environment, Evidence, EvidenceKind, Expect, Latency, LoadRecord, Measurement, PlanRecord, Report,
    },
};

/// What the closed model hides.
pub(super) const OMISSION: &str = "closed model: response counts from the reply that let the message go, and coordinated omission applies: while the \
     target stalls, the messages that would have shown it are not sent";

/// The verdict in one word, and what it means.
pub(super) fn verdict(report: &Report, judgement: &Judgement) -> (&'static str, String) {
    let (word, meaning) = match judgement.verdict {
        Verdict::Pass if report.plan.is_echo() => {
            ("PASS", "every message came back whole, in order, once, on its own connection")
        }
        Verdict::Pass => ("PASS", "every message brought back what it must, once, on its own connection"),
        Verdict::Threshold => ("FAIL", "a threshold was missed"),
        Verdict::Delivery => ("FAIL", "delivery violation"),
        Verdict::Connections => ("FAIL", "connections: the target refused or lost some that the plan wanted open"),
        Verdict::Invalid => ("INVALID", "these numbers do not describe the planned load"),
    };
    let mut meaning = match report.plan.run.thresholds.len() {
        1 if judgement.verdict == Verdict::Pass => format!("{meaning}; the threshold holds"),
        n @ 2.. if judgement.verdict == Verdict::Pass => format!("{meaning}; {n} thresholds hold"),
        _ => meaning.to_owned(),
    };
    if report.plan.run.only_delivery {
        meaning.push_str("; timing was not judged (--only-delivery)");
    }
    (word, meaning)
}

/// Clients, rate and bursts, or the window of the closed model.
pub(super) fn load(plan: &PlanRecord) -> String {
    match plan.groups[0].load {
        LoadRecord::Open { rate_per_client, burst, .. } => format!(
            "{} x {} messages/s = {}/s, bursts of {burst}",
            clients(plan),
            rate(rate_per_client),
            rate(plan.clients() as f64 * rate_per_client),
        ),
        LoadRecord::Closed { window } => format!("closed model, {} x {window} in flight", clients(plan)),
    }
}

pub(super) fn clients(plan: &PlanRecord) -> String {
    format!("{} {}", count(plan.clients()), if plan.clients() == 1 { "client" } else { "clients" })
}

/// The length of the measured phase, and of the warm-up if there is one.
pub(super) fn length(plan: &PlanRecord) -> String {
    let measured = match (plan.run.duration_s, plan.run.messages_per_client) {
        (Some(duration), _) => seconds(duration),
        (None, Some(n)) => format!("{} messages a client", count(n)),
        (None, None) => "until stopped".to_owned(),
    };
    if plan.run.warmup_s == 0.0 {
        return measured;
    }
    format!("{measured} + {} warm-up", seconds(plan.run.warmup_s))
}

/// What stays open if the expectation is no echo.
pub(super) fn undecided(plan: &PlanRecord) -> Option<String> {
    let other = plan.groups.iter().map(|group| &group.expect).find(|expect| **expect != Expect::Echo)?;
    Some(format!("--expect {other} decides surplus, deficit and wrong content, not which message came back"))
}

/// All that is known about an anomaly, except its kind and its bytes.
pub(super) fn circumstances(evidence: &Evidence) -> Vec<String> {
    let message = evidence.sequence.map(|sequence| format!(" message {}", count(sequence))).unwrap_or_default();
    let mut parts = vec![
        format!("client {}{message} at {:.3} s", evidence.client, evidence.at_s),
        format!("{} → {}", evidence.local, evidence.peer),
    ];
    parts.extend(evidence.received_bytes.map(|n| format!("{} bytes came", count(n))));
    parts.extend(evidence.first_difference.map(|n| format!("first difference at offset {}", count(n))));
    parts.extend(evidence.read.map(|read| {
        let frames = if read.frames == 1 { "frame" } else { "frames" };
        format!("in a read of {} bytes, {} {frames}", count(read.bytes), count(read.frames))
    }));
    parts.extend(evidence.detail.clone());
    parts
}

/// The bytes that were expected and those that came, as far as they are known.
pub(super) fn bytes_of(evidence: &Evidence) -> impl Iterator<Item = (&'static str, &str)> {
    let both = [("expected", &evidence.expected), ("received", &evidence.received)];
    both.into_iter().filter_map(|(name, bytes)| Some((name, bytes.as_deref()?)))
}

/// The evidence of each kind, in the order of first appearance.
pub(super) fn evidence_by_kind(measurement: &Measurement) -> Vec<(EvidenceKind, Vec<&Evidence>)> {
    let mut kinds: Vec<(EvidenceKind, Vec<&Evidence>)> = Vec::new();
    for evidence in &measurement.evidence {
        match kinds.iter_mut().find(|(kind, _)| *kind == evidence.kind) {
            Some((_, all)) => all.push(evidence),
            None => kinds.push((evidence.kind, vec![evidence])),
        }
    }
    kinds
}

/// The latencies that mean something, by name. The closed model has no due times, so no send lag.
/// Phases of connecting are part of it, so they stand elsewhere.
pub(super) fn latencies(part: Part<'_>) -> impl Iterator<Item = (&'static str, &Histogram<u64>)> {
    let is_closed = part.is_closed();
    part.measurement.latency.by_name().into_iter().filter(move |(name, histogram)| match *name {
        "send_lag" => !is_closed,
        "floor" => !histogram.is_empty(),
        phase => !phase.starts_with("connect_"),
    })
}

/// The machine and the program of a run, and its start.
pub(super) fn place(environment: &Environment, engine: EngineKind, started_at: &str) -> String {
    let Environment { cpu, cores, kernel, version, seed, .. } = environment;
    let unit = if *cores == 1 { "core" } else { "cores" };
    format!("{cpu}, {cores} {unit}, {kernel}, loadgen {version} ({engine} engine), seed {seed}, {started_at}")
}

/// How often and how long the generator stood still. `None` if it never did.
pub(super) fn stops(report: &Report) -> Option<String> {
    let generator = &report.generator;
    (generator.stops > 0).then(|| {
        format!(
            "stood still {} in {} {}, {} at most",
            seconds(generator.stopped_s),
            count(generator.stops),
            if generator.stops == 1 { "stop" } else { "stops" },
            seconds(generator.longest_stop_s)
        )
    })
}

/// Least share of stolen processor time that is mentioned. Less is within the noise between runs.
const STOLEN: f64 = 0.01;

/// A remark on processor time that a hypervisor gave to others: the machine stood still.
pub(super) fn stolen(report: &Report) -> Option<String> {
    let stolen = report.generator.stolen.filter(|&stolen| stolen >= STOLEN)?;
    Some(format!(
        "a hypervisor gave {} of this machine's processor time to others; times and rates include that",
        percent(stolen)
    ))
}

/// A remark on times that are longer than a histogram can record.
pub(super) fn saturated(latency: &Latency) -> Option<String> {
    let longest = Latency::HIGH_NS;
    let series = latency.by_name().into_iter().filter_map(|(name, times)| {
        let n = times.count_between(longest, u64::MAX);
        (n > 0).then(|| format!("{} {name}", count(n)))
    });
    let series: Vec<String> = series.collect();
    (!series.is_empty()).then(|| {
        format!(
            "{} times of {} or more are recorded as {}: their mean, quantiles and largest may be longer",
            series.join(", "),
            nanoseconds(longest as f64),
            nanoseconds(longest as f64),
        )
    })
}

/// What kept the throughput from being higher.
pub(super) fn limit(report: &Report, limited_by: LimitedBy) -> &'static str {
    match (limited_by, report.plan.is_closed()) {
        _ if report.total.measured.counts.sent == 0 => "not known: nothing was measured",
        (LimitedBy::Schedule, _) => "the schedule: neither the generator nor the target held it back",
        (LimitedBy::Generator, _) => {
            "the generator: this machine is too busy or --threads too few; the target may be faster"
        }
        (LimitedBy::Target, false) => "the target: not all that was due came back in time",
        (LimitedBy::Target, true) => "the target: the generator waited for its replies",
    }
}
