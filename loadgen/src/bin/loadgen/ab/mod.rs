//! Pairs of runs: two servers, or two generators, in turn.
//!
//! ```text
//! mod.rs         the two sides, and one run of one of them
//! generator.rs   a run, in a process of its own
//! cleanup.rs     ends both when the comparison is killed
//! server.rs      a server that a command starts for it
//! ```

mod cleanup;
mod generator;
mod server;

use std::{fmt, path::PathBuf, time::Duration};

use cleanup::Cleanup;
pub(crate) use cleanup::end_what_is_left;
use generator::Generator;
pub(crate) use generator::GeneratorError;
use loadgen::{
    Stop,
    plan::{
        Plan,
        keys::{PlanKeys, Seed},
    },
};
use reports::{Judgement, Report, Verdict, is_generators_fault, judge};
use server::{ServerError, StartedServer};

use crate::cli::{AbArgs, ServerChoice};

/// Baseline or candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// Both sides, ready to run.
#[derive(Debug)]
pub(crate) struct AbSides {
    a: SideSetup,
    b: SideSetup,
    start_timeout: Duration,
    /// Path of the URL at servers that commands start.
    path: String,
    /// Where results are kept.
    folder: PathBuf,
    stop: Stop,
    cleanup: Cleanup,
    /// The plan of all runs, without its target.
    plan: Plan,
}

/// A server and the generator that drives it.
#[derive(Debug)]
struct SideSetup {
    server: ServerChoice,
    generator: Generator,
}

/// Why a comparison ends without a verdict on latency.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AbError {
    #[error("{0}: {1}")]
    Server(Side, #[source] ServerError),
    #[error("{0}: {1}")]
    Generator(Side, #[source] GeneratorError),
    /// A delivery violation, or a run that does not count.
    #[error("{side}: {}", what(judgement.verdict))]
    Run { side: Side, report: Box<Report>, judgement: Judgement },
    #[error("interrupted")]
    Interrupted,
}

fn what(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivery => "delivery violation",
        Verdict::Connections => "the target refused or lost connections",
        _ => "the run is invalid",
    }
}

impl AbSides {
    /// The sides that the command line names; results are kept in `folder`.
    pub(crate) fn new(args: &AbArgs, plan: &Plan, folder: PathBuf, stop: Stop) -> std::io::Result<Self> {
        let this = std::env::current_exe()?;
        let setup = |server: &ServerChoice, program: &Option<PathBuf>| SideSetup {
            server: server.clone(),
            generator: Generator { program: program.clone().unwrap_or_else(|| this.clone()) },
        };
        Ok(Self {
            a: setup(&args.a, &args.generator_a),
            b: setup(&args.b, &args.generator_b),
            start_timeout: args.start_timeout,
            path: args.path.clone(),
            folder,
            stop,
            cleanup: Cleanup::start()?,
            plan: plan.clone(),
        })
    }

    /// Where the result of a run is kept.
    pub(crate) fn file(&self, side: Side, name: &str) -> PathBuf {
        self.folder.join(format!("{name}-{}.json", side.to_string().to_lowercase()))
    }

    /// Renames the results of a pair that does not count: it is the `number`th discarded one.
    pub(crate) fn set_aside(&self, name: &str, number: u32) -> std::io::Result<()> {
        [Side::A, Side::B].into_iter().try_for_each(|side| {
            std::fs::rename(self.file(side, name), self.file(side, &format!("{name}-discarded-{number:02}")))
        })
    }

    /// The plan of a run against `url`.
    fn plan(&self, url: &str, seed: u64) -> PlanKeys {
        let mut keys = PlanKeys::of(&self.plan);
        keys.run.generator.seed = Some(Seed(seed));
        for group in &mut keys.group {
            // The path was checked with the options.
            group.keys.target = url.parse().ok();
        }
        keys
    }

    /// One run of one side; its result is kept under `name`.
    ///
    /// # Errors
    /// There is no result, or a message was lost or damaged, or connections failed. That the
    /// generator alone was too slow is no error.
    pub(crate) fn run(&self, side: Side, name: &str, seed: u64) -> Result<Report, AbError> {
        let setup = match side {
            Side::A => &self.a,
            Side::B => &self.b,
        };
        let mut server = None;
        let url = match &setup.server {
            ServerChoice::Url(url) => url.clone(),
            ServerChoice::Command(command) => {
                let started = StartedServer::start(command, self.start_timeout, &self.stop, &self.cleanup);
                let started = started.map_err(|error| match error {
                    ServerError::Interrupted => AbError::Interrupted,
                    error => AbError::Server(side, error),
                })?;
                let url = started.url(&self.path);
                server = Some(started);
                url
            }
        };
        let report = setup.generator.run(&self.plan(&url, seed), &self.file(side, name), &self.stop, &self.cleanup);
        drop(server);
        let report = report.map_err(|error| match error {
            GeneratorError::Interrupted => AbError::Interrupted,
            error => AbError::Generator(side, error),
        })?;
        // This version judges: the generator may be an older one that knows less.
        let judgement = judge(&report, &[]);
        match judgement.verdict {
            Verdict::Pass | Verdict::Threshold => Ok(report),
            Verdict::Invalid if is_generators_fault(&report) => Ok(report),
            _ => Err(AbError::Run { side, report: Box::new(report), judgement }),
        }
    }
}
