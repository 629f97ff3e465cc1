//! Merges what the workers recorded into the report.

mod connect_plan;
mod fingerprint;
mod group_plan;
mod measurement;
mod misrouted;
mod rooms;
mod shard;

use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::SystemTime,
};

use reports::{
    Report,
    merge::Strays,
    model::{
        DialogueRecord, GeneratorHealth, GroupMeasurement, GroupRecord, Measurement, MessagesRecord, PayloadKind,
        PlanRecord, RunRecord, StartRecord, StoppedOnMiss, TargetRecord, Unresolved,
    },
};

use self::{fingerprint::Fingerprint, rooms::RoomsOfWorkers};
use super::{
    limits::threads_of,
    timeline::{RunSeconds, Seconds},
};
use crate::{
    clock::Time,
    message::Mix,
    plan::{Dialogue, Group, Messages, Plan, Rooms, Until, WireShape},
    rooms::Membership,
    run::environment,
    worker::WorkerOutcome,
};

/// What the run knows besides what its workers recorded.
#[derive(Debug)]
pub(crate) struct RunContext {
    /// The target of each group. That of the first is the run's.
    pub(crate) targets: Vec<TargetRecord>,
    pub(crate) run_id: u32,
    pub(crate) threads: NonZeroUsize,
    pub(crate) started_at: SystemTime,
    /// When the load began, if an instant was asked for or the process is a shard.
    pub(crate) start: Option<StartRecord>,
    pub(crate) interrupted: bool,
    /// The threshold that stopped the run, if one did.
    pub(crate) stopped_on_miss: Option<StoppedOnMiss>,
    /// See [`GeneratorHealth::stolen`].
    pub(crate) stolen: Option<f64>,
    pub(crate) seconds: RunSeconds,
    /// Of each group: nanoseconds that the lookup of the target's host took, if there was one.
    pub(crate) lookups: Vec<Option<u64>>,
    /// Who hears whom; none without rooms.
    pub(crate) membership: Option<Arc<Membership>>,
}

impl RunContext {
    /// What is known before a run begins, but for its targets.
    pub(crate) fn of(plan: &Plan, run_id: u32) -> Self {
        Self {
            targets: Vec::new(),
            run_id,
            threads: threads_of(plan),
            started_at: SystemTime::now(),
            start: None,
            interrupted: false,
            stopped_on_miss: None,
            stolen: None,
            seconds: RunSeconds::default(),
            lookups: Vec::new(),
            membership: None,
        }
    }
}

/// Merges the outcomes of all workers into a report. They have the groups of the plan.
pub(crate) fn summarize(plan: &Plan, mut context: RunContext, outcomes: Vec<WorkerOutcome>) -> Report {
    let (run_seconds, lookups) = (std::mem::take(&mut context.seconds), std::mem::take(&mut context.lookups));
    let membership = context.membership.take();
    let mut report = fill(empty(plan, context), plan, outcomes, run_seconds, lookups, membership.as_deref());
    shard::complete(&mut report, plan);
    report
}

/// Merges what the workers have so far into a copy of `empty`. It has no seconds and no rooms.
pub(crate) fn so_far(empty: &Report, plan: &Plan, mut outcomes: Vec<WorkerOutcome>) -> Report {
    let groups = plan.groups().len();
    let mut all: Vec<_> = std::iter::repeat_with(Seconds::default).take(groups).collect();
    for outcome in &mut outcomes {
        for (seconds, group) in all.iter_mut().zip(&mut outcome.groups) {
            seconds.response += group.recorder.take_responses();
        }
    }
    let mut total = Seconds::default();
    for seconds in &all {
        total.response += &seconds.response;
    }
    let run_seconds = RunSeconds { total, groups: if groups > 1 { all } else { Vec::new() } };
    fill(empty.clone(), plan, outcomes, run_seconds, Vec::new(), None)
}

