//! Why a run has no report.

use std::{collections::BTreeMap, time::SystemTime};

use reports::judge::is_own_failure;

use super::{limits::PlanRefusal, start::instant::micros};
use crate::{
    secrets::DataSecrets,
    worker::{JOIN, WorkerOutcome},
};

/// Why a run has no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan can't work on this system. Nothing was connected.
    #[error("{0}")]
    Refused(#[from] PlanRefusal),
    /// The instant at which the load must begin has passed. Nothing was connected.
    #[error(
        "--start-at {}: that instant has passed; it is {} by the clock of this machine. Give a later one, or --start-in",
        micros(*.planned),
        micros(*.now)
    )]
    StartHasPassed {
        /// The instant that was asked for.
        planned: SystemTime,
        /// The time when the run was to begin to connect.
        now: SystemTime,
    },
    /// No connection opened.
    #[error("cannot reach {url}: {what}")]
    Unreachable {
        /// The target.
        url: String,
        /// Each kind of error with its count and the first detail.
        what: String,
    },
    /// Connections opened, and no client joined.
    #[error("no client joined at {url}: {what}")]
    NobodyJoined {
        /// The target.
        url: String,
        /// Each kind of error with its count and the first detail.
        what: String,
    },
    /// No connection opened, and this system refused each of them.
    #[error("no connection to {url} could be opened here: {what}")]
    Exhausted {
        /// The target. Nothing is known about it.
        url: String,
        /// Each kind of error with its count and the first detail.
        what: String,
    },
    /// The run was stopped before there was anything to report.
    #[error("interrupted before a connection opened")]
    Interrupted,
    /// The system refused something that a run needs.
    #[error("{0}: {1}{remedy}", remedy = remedy(.1))]
    System(&'static str, std::io::Error),
}

/// What to do about an error of the system, if that is known.
fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        // EAGAIN of pthread_create(3).
        std::io::ErrorKind::WouldBlock => {
            "; the limit on processes and threads is reached (`ulimit -u`, or that of the container): raise it, or use fewer \
             --threads"
        }
        _ => "",
    }
}

/// The error of a run in which no connection opened.
pub(super) fn none_opened(url: String, outcomes: &[WorkerOutcome], secrets: &DataSecrets) -> RunError {
    let mut kinds: BTreeMap<&str, (u64, Option<&str>)> = BTreeMap::new();
    for connections in outcomes.iter().flat_map(|outcome| &outcome.groups).map(|group| &group.connections) {
        for (kind, count) in &connections.errors {
            let (sum, first) = kinds.entry(kind).or_default();
            *sum += count;
            *first = first.or_else(|| connections.details.get(kind).map(String::as_str));
        }
    }
    let said = |(kind, (count, first)): (&&str, &(u64, Option<&str>))| match first {
        Some(first) => format!("{kind} ({count}): {}", secrets.redact(first)),
        None => format!("{kind} ({count})"),
    };
    let what = if kinds.is_empty() {
        "no connection was tried".to_owned()
    } else {
        kinds.iter().map(said).collect::<Vec<_>>().join("; ")
    };
    let own = !kinds.is_empty() && kinds.keys().all(|kind| is_own_failure(kind));
    if !kinds.is_empty() && kinds.keys().all(|kind| kind.starts_with(JOIN)) {
        return RunError::NobodyJoined { url, what };
    }
    if own { RunError::Exhausted { url, what } } else { RunError::Unreachable { url, what } }
}
