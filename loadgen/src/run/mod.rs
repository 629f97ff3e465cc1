//! A run connects all clients, warms up, measures, drains and closes.

mod connection_counts;
mod embedded;
pub(crate) mod environment;
mod error;
pub(crate) mod limits;
mod miss_watch;
mod observer;
pub(crate) mod processor_time;
mod snapshot;
mod start;
mod stop;
mod summary;
mod targets;
mod timeline;
mod workers;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use reports::{Report, model::StartRecord};

use self::{
    embedded::EmbeddedServer,
    environment::cores,
    error::none_opened,
    limits::{EmbeddedRequirements, Fit, PortRequirements, Requirements, SystemLimits, server_threads_of, threads_of},
    miss_watch::MissWatch,
    observer::WithoutSecrets,
    processor_time::ProcessorTime,
    start::RunStart,
    summary::RunContext,
    targets::Targets,
    workers::RunWorkers,
};
pub use self::{
    error::RunError,
    observer::{FinishedSecond, Grouped, Observer},
    snapshot::{LastSecond, Snapshot, Stage},
    stop::Stop,
};
use crate::{
    dialogue::Script,
    engine::{BuildEngine, Lean, Tungstenite},
    ledger::Expectation,
    message::{Place, Source, Templates, Values},
    plan::{EngineKind, Group, Messages, Partition, Plan, Target},
    rooms::Membership,
    worker::{GroupConfig, RunRooms, WorkerConfig, WorkerOutcome},
};

/// A run of a plan.
///
/// ```no_run
/// use loadgen::{Run, plan::{Group, Plan, RunOptions}};
///
/// let plan = Plan::new(RunOptions::default(), vec![Group::default()])?;
/// let report = Run::of(&plan).start()?;
/// println!("{} messages came back", report.total.measured.counts.matched);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Run<'a, O = ()> {
    plan: &'a Plan,
    stop: Stop,
    observer: O,
}

impl<'a> Run<'a> {
    /// A run of `plan` that nobody stops or observes.
    pub fn of(plan: &'a Plan) -> Self {
        Self { plan, stop: Stop::default(), observer: () }
    }
}

impl<'a, O: Observer> Run<'a, O> {
    /// Lets `stop` end the run before its time.
    #[must_use]
    pub fn stopped_by(self, stop: &Stop) -> Self {
        Self { stop: stop.clone(), ..self }
    }

    /// Shows the run to `observer` while it goes on, on the thread that starts it.
    #[must_use]
    pub fn observed_by<P: Observer>(self, observer: P) -> Run<'a, P> {
        Run { plan: self.plan, stop: self.stop, observer }
    }

    /// Runs until the plan or the stop ends it. Takes this thread until then.
    ///
    /// # Errors
    /// There is nothing to report; see [`RunError`].
    pub fn start(mut self) -> Result<Report, RunError> {
        match self.plan.run().engine {
            EngineKind::Lean => run_on(&Lean::new, self.plan, &self.stop, &mut self.observer),
            EngineKind::Tungstenite => run_on(&Tungstenite::new, self.plan, &self.stop, &mut self.observer),
        }
    }
}

/// Runs a plan on the engines that `build` makes.
fn run_on(
    build: &impl BuildEngine,
    plan: &Plan,
    stop: &Stop,
    observer: &mut impl Observer,
) -> Result<Report, RunError> {
    let mut start = RunStart::new(plan.run().start, SystemTime::now())?;
    let limits = SystemLimits::raise();
    let secrets = plan.data_secrets();
    let observer = &mut WithoutSecrets::new(&secrets, observer);
    let embedded = embedded(plan, &limits)?;
    let run_id = run_id(plan.seed());
    let values = values(plan, run_id);
    let targets = Targets::resolve(plan, embedded.as_ref(), &values, &secrets.others)?;
    let fit = limits.fit(&requirements(plan, targets.ports()))?;
    let config = config(plan, run_id, &values, &targets, limits.clients_per_address(), &fit);
    let failed = |error| RunError::System("a worker failed", error);
    let watch =
        MissWatch::of(plan, &config, || RunContext { targets: targets.records(), ..RunContext::of(plan, run_id) });
    let mut workers = RunWorkers::start(&config, &targets.routes, build, stop, watch).map_err(failed)?;
    let Led { started_at, start, before } = lead(&mut workers, &mut start, plan, observer);
    let stopped_on_miss = workers.stopped_on_miss();
    let (outcomes, seconds) = workers.finish(observer).map_err(failed)?;
    let stolen = before.and_then(|before| ProcessorTime::now()?.stolen_since(before));
    // If a connection opened and has ended since, the target was reached, and the report tells.
    if !outcomes.iter().any(WorkerOutcome::has_opened) {
        return Err(if stop.is_stopped() {
            RunError::Interrupted
        } else {
            none_opened(targets.urls(), &outcomes, &secrets)
        });
    }
    let interrupted = stop.is_stopped();
    let lookups = targets.lookups();
    let context = RunContext {
        targets: targets.records(),
        started_at,
        start: (plan.run().start.is_some() || plan.run().shard.is_some()).then_some(start),
        interrupted,
        stopped_on_miss,
        stolen,
        seconds,
        lookups,
        membership: config.rooms.as_ref().map(|rooms| Arc::clone(&rooms.membership)),
        ..RunContext::of(plan, run_id)
    };
    let mut report = summary::summarize(plan, context, outcomes);
    secrets.redact_report(&mut report);
    Ok(report)
}

/// The load of a run, once it is over.
struct Led {
    /// When it began.
    started_at: SystemTime,
    start: StartRecord,
    /// Processor time of the machine when it began.
    before: Option<ProcessorTime>,
}