fn fill(
    mut report: Report,
    plan: &Plan,
    outcomes: Vec<WorkerOutcome>,
    run_seconds: RunSeconds,
    lookups: Vec<Option<u64>>,
    membership: Option<&Membership>,
) -> Report {
    let mut sums: Vec<Option<Measurement>> = plan.groups().iter().map(|_| None).collect();
    let (mut strays, mut rooms) = (Strays::default(), RoomsOfWorkers::default());
    let measured_from = outcomes.iter().map(|outcome| outcome.window.from).min().unwrap_or_default();
    for outcome in outcomes {
        add_health(&mut report, &outcome);
        outcome.rooms.into_iter().for_each(|of_worker| rooms.take(of_worker));
        for (group, (sum, mut outcome)) in sums.iter_mut().zip(outcome.groups).enumerate() {
            misrouted::take(&mut strays, group, &mut outcome);
            let part = measurement::of_worker(outcome);
            // The first worker's histograms become the sums. Empty ones would take as much memory
            // again.
            match sum {
                Some(sum) => measurement::add(sum, &part),
                None => *sum = Some(part),
            }
        }
    }
    let mut sums: Vec<Measurement> = sums.into_iter().map(Option::unwrap_or_default).collect();
    for (sum, lookup) in sums.iter_mut().zip(lookups) {
        sum.connections.dns_ns = lookup;
    }
    let resolved = strays.resolve(&mut sums.iter_mut().collect::<Vec<_>>(), is_whole(plan));
    for sum in &mut sums {
        sum.evidence.retain(|evidence| !resolved.refutes(evidence));
    }
    report.unresolved = resolved.unresolved;
    let rooms = membership.map(|membership| rooms.complete(membership, measured_from, &mut sums));
    let (rooms, cut) = rooms.unwrap_or_default();
    report.unresolved.rooms = cut;
    (report.total, report.groups) = measurements(plan, sums, run_seconds);
    // Groups may share rooms, so they stand in the total only.
    report.total.rooms = rooms;
    report
}

/// Whether no other process has clients of the run.
fn is_whole(plan: &Plan) -> bool {
    plan.run().shard.is_none_or(|shard| shard.of().get() == 1)
}

/// What was measured of all groups together and of each. Of one group, only the total.
fn measurements(
    plan: &Plan,
    mut sums: Vec<Measurement>,
    run_seconds: RunSeconds,
) -> (Measurement, Vec<GroupMeasurement>) {
    let is_whole = is_whole(plan);
    let total = match (sums.pop(), sums.is_empty()) {
        (Some(only), true) => return (measurement::complete(only, run_seconds.total, is_whole), Vec::new()),
        (last, _) => {
            sums.extend(last);
            let mut total = Measurement::default();
            for group in &sums {
                measurement::add(&mut total, group);
            }
            total
        }
    };
    let groups = plan.groups().iter().zip(sums).zip(run_seconds.groups).map(|((group, sum), seconds)| {
        GroupMeasurement { name: group.name.to_string(), measurement: measurement::complete(sum, seconds, is_whole) }
    });
    (measurement::complete(total, run_seconds.total, is_whole), groups.collect())
}

/// Adds the health of a worker to that of the generator.
fn add_health(report: &mut Report, outcome: &WorkerOutcome) {
    let measured = outcome.window.to.since(outcome.window.from);
    report.measured_s = report.measured_s.max(seconds(measured));
    let generator = &mut report.generator;
    generator.cpu_s += seconds(outcome.cpu);
    generator.spin_s += seconds(outcome.spun);
    if measured > 0 {
        let busy = outcome.cpu.saturating_sub(outcome.spun) as f64 / measured as f64;
        generator.busiest_worker = generator.busiest_worker.max(busy.min(1.0));
    }
    if seconds(outcome.stopped.total) > generator.stopped_s {
        (generator.stops, generator.stopped_s) = (outcome.stopped.times, seconds(outcome.stopped.total));
        generator.longest_stop_s = seconds(outcome.stopped.longest);
    }
}

