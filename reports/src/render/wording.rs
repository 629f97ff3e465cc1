//! Sentences and selections that all formats for people share.

use hdrhistogram::Histogram;

use super::{connecting, exchange, load_shape, part::Part, shards};
use crate::{
    human::{bytes, count, nanoseconds, percent, rate, seconds},
    judge::{Judgement, LimitedBy, Verdict},
    model::{
        EngineKind, Environment, Evidence, EvidenceKind, Expect, GroupRecord, Latency, LoadRecord, Measurement,
        MessagesRecord, PlanRecord, Report, Unresolved,
    },
};

/// What the closed model hides.
const OMISSION: &str = "closed model: response counts from the reply that let the message go, and coordinated omission applies: while the \
     target stalls, the messages that would have shown it are not sent";

/// The verdict in one word, and what it means.
pub(super) fn verdict(report: &Report, judgement: &Judgement) -> (&'static str, String) {
    let (word, meaning) = match judgement.verdict {
        Verdict::Pass if report.plan.is_echo() => {
            ("PASS", "every message came back whole, in order, once, on its own connection")
        }
        Verdict::Pass if report.plan.groups.iter().all(GroupRecord::has_rooms) => {
            ("PASS", "every message reached every member of its room once, whole and in order")
        }
        Verdict::Pass if !report.plan.sends() => ("PASS", "nothing came that must not"),
        Verdict::Pass => ("PASS", "every message brought back what it must, once, on its own connection"),
        Verdict::Threshold => ("FAIL", "a threshold was missed"),
        Verdict::Delivery => ("FAIL", "delivery violation"),
        Verdict::Connections => ("FAIL", "connections: the target refused or lost some that the plan wanted open"),
        Verdict::Invalid => ("INVALID", "these numbers do not describe the planned load"),
    };
    let mut meaning = match report.plan.run.thresholds.len() {
        // A part of a run leaves thresholds to the whole.
        _ if report.partial => meaning.to_owned(),
        1 if judgement.verdict == Verdict::Pass => format!("{meaning}; the threshold holds"),
        n @ 2.. if judgement.verdict == Verdict::Pass => format!("{meaning}; {n} thresholds hold"),
        _ => meaning.to_owned(),
    };
    let open = [&report.total.measured, &report.total.warmup]
        .into_iter()
        .flat_map(|tally| [tally.counts.undetermined, tally.counts.undetermined_by_plan])
        .fold(0, u64::saturating_add);
    if judgement.verdict == Verdict::Pass && open > 0 {
        meaning = format!("{meaning}, except {} that were in flight when their connection ended", count(open));
    }
    if report.plan.run.only_delivery {
        meaning.push_str("; timing was not judged (--only-delivery)");
    }
    if let Some(part) = report.part() {
        meaning = format!("{meaning}; this is {part}, not the whole run");
    }
    (word, meaning)
}

/// Clients, rate and bursts, or the window of the closed model. Of several groups, how many they
/// are.
pub(super) fn load(plan: &PlanRecord) -> String {
    match plan.groups.as_slice() {
        [group] => group_load(group),
        _ => clients(plan),
    }
}

/// Clients, rate and bursts of a group, or the window of the closed model.
pub(super) fn group_load(group: &GroupRecord) -> String {
    let clients = clients_of(group.clients.into());
    match group.load {
        LoadRecord::Open { rate_per_client, burst, .. } => {
            let most = if group.load.stages().is_empty() { "" } else { "at most " };
            let each = format!("{most}{}", rate(rate_per_client));
            match group.senders() {
                Some(senders) if senders < u64::from(group.clients) => {
                    let all = format!("{most}{}", rate(senders as f64 * rate_per_client));
                    format!("{clients}, {} of them x {each} messages/s = {all}/s, bursts of {burst}", count(senders))
                }
                Some(senders) => {
                    format!(
                        "{clients} x {each} messages/s = {most}{}/s, bursts of {burst}",
                        rate(senders as f64 * rate_per_client)
                    )
                }
                None => format!("{clients}, publishers x {each} messages/s, bursts of {burst}"),
            }
        }
        LoadRecord::Closed { window, .. } => format!("closed model, {clients} x {window} in flight"),
        LoadRecord::Listen => format!("{clients} that only listen"),
    }
}

