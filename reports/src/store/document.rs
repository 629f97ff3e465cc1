//! The format of a result file. The order of the fields is the order of the keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::Error as _};

use super::{
    StoreError, check_finite,
    measurement::{GroupDocument, MeasurementDocument},
    schema::Schema,
};
use crate::{
    judge::{Judgement, LimitedBy, Verdict},
    model::{
        Environment, GeneratorHealth, GroupMeasurement, GroupRecord, LoadRecord, Measurement, PlanRecord, Report,
        SessionsRecord, ShardRecord, StartRecord, StoppedOnMiss, TargetRecord, Unresolved,
    },
};

/// Result of a run. Units are in the keys: `_s` seconds, `_ns` nanoseconds, `_bytes` bytes,
/// `_per_s` per second. Sums are stored, so that results merge; means follow from them.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ResultDocument {
    /// Name and version of this format.
    schema: String,
    /// The verdict on the run.
    verdict: Verdict,
    /// Everything that speaks against the run, one line each, what outranks first.
    reasons: Vec<String>,
    /// What kept the throughput from being higher.
    limited_by: LimitedBy,
    /// A signal stopped the run before its time.
    interrupted: bool,
    /// The threshold that stopped the run before its time. Null if none did.
    stopped_on_miss: Option<StoppedOnMiss>,
    /// What was tested.
    target: TargetRecord,
    /// What was asked for.
    plan: PlanRecord,
    /// Where the run took place.
    environment: Environment,
    /// Start of the warm-up, RFC 3339 in UTC.
    started_at: String,
    /// Length of the measured phase in seconds; shorter than planned when the run was interrupted.
    #[schemars(range(min = 0.0))]
    measured_s: f64,
    /// Other processes have clients of this run too, whose results are not in this one.
    partial: bool,
    /// When the load began. Null if no instant was asked for and one process had all clients.
    start: Option<StartRecord>,
    /// Health of the generator.
    generator: GeneratorHealth,
    /// The shards that this result is of, in the order of their numbers. Empty if one process had
    /// all clients.
    shards: Vec<ShardRecord>,
    /// Messages whose fate another part of the run may know.
    unresolved: Unresolved,
    /// All groups together.
    total: MeasurementDocument,
    /// Each group by itself, in the order of the plan. Empty if the run has one group, which is
    /// then the total.
    groups: Vec<GroupDocument>,
}

impl ResultDocument {
    pub(super) fn new(report: &Report, judgement: &Judgement) -> Result<Self, StoreError> {
        check_finite(numbers(report))?;
        let of = |measurement: &Measurement| MeasurementDocument::of(measurement, report.measured_s);
        let group = |group: &GroupMeasurement| {
            Ok(GroupDocument { name: group.name.clone(), measurement: of(&group.measurement)? })
        };
        Ok(Self {
            schema: Schema::RESULT.name().to_owned(),
            verdict: judgement.verdict,
            reasons: judgement.reasons.clone(),
            limited_by: judgement.limited_by,
            interrupted: report.interrupted,
            stopped_on_miss: report.stopped_on_miss.clone(),
            target: report.target.clone(),
            plan: report.plan.clone(),
            environment: report.environment.clone(),
            started_at: report.started_at.clone(),
            measured_s: report.measured_s,
            partial: report.partial,
            start: report.start.clone(),
            generator: report.generator,
            shards: report.shards.clone(),
            unresolved: report.unresolved.clone(),
            total: of(&report.total)?,
            groups: report.groups.iter().map(group).collect::<Result<_, StoreError>>()?,
        })
    }

    pub(super) fn is_of_this_version(&self) -> bool {
        self.schema == Schema::RESULT.name()
    }

    pub(super) fn into_parts(self) -> Result<(Report, Judgement), StoreError> {
        self.check_groups()?;
        let group = |group: GroupDocument| {
            Ok(GroupMeasurement { name: group.name, measurement: group.measurement.into_measurement()? })
        };
        let report = Report {
            target: self.target,
            plan: self.plan,
            environment: self.environment,
            started_at: self.started_at,
            measured_s: self.measured_s,
            interrupted: self.interrupted,
            stopped_on_miss: self.stopped_on_miss,
            partial: self.partial,
            start: self.start,
            generator: self.generator,
            shards: self.shards,
            unresolved: self.unresolved,
            total: self.total.into_measurement()?,
            groups: self.groups.into_iter().map(group).collect::<Result<_, StoreError>>()?,
        };
        let judgement = Judgement { verdict: self.verdict, reasons: self.reasons, limited_by: self.limited_by };
        Ok((report, judgement))
    }