/// Leads the workers from connecting to the end of the load.
fn lead(workers: &mut RunWorkers, start: &mut RunStart, plan: &Plan, observer: &mut impl Observer) -> Led {
    let open = workers.connect(observer);
    let begun = if open > 0 { workers.await_start(start, observer) } else { None };
    let before = ProcessorTime::now();
    let started_at = match begun {
        Some(begun) => workers.load(begun, plan.length(), plan.run().warmup, observer).wall_at(begun),
        None => SystemTime::now(),
    };
    Led { started_at, start: start.record(started_at, begun.is_some()), before }
}

/// Starts the server that the plan asks for, if the whole plan fits this system.
fn embedded(plan: &Plan, limits: &SystemLimits) -> Result<Option<EmbeddedServer>, RunError> {
    let Some((threads, table)) = limits.fit(&requirements(plan, None))?.server else { return Ok(None) };
    let started = EmbeddedServer::start(plan, threads, table);
    Ok(Some(started.map_err(|error| RunError::System("cannot start the reference server", error))?))
}

/// What the plan needs from the system. `ports` are known once its targets are.
fn requirements(plan: &Plan, ports: Option<PortRequirements>) -> Requirements {
    let embedded = plan.groups().iter().filter(|group| group.target == Target::Embedded);
    let clients = embedded.map(|group| group.clients.get()).sum();
    Requirements {
        clients: plan.clients_here().get(),
        workers: threads_of(plan),
        embedded: (clients > 0).then(|| EmbeddedRequirements { clients, threads: server_threads_of(plan) }),
        ports,
    }
}

fn config(
    plan: &Plan,
    run_id: u32,
    values: &[Arc<Values>],
    targets: &Targets<'_>,
    clients_each: u32,
    fit: &Fit,
) -> WorkerConfig {
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let (run, clients) = (plan.run(), plan.clients().get());
    let partition = Partition::of(plan, threads_of(plan));
    // A spinning worker keeps a core busy. A target on this machine needs cores as well: one for
    // each of its threads if they are known, else at least one.
    let target_threads = match fit.server {
        Some((threads, _)) => u32::try_from(threads.get()).unwrap_or(u32::MAX),
        None => u32::from(targets.are_here()),
    };
    let of_group = |(index, group): (usize, &Group)| {
        let values = &values[index];
        GroupConfig {
            clients: group.clients,
            load: group.load.clone(),
            script: script(group, values).map(Arc::new),
            expectation: expectation(source(run_id, group, values), group, clients),
            largest_message: group.largest_message(),
            sessions: group.sessions.clone(),
            ping: group.ping,
            read: group.read,
            insecure: group.connect.tls.insecure,
            source: targets.source(index, clients_each),
        }
    };
    let groups: Arc<[GroupConfig]> = plan.groups().iter().enumerate().map(of_group).collect();
    WorkerConfig {
        worker: 0,
        seed: plan.seed(),
        warmup: nanos(run.warmup),
        until: run.until,
        drain: nanos(run.drain),
        connect_rate: run.connect_rate.share(partition.clients_here(), plan.clients()),
        table: fit.table,
        tells_so_far: MissWatch::is_wanted(plan),
        waits_for_start: run.start.is_some(),
        may_spin: partition.workers().saturating_add(target_threads) <= cores(),
        rooms: rooms(plan, run_id, &partition).map(Arc::new),
        partition,
        groups,
    }
}

/// What the clients of a group expect.
fn expectation(source: Source, group: &Group, clients: u32) -> Expectation {
    let expectation = Expectation::new(source, &group.expect, clients);
    let expectation = expectation.with_until(group.until.clone()).with_batched(group.batched);
    let expectation = expectation.with_reconnects(group.sessions.reconnect.is_some());
    match group.order {
        Some(order) => expectation.with_order(order),
        None => expectation,
    }
}

/// Who hears whom.
fn rooms(plan: &Plan, run_id: u32, partition: &Partition) -> Option<RunRooms> {
    let membership = Membership::of(plan.groups()).expect("a plan's rooms were checked")?;
    Some(RunRooms::new(membership, plan.groups(), run_id, partition))
}

/// What names in the templates of each group stand for.
fn values(plan: &Plan, run_id: u32) -> Vec<Arc<Values>> {
    let mut first = 0;
    let of_group = |group: &Group| {
        let values = Values::new(run_id, plan.clients().get(), first, group.data.clone());
        let values = values.with_captures(&group.dialogue.captures);
        first += group.clients.get();
        Arc::new(match &group.rooms {
            Some(rooms) => values.with_rooms(rooms.name()).expect(CHECKED),
            None => values,
        })
    };
    plan.groups().iter().map(of_group).collect()
}

fn source(run_id: u32, group: &Group, values: &Arc<Values>) -> Source {
    match &group.messages {
        Messages::Generated { sizes, mix } => Source::generated(run_id, sizes, *mix, group.least_generated(*mix)),
        Messages::Templates(templates) => {
            let bind = |template| values.bind(template, Place::Message).expect(CHECKED);
            Source::Templates(Templates::new(templates.iter().map(bind).collect()))
        }
    }
}

fn script(group: &Group, values: &Arc<Values>) -> Option<Script> {
    Script::of(&group.dialogue, |template| values.bind(template, Place::Connection).expect(CHECKED))
}

/// Why a template of a plan has what it names.
const CHECKED: &str = "a plan's templates were checked";

/// The run's number in its messages. Equal seeds send equal bytes, and runs with other seeds can be
/// told apart.
fn run_id(seed: u64) -> u32 {
    u32::try_from(crate::message::mix(seed) >> 32).unwrap_or_default()
}

#[cfg(test)]
mod shard_tests;
#[cfg(test)]
mod tests;
