//! A run connects all clients, warms up, measures, drains and closes.

mod embedded;
pub(crate) mod environment;
mod error;
pub(crate) mod limits;
pub(crate) mod processor_time;
mod snapshot;
mod stop;
mod summary;
mod timeline;
mod workers;

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use reports::{Report, model::TargetRecord};

use self::{
    embedded::EmbeddedServer,
    environment::cores,
    error::none_opened,
    limits::{Fit, PlanRefusal, Requirements, SystemLimits, server_threads_of, threads_of},
    processor_time::ProcessorTime,
    summary::RunContext,
    workers::RunWorkers,
};
pub use self::{
    error::RunError,
    snapshot::{LastSecond, Snapshot, Stage},
    stop::Stop,
};
use crate::{
    engine::{BuildEngine, Lean, Tungstenite},
    ledger::Expectation,
    message::Payload,
    plan::{EngineKind, Plan, Target},
    secrets::Secrets,
    transport::{
        route,
        source_addresses::{self, SourceAddresses},
    },
    worker::WorkerConfig,
};

/// Runs a plan. `observe` is called about ten times a second on this thread.
///
/// # Errors
/// There is nothing to report; see [`RunError`].
pub fn run(plan: &Plan, stop: &Stop, observe: impl FnMut(&Snapshot)) -> Result<Report, RunError> {
    match plan.run().engine {
        EngineKind::Lean => run_on(&Lean::new, plan, stop, observe),
        EngineKind::Tungstenite => run_on(&Tungstenite::new, plan, stop, observe),
    }
}

/// Runs a plan on the engines that `build` makes.
fn run_on(
    build: &impl BuildEngine,
    plan: &Plan,
    stop: &Stop,
    mut observe: impl FnMut(&Snapshot),
) -> Result<Report, RunError> {
    let limits = SystemLimits::raise();
    let secrets = Secrets::of_plan(plan);
    let embedded = embedded(plan, &limits)?;
    let target = TargetRecord {
        url: embedded.as_ref().map_or_else(|| route::scrubbed(&plan.groups()[0]), EmbeddedServer::url),
        embedded: embedded.is_some(),
    };
    let mut route = route::resolve(plan, &plan.groups()[0], embedded.as_ref().map(EmbeddedServer::address))
        .map_err(|error| RunError::Unreachable { url: target.url.clone(), what: secrets.redact(&error.to_string()) })?;
    source_addresses::check(&plan.groups()[0].connect.sources, &mut route.addresses).map_err(PlanRefusal::from)?;
    let requirements = requirements(plan, Some(&route.addresses));
    let fit = limits.fit(&requirements)?;

    let run_id = run_id(plan.seed());
    let loopback = route.addresses.iter().all(is_loopback);
    let config = config(plan, run_id, source(plan, &requirements, &limits), &fit, loopback);
    let failed = |error| RunError::System("a worker failed", error);
    let mut workers = RunWorkers::start(&config, &route, build, stop).map_err(failed)?;
    let open = workers.connect(&mut observe);
    let (started_at, before) = (SystemTime::now(), ProcessorTime::now());
    if open > 0 && !stop.is_stopped() {
        workers.load(plan.length(), plan.run().warmup, &mut observe);
    }
    let (outcomes, timeline) = workers.finish().map_err(failed)?;
    let stolen = before.and_then(|before| ProcessorTime::now()?.stolen_since(before));
    drop(embedded);
    // If a connection opened and has ended since, the target was reached, and the report tells.
    if outcomes.iter().all(|outcome| outcome.connections.opened == 0) {
        return Err(if stop.is_stopped() {
            RunError::Interrupted
        } else {
            none_opened(target.url, &outcomes, &secrets)
        });
    }
    let (intervals, response) = timeline.finish();
    let interrupted = stop.is_stopped();
    let context =
        RunContext { target, run_id, threads: threads_of(plan), started_at, interrupted, stolen, intervals, response };
    let mut report = summary::summarize(plan, context, outcomes);
    secrets.redact_report(&mut report);
    Ok(report)
}

/// Starts the server that the plan asks for, if the whole plan fits this system.
fn embedded(plan: &Plan, limits: &SystemLimits) -> Result<Option<EmbeddedServer>, RunError> {
    let Some((threads, table)) = limits.fit(&requirements(plan, None))?.server else { return Ok(None) };
    let started = EmbeddedServer::start(plan, threads, table);
    Ok(Some(started.map_err(|error| RunError::System("cannot start the reference server", error))?))
}

/// What the plan needs from the system. `addresses` are the target's, if they are known.
fn requirements(plan: &Plan, addresses: Option<&[SocketAddr]>) -> Requirements {
    let sources = plan.groups()[0].connect.sources.len();
    let many = addresses.is_none_or(|addresses| addresses.iter().all(|peer| peer.is_ipv4() && is_loopback(peer)));
    Requirements {
        clients: plan.clients().get(),
        workers: threads_of(plan),
        embedded: plan.groups().iter().any(|group| group.target == Target::Embedded).then(|| server_threads_of(plan)),
        sources: (sources > 0 || !many).then(|| u32::try_from(sources.max(1)).unwrap_or(u32::MAX)),
    }
}

fn is_loopback(peer: &SocketAddr) -> bool {
    peer.ip().is_loopback()
}

/// The listed source addresses. Without a list, one address serves as many clients as it has ports.
fn source(plan: &Plan, requirements: &Requirements, limits: &SystemLimits) -> SourceAddresses {
    let (sources, clients_each) = (&plan.groups()[0].connect.sources, limits.clients_per_address());
    match requirements.sources {
        None if requirements.clients > clients_each => SourceAddresses::Loopback { clients_each },
        Some(_) if !sources.is_empty() => SourceAddresses::Listed(sources.as_slice().into()),
        _ => SourceAddresses::System,
    }
}

fn config(plan: &Plan, run_id: u32, source: SourceAddresses, fit: &Fit, loopback: bool) -> WorkerConfig {
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let (run, group, clients) = (plan.run(), &plan.groups()[0], plan.clients().get());
    let workers = u32::try_from(threads_of(plan).get()).unwrap_or(u32::MAX);
    // A spinning worker keeps a core busy. A target on this machine needs cores as well: one for
    // each of its threads if they are known, else at least one.
    let target_threads = match fit.server {
        Some((threads, _)) => u32::try_from(threads.get()).unwrap_or(u32::MAX),
        None => u32::from(loopback),
    };
    WorkerConfig {
        worker: 0,
        workers,
        clients,
        load: group.load,
        warmup: nanos(run.warmup),
        until: run.until,
        drain: nanos(run.drain),
        expectation: Expectation {
            payload: Payload::new(run_id, group.size, group.mix),
            expect: group.expect.clone(),
            clients,
        },
        connect_rate: run.connect_rate,
        source,
        table: fit.table,
        may_spin: workers.saturating_add(target_threads) <= cores(),
    }
}

/// The run's number in its messages. Equal seeds send equal bytes, and runs with other seeds can be
/// told apart.
fn run_id(seed: u64) -> u32 {
    u32::try_from(crate::message::mix(seed) >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests;