    /// Refuses results of other groups than those of the plan. Several groups each have a result,
    /// and the only one has none besides the total.
    fn check_groups(&self) -> Result<(), StoreError> {
        let planned = self.plan.groups.iter().map(|group| &group.name).filter(|_| self.plan.groups.len() > 1);
        if planned.eq(self.groups.iter().map(|group| &group.name)) {
            return Ok(());
        }
        let problem = "`groups`: they are not those of the plan, or there is one group only";
        Err(StoreError::Malformed(Schema::RESULT, serde_json::Error::custom(problem)))
    }
}

/// The numbers of a plan, by their keys.
pub(super) fn plan_numbers(plan: &PlanRecord) -> impl Iterator<Item = (&'static str, f64)> {
    let run = &plan.run;
    let of_run = [
        ("plan.run.duration_s", run.duration_s.unwrap_or(0.0)),
        ("plan.run.warmup_s", run.warmup_s),
        ("plan.run.drain_s", run.drain_s),
        ("plan.run.connect_rate", run.connect_rate),
    ];
    of_run.into_iter().chain(plan.groups.iter().flat_map(group_numbers))
}

fn group_numbers(group: &GroupRecord) -> impl Iterator<Item = (&'static str, f64)> {
    let think = match group.load {
        LoadRecord::Closed { think_s, .. } => Some(think_s),
        LoadRecord::Open { .. } | LoadRecord::Listen => None,
    };
    let single = [
        ("plan.groups.rate_per_client", group.load.rate_per_client()),
        ("plan.groups.think_s", think),
        ("plan.groups.ping_s", group.ping_s),
    ];
    let stages = group.load.stages().iter().flat_map(|stage| {
        [
            ("plan.groups.stages.from_per_client", stage.from_per_client),
            ("plan.groups.stages.to_per_client", stage.to_per_client),
            ("plan.groups.stages.length_s", stage.length_s),
        ]
    });
    let sessions = group.sessions.iter().flat_map(SessionsRecord::numbers);
    single.into_iter().filter_map(|(key, number)| Some((key, number?))).chain(stages).chain(sessions)
}

/// Every number of a report, by its key.
fn numbers(report: &Report) -> impl Iterator<Item = (&'static str, f64)> {
    let single = [
        ("measured_s", report.measured_s),
        ("stopped_on_miss.at_s", report.stopped_on_miss.as_ref().map_or(0.0, |stopped| stopped.at_s)),
    ];
    let starts = report.start.iter().chain(report.shards.iter().map(|shard| &shard.start));
    let of_starts = starts.flat_map(|start| {
        let clock = start.clock.iter().flat_map(|clock| {
            [("start.clock.offset_s", clock.offset_s), ("start.clock.max_error_s", clock.max_error_s)]
        });
        clock.chain([("start.error_s", start.error_s.unwrap_or(0.0))])
    });
    let of_shards = report.shards.iter().map(|shard| ("shards.measured_s", shard.measured_s));
    let of_generators = report.shards.iter().flat_map(|shard| generator_numbers(&shard.generator));
    let measurements = std::iter::once(&report.total).chain(report.groups.iter().map(|group| &group.measurement));
    let of_measurements = measurements.flat_map(|measurement| {
        let evidence = measurement.evidence.iter().map(|evidence| ("evidence.at_s", evidence.at_s));
        evidence.chain(measurement.intervals.iter().map(|interval| ("intervals.at_s", interval.at_s)))
    });
    let of_run = single.into_iter().chain(generator_numbers(&report.generator)).chain(of_starts);
    of_run.chain(of_shards).chain(of_generators).chain(plan_numbers(&report.plan)).chain(of_measurements)
}

fn generator_numbers(generator: &GeneratorHealth) -> [(&'static str, f64); 6] {
    [
        ("generator.cpu_s", generator.cpu_s),
        ("generator.spin_s", generator.spin_s),
        ("generator.busiest_worker", generator.busiest_worker),
        ("generator.stopped_s", generator.stopped_s),
        ("generator.longest_stop_s", generator.longest_stop_s),
        ("generator.stolen", generator.stolen.unwrap_or(0.0)),
    ]
}
