//! Merges what the workers recorded into the report.

mod group_sums;
mod misrouted;

use std::{num::NonZeroUsize, time::SystemTime};

use reports::{
    Report,
    model::{
        EngineKind, Expect, GeneratorHealth, GroupMeasurement, GroupRecord, LoadRecord, Measurement, PayloadKind,
        PlanRecord, RunRecord, TargetRecord, Unresolved,
    },
};

use self::{group_sums::GroupSums, misrouted::MissingOfGroup};
use super::timeline::RunSeconds;
use crate::{
    clock::Time,
    message::Mix,
    plan::{self, Group, Plan, Until},
    run::environment,
    worker::WorkerOutcome,
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
    pub(crate) seconds: RunSeconds,
}

/// Merges the outcomes of all workers into a report. They have the groups of the plan.
pub(crate) fn summarize(plan: &Plan, mut context: RunContext, outcomes: Vec<WorkerOutcome>) -> Report {
    let run_seconds = std::mem::take(&mut context.seconds);
    let mut report = empty(plan, context);
    let mut sums: Vec<Option<GroupSums>> = plan.groups().iter().map(|_| None).collect();
    let (mut missing, mut misrouted) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        add_health(&mut report, &outcome);
        for (group, (sum, mut outcome)) in sums.iter_mut().zip(outcome.groups).enumerate() {
            let kept = std::mem::take(&mut outcome.missing.kept).into_iter();
            missing.extend(kept.map(|message| MissingOfGroup { group, message }));
            misrouted.append(&mut outcome.recorder.misrouted.kept);
            let part = GroupSums::of(outcome);
            // The first worker's histograms become the sums. Empty ones would take as much memory
            // again.
            match sum {
                Some(sum) => sum.add(&part),
                None => *sum = Some(part),
            }
        }
    }
    let mut sums: Vec<GroupSums> = sums.into_iter().map(|sum| sum.unwrap_or_else(GroupSums::empty)).collect();
    misrouted::resolve(&mut sums, &missing, &misrouted);
    (report.total, report.groups) = measurements(plan, sums, run_seconds);
    report
}

/// What was measured of all groups together and of each. Of one group, only the total.
fn measurements(
    plan: &Plan,
    mut sums: Vec<GroupSums>,
    run_seconds: RunSeconds,
) -> (Measurement, Vec<GroupMeasurement>) {
    let total = match (sums.pop(), sums.is_empty()) {
        (Some(only), true) => return (only.into_measurement(run_seconds.total), Vec::new()),
        (last, _) => {
            sums.extend(last);
            let mut total = GroupSums::empty();
            for group in &sums {
                total.add(group);
            }
            total
        }
    };
    let groups = plan.groups().iter().zip(sums).zip(run_seconds.groups).map(|((group, sum), seconds)| {
        GroupMeasurement { name: group.name.to_string(), measurement: sum.into_measurement(seconds) }
    });
    (total.into_measurement(run_seconds.total), groups.collect())
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

fn empty(plan: &Plan, context: RunContext) -> Report {
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
        unresolved: Unresolved::default(),
        total: Measurement::default(),
        groups: Vec::new(),
    }
}

fn record(plan: &Plan, threads: NonZeroUsize) -> PlanRecord {
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
            engine: match run.engine {
                plan::EngineKind::Lean => EngineKind::Lean,
                plan::EngineKind::Tungstenite => EngineKind::Tungstenite,
            },
            threads: u32::try_from(threads.get()).unwrap_or(u32::MAX),
            thresholds: run.thresholds.iter().map(ToString::to_string).collect(),
            only_delivery: run.only_delivery,
        },
        groups: plan.groups().iter().map(group_record).collect(),
    }
}

fn group_record(group: &Group) -> GroupRecord {
    GroupRecord {
        name: group.name.to_string(),
        target: None,
        clients: group.clients.get(),
        load: match group.load {
            plan::Load::Open { rate, burst, max_in_flight } => LoadRecord::Open {
                rate_per_client: rate.per_second(),
                burst: burst.get(),
                max_in_flight: max_in_flight.get(),
            },
            plan::Load::Closed { window } => LoadRecord::Closed { window: window.get() },
        },
        size_bytes: group.size.into(),
        payload: match group.mix {
            Mix::Text => PayloadKind::Text,
            Mix::Binary => PayloadKind::Binary,
            Mix::Mixed => PayloadKind::Mixed,
        },
        expect: match &group.expect {
            plan::Expect::Echo => Expect::Echo,
            plan::Expect::Count => Expect::Count,
            plan::Expect::Reply(text) => Expect::Reply(text.clone()),
        },
    }
}

fn seconds(nanos: u64) -> f64 {
    Time::from_nanos(nanos).seconds_from(Time::default())
}

#[cfg(test)]
mod tests;