/// Clients and messages of a group.
pub(super) fn clients_and_messages(group: &GroupRecord) -> String {
    let load = group_load(group);
    let messages = group.load.sends().then(|| payload(group));
    std::iter::once(load)
        .chain(messages)
        .chain(exchange::rules(group))
        .chain(load_shape::shape(group))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Everything that is asked of a group, in one line.
pub(super) fn group_plan(group: &GroupRecord) -> String {
    std::iter::once(clients_and_messages(group)).chain(connecting::asked_for(group)).collect::<Vec<_>>().join(", ")
}

/// Size and type of a group's messages.
pub(super) fn payload(group: &GroupRecord) -> String {
    match &group.messages {
        MessagesRecord::Generated { sizes: Some(sizes), payload, .. } => format!("sizes {sizes} {payload}"),
        MessagesRecord::Generated { size_bytes, payload, .. } => format!("{} {payload}", bytes(*size_bytes as f64)),
        MessagesRecord::Templates { templates, largest_bytes, .. } => {
            let noun = if *templates == 1 { "template" } else { "templates" };
            format!("{} {noun}, up to {}", count(u64::from(*templates)), bytes(*largest_bytes as f64))
        }
    }
}

/// All clients, and the number of groups if there are several.
pub(super) fn clients(plan: &PlanRecord) -> String {
    let clients = clients_of(plan.clients());
    match plan.groups.len() {
        1 => clients,
        groups => format!("{} groups, {clients}", count(groups as u64)),
    }
}

fn clients_of(n: u64) -> String {
    format!("{} {}", count(n), if n == 1 { "client" } else { "clients" })
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

/// What stays open if replies do not name their message. Of several groups, in which.
pub(super) fn undecided(part: Part<'_>) -> Option<String> {
    const OPEN: &str = "decides surplus, deficit and wrong content, not which message came back";
    let plans = part.group_plans();
    let others = plans.iter().filter(|group| matches!(group.expect, Expect::Count | Expect::Reply(_)));
    let first = others.clone().next()?;
    if plans.len() == 1 {
        return Some(format!("--expect {} {OPEN}", first.expect));
    }
    let named = others.map(|group| format!("{}: --expect {}", group.name, group.expect));
    Some(format!("{}; that {OPEN}", bounded(named)))
}

/// What the closed model hides, if a group uses it. Of several groups, in which.
pub(super) fn omission(part: Part<'_>) -> Option<String> {
    let plans = part.group_plans();
    let closed = plans.iter().filter(|group| group.load.is_closed());
    match closed.clone().count() {
        0 => None,
        n if n == plans.len() => Some(OMISSION.to_owned()),
        _ => Some(format!("{}: {OMISSION}", bounded(closed.map(|group| group.name.clone())))),
    }
}

/// Most names in a sentence.
const NAMES: usize = 10;

/// The first of these, and how many more there are.
fn bounded(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    if names.len() > NAMES {
        let more = format!("{} more", count((names.len() - NAMES) as u64));
        names.truncate(NAMES);
        names.push(more);
    }
    names.join(", ")
}

/// What every group expects, each once.
pub(super) fn expectations(plan: &PlanRecord) -> String {
    let mut all: Vec<String> = Vec::new();
    for group in &plan.groups {
        let expect = group.expect.to_string();
        if !all.contains(&expect) {
            all.push(expect);
        }
    }
    bounded(all.into_iter())
}

/// What the lists of messages in the result file leave out.
pub(super) fn not_listed(report: &Report) -> Vec<String> {
    let Unresolved { missing, missing_not_kept, misrouted, misrouted_not_kept, rooms: _ } = &report.unresolved;
    let lists = [
        (missing.len() as u64, *missing_not_kept, "did not come back"),
        (misrouted.len() as u64, *misrouted_not_kept, "came on another connection"),
    ];
    let cut = lists.into_iter().filter(|(_, not_kept, _)| *not_kept > 0);
    let said = cut.map(|(kept, not_kept, what)| {
        let all = count(kept.saturating_add(not_kept));
        format!("the result file lists {} of {all} messages that {what}", count(kept))
    });
    said.collect()
}

/// All that is known about an anomaly, except its kind and its bytes.
pub(super) fn circumstances(evidence: &Evidence) -> Vec<String> {
    let message = evidence.sequence.map(|sequence| format!("message {}", count(sequence)));
    let whose = match (evidence.sender, message) {
        (Some(sender), message) => {
            format!("{} of client {sender} to client {}", message.unwrap_or("a message".to_owned()), evidence.client)
        }
        (None, Some(message)) => format!("client {} {message}", evidence.client),
        (None, None) => format!("client {}", evidence.client),
    };
    let mut parts = vec![format!("{whose} at {:.3} s", evidence.at_s)];
    // A merge knows no addresses of what it finds itself.
    if !evidence.local.is_empty() {
        parts.push(format!("{} → {}", evidence.local, evidence.peer));
    }
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
/// Phases of connecting follow it if they were measured.
pub(super) fn latencies(part: Part<'_>) -> impl Iterator<Item = (&'static str, &Histogram<u64>)> {
    let is_closed = part.is_closed();
    part.measurement.latency.by_name().into_iter().filter(move |(name, histogram)| match *name {
        "send_lag" => !is_closed && part.sends(),
        "response" => part.sends(),
        "service" => part.sends() && !(part.has_rooms() && histogram.is_empty()),
        "connect" => true,
        _ => !histogram.is_empty(),
    })
}

/// How the names of connection phases begin.
pub(super) const CONNECT_PHASE: &str = "connect_";

/// How long it took to look up the host, which is done once for all connections.
pub(super) fn lookup(measurement: &Measurement) -> Option<String> {
    measurement.connections.dns_ns.map(|ns| format!("host looked up in {}", nanoseconds(ns as f64)))
}

/// The machine and the program of a run, and its start.
pub(super) fn place(environment: &Environment, engine: EngineKind, started_at: &str) -> String {
    format!("{} ({engine} engine), seed {}, {started_at}", shards::machine(environment), environment.seed)
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
        _ if !report.plan.sends() => "nothing: the clients only listened",
        _ if report.total.measured.counts.sent == 0 => "not known: nothing was measured",
        (LimitedBy::Schedule, _) => "the schedule: neither the generator nor the target held it back",
        (LimitedBy::Generator, _) => {
            "the generator: this machine is too busy or --threads too few; the target may be faster"
        }
        (LimitedBy::Target, false) => "the target: not all that was due came back in time",
        (LimitedBy::Target, true) => "the target: the generator waited for its replies",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::judge,
        model::{MisroutedRecord, sample},
    };

    fn in_total(report: &Report, of: fn(Part<'_>) -> Option<String>) -> Option<String> {
        of(Part::total(report))
    }

    #[test]
    fn remarks_name_the_groups_that_they_are_about() {
        let mut report = sample::two_groups();
        for group in &mut report.plan.groups {
            group.load = LoadRecord::open(1.0, 1, 1);
        }
        assert_eq!((in_total(&report, omission), in_total(&report, undecided)), (None, None));
        (report.plan.groups[1].load, report.plan.groups[1].expect) = (LoadRecord::closed(4), Expect::Count);
        assert!(in_total(&report, omission).is_some_and(|text| text.starts_with("slow: closed model: ")));
        let text = in_total(&report, undecided).unwrap();
        assert!(text.starts_with("slow: --expect count; that decides surplus"), "{text}");
        let of_groups = |of: fn(Part<'_>) -> Option<String>| Part::groups(&report).map(of).collect::<Vec<_>>();
        assert_eq!(of_groups(omission), [None, Some(OMISSION.to_owned())]);
        assert!(of_groups(undecided)[1].as_ref().is_some_and(|text| text.starts_with("--expect count decides ")));
        report.plan.groups[0].load = LoadRecord::closed(1);
        assert_eq!(in_total(&report, omission).as_deref(), Some(OMISSION), "all of them");
    }

    #[test]
    fn a_part_of_a_run_says_so_and_leaves_thresholds_open() {
        let meaning = |report: &Report| verdict(report, &judge(report, &[])).1;
        let mut report = sample::shard();
        let expected = "every message came back whole, in order, once, on its own connection";
        assert_eq!(meaning(&report), format!("{expected}; this is shard 2 of 4, not the whole run"));
        report.plan.run.thresholds = vec!["p99<5ms".to_owned()];
        assert_eq!(meaning(&report), format!("{expected}; this is shard 2 of 4, not the whole run"));
        assert_eq!(meaning(&sample::merged()), expected);
    }

    #[test]
    fn names_in_a_sentence_have_an_end() {
        let names = |n: u32| bounded((0..n).map(|n| n.to_string()));
        assert_eq!(names(10), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9");
        assert_eq!(names(12), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2 more");
    }

    #[test]
    fn lists_that_were_cut_are_said() {
        let mut report = sample::pass();
        assert!(not_listed(&report).is_empty());
        report.unresolved.missing_not_kept = 12_345;
        report.unresolved.misrouted = vec![MisroutedRecord { client: 1, sequence: 2 }];
        assert_eq!(not_listed(&report), ["the result file lists 0 of 12 345 messages that did not come back"]);
        report.unresolved.misrouted_not_kept = 1;
        assert_eq!(not_listed(&report)[1], "the result file lists 1 of 2 messages that came on another connection");
    }
}