/// A report in which nothing was measured.
pub(crate) fn empty(plan: &Plan, context: RunContext) -> Report {
    Report {
        target: context.targets[0].clone(),
        plan: record(plan, context.threads, &context.targets),
        environment: environment::describe(plan.seed(), context.run_id),
        started_at: started_at(&context),
        measured_s: 0.0,
        interrupted: context.interrupted,
        stopped_on_miss: context.stopped_on_miss,
        partial: false,
        start: context.start,
        shards: Vec::new(),
        generator: GeneratorHealth {
            peak_rss_bytes: environment::peak_rss(),
            threads: number(context.threads.get()),
            stolen: context.stolen,
            ..GeneratorHealth::default()
        },
        unresolved: Unresolved::default(),
        total: Measurement::default(),
        groups: Vec::new(),
    }
}

/// When the warm-up began. Results of several machines are aligned by it, so those have it exactly.
fn started_at(context: &RunContext) -> String {
    let in_seconds = || humantime::format_rfc3339_seconds(context.started_at).to_string();
    context.start.as_ref().map_or_else(in_seconds, |start| start.at.clone())
}

fn record(plan: &Plan, threads: NonZeroUsize, targets: &[TargetRecord]) -> PlanRecord {
    let other = |target: &TargetRecord| Some(target.clone()).filter(|target| *target != targets[0]);
    let run = plan.run();
    let (duration_s, messages_per_client) = match run.until {
        Until::Elapsed(duration) => (Some(duration.as_secs_f64()), None),
        Until::Messages(messages) => (None, Some(messages.get())),
    };
    PlanRecord {
        run: RunRecord {
            duration_s,
            messages_per_client,
            warmup_s: run.warmup.as_secs_f64(),
            drain_s: run.drain.as_secs_f64(),
            connect_rate: run.connect_rate.per_second(),
            engine: run.engine,
            threads: number(threads.get()),
            thresholds: run.thresholds.iter().map(ToString::to_string).collect(),
            only_delivery: run.only_delivery,
        },
        groups: plan.groups().iter().zip(targets).map(|(group, target)| group_record(group, other(target))).collect(),
    }
}

/// `target` is the group's, if it is not the run's.
fn group_record(group: &Group, target: Option<TargetRecord>) -> GroupRecord {
    GroupRecord {
        name: group.name.to_string(),
        target,
        clients: group.clients.get(),
        load: group_plan::load(&group.load),
        messages: messages_record(group),
        expect: group.expect.clone(),
        order: group.order.unwrap_or_else(|| group.expect.usual_order()),
        until: group.until.as_ref().map(ToString::to_string),
        batched: group.batched,
        dialogue: (!group.dialogue.is_empty()).then(|| dialogue_record(&group.dialogue)),
        rooms: group.rooms.as_ref().map(Rooms::record),
        connect: connect_plan::record(&group.connect),
        sessions: (!group.sessions.is_plain()).then(|| group_plan::sessions(&group.sessions)),
        wire_shape: (group.wire_shape != WireShape::default()).then(|| group_plan::wire_shape(group.wire_shape)),
        ping_s: group.ping.map(|interval| interval.as_secs_f64()),
        read_bytes_per_s: group.read.map(NonZeroU64::get),
    }
}

fn messages_record(group: &Group) -> MessagesRecord {
    let largest = group.largest_message() as u64;
    match &group.messages {
        Messages::Generated { sizes, mix } => MessagesRecord::Generated {
            size_bytes: largest,
            sizes: sizes.fixed().is_none().then(|| sizes.to_string()),
            payload: match mix {
                Mix::Binary => PayloadKind::Binary,
                Mix::Mixed => PayloadKind::Mixed,
                Mix::Text => PayloadKind::Text,
            },
        },
        Messages::Templates(templates) => MessagesRecord::Templates {
            templates: number(templates.len()),
            largest_bytes: largest,
            fingerprint: Fingerprint::of_templates(templates),
        },
    }
}

fn dialogue_record(dialogue: &Dialogue) -> DialogueRecord {
    DialogueRecord {
        on_open: number(dialogue.on_open.len()),
        answer: number(dialogue.answers.len()),
        ignore: number(dialogue.ignore.len()),
        fingerprint: Fingerprint::of_dialogue(dialogue),
    }
}

/// How many there are.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn seconds(nanos: u64) -> f64 {
    Time::from_nanos(nanos).seconds_from(Time::default())
}

#[cfg(test)]
mod tests;
