//! `loadgen search`: the highest rate that holds.

use std::{convert::Infallible, num::NonZeroU32, path::PathBuf, time::Duration};

use clap::{Args, Command};
use loadgen::plan::{
    Plan, Rate,
    keys::{ClientRate, Condition, LengthKeys, LoadKeys, Number, PositiveTime, Time, VerdictKeys},
};
use reports::{
    human,
    render::{Html, Json, Markdown, search::RenderSearch},
    search::{Resolution, Search},
};

use super::{
    console::ConsoleArgs,
    outputs::{Destination, Output, check_destinations},
    plan::{LoadArgs, PlanArgs},
    refusal::refuse,
    target::TargetArgs,
    values::{parse_duration, parse_number, parse_positive_duration},
};

/// Find the highest rate at which all thresholds hold
///
/// A rate holds if its thresholds are met, the delivery is clean, and the run is valid.
///
/// A step is a run at one rate, with fresh connections; without URL, with a fresh reference server.
/// The search doubles the rate until it does not hold, or quarters it until it does. Then it
/// narrows the edge down to the resolution. It tries the rates of the edge again, and the majority
/// decides; but one lost or damaged message decides at once. At the end it says whether the target
/// or the generator was the limit.
///
/// Exit codes: 0 found, the limit being the target or --to; 1 no rate holds; 2 usage; 4 delivery
/// violation at the lowest rate that does not hold; 5 the generator was the limit, or no load could
/// be applied; 6 the target was unreachable, or it refused or lost connections at every rate; 130
/// interrupted.
#[derive(Clone, Debug, Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    steps: StepArgs,

    #[command(flatten)]
    plan: PlanArgs<SearchLoadArgs>,

    #[command(flatten)]
    target: TargetArgs,

    /// Condition that must hold: 'p99<5ms'; repeatable
    ///
    /// Name a response time: only that tells a rate at which messages queue up in the target.
    /// `loadgen help metrics` lists the metrics.
    #[arg(long = "threshold", value_name = "CONDITION", required = true, help_heading = "Verdict")]
    thresholds: Vec<Condition>,

    #[command(flatten)]
    pub(crate) outputs: SearchOutputArgs,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// How the edge is narrowed down.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Search")]
struct StepArgs {
    /// Precision of the result
    ///
    /// The lowest rate that fails is at most so much over the highest that holds.
    /// Less takes more steps, and noise may be more than that.
    #[arg(long, value_name = "PERCENT", default_value = "5%")]
    resolution: Resolution,

    /// Tries of a rate at the edge, at most
    ///
    /// The majority decides. An odd number up to 9. More tries take longer, and are right more
    /// often on a noisy machine.
    #[arg(long, value_name = "N", default_value = "5", value_parser = parse_number::<NonZeroU32>)]
    tries: NonZeroU32,

    /// Rest between two steps
    #[arg(long, value_name = "TIME", default_value = "1s", allow_hyphen_values = true)]
    #[arg(value_parser = parse_duration)]
    pause: Duration,
}

/// Where the curve goes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct SearchOutputArgs {
    /// Save the curve as JSON; `loadgen report` shows it later
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Print the curve as JSON on stdout
    ///
    /// Nothing else goes there: progress and report go to stderr.
    #[arg(long)]
    pub(crate) json: bool,

    /// Save a page with plots of the curve
    ///
    /// `-` is stdout, as for --markdown; the report then goes to stderr.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<Destination>,

    /// Save the curve in Markdown
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) markdown: Option<Destination>,
}

/// The load of a step, without its rate.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct SearchLoadArgs {
    /// Total rate of the first step
    ///
    /// In messages per second of all clients together.
    /// A client sends its share, RATE/CLIENTS.
    ///
    /// [default: 1000, or --to if that is less]
    #[arg(long, help_heading = "Search", value_name = "RATE")]
    from: Option<Rate>,

    /// Highest total rate to try
    #[arg(long, help_heading = "Search", value_name = "RATE", default_value = "10m")]
    to: Rate,

    /// Concurrent connections of each step
    #[arg(short, long, alias = "connections", value_name = "N", default_value = "100")]
    #[arg(value_parser = parse_number::<NonZeroU32>)]
    clients: NonZeroU32,

    /// Messages of a client that are due together
    ///
    /// Bursts are evenly spread over the clients.
    #[arg(short, long, value_name = "N", default_value = "5", value_parser = parse_number::<NonZeroU32>)]
    #[arg(hide_short_help = true)]
    burst: NonZeroU32,

    /// Length of the measured phase of a step
    ///
    /// A longer one sees a smaller overload: one of 1 % makes a message wait 10 ms more each
    /// second.
    #[arg(short, long, value_name = "TIME", default_value = "5s", allow_hyphen_values = true)]
    #[arg(value_parser = parse_positive_duration)]
    duration: Duration,

    /// Same load before the measured phase, not recorded
    ///
    /// Its delivery is checked all the same.
    #[arg(long, value_name = "TIME", default_value = "1s", allow_hyphen_values = true)]
    #[arg(value_parser = parse_duration, hide_short_help = true)]
    warmup: Duration,

    /// Longest wait for replies after the last send
    ///
    /// What has not come by then is lost.
    ///
    /// [default: what a twofold overload takes, --warmup and --duration, and 5s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = parse_duration)]
    #[arg(hide_short_help = true)]
    drain: Option<Duration>,

    // What a run has and a search chooses itself; a bare "unexpected argument" would not say what
    // to do.
    #[arg(short, long, hide = true, value_parser = refused_rate)]
    rate: Option<Infallible>,

    #[arg(long, hide = true, value_parser = refused_stage)]
    stage: Option<Infallible>,

    #[arg(short, long, hide = true, value_parser = refused_window)]
    window: Option<Infallible>,

    #[arg(long, hide = true, value_parser = refused_window)]
    think: Option<Infallible>,

    #[arg(short = 'n', long, hide = true, value_parser = refused_messages)]
    messages: Option<Infallible>,
}

/// The definition of a search, which takes a URL and no plan file.
pub(super) fn without_plan_file(command: Command) -> Command {
    let server = "Server to test, as ws://HOST[:PORT][/PATH] or wss://...";
    let own = "Clients take several URLs in turn.\n\n[default: a reference server that loadgen starts on a free loopback port]";
    let target = "Server to test, where it does not stand as URL; repeatable";
    command
        .mut_arg("url", |arg| arg.help(server).long_help(format!("{server}\n\n{own}")))
        .mut_arg("target", |arg| arg.help(target).long_help(target))
}

fn refused_rate(_: &str) -> Result<Infallible, &'static str> {
    Err("a search chooses the rates itself; --from says where it begins, --to where it ends, as totals of all clients")
}

fn refused_stage(_: &str) -> Result<Infallible, &'static str> {
    Err("each step of a search has one rate; a run with --stage, without `search`, shows where latency begins to rise")
}

fn refused_window(_: &str) -> Result<Infallible, &'static str> {
    Err("the closed model has no rate to search for; a run with --window, without `search`, shows what a server takes")
}

fn refused_messages(_: &str) -> Result<Infallible, &'static str> {
    Err("steps at different rates last equally long; --duration says how long")
}

/// Where a search begins unless it is told: what nearly any server holds.
const FIRST: f64 = 1_000.0;
/// Bursts that must be due in a step: fewer say nothing.
const LEAST_BURSTS: f64 = 20.0;
/// How far down a search goes from its first rate at most.
const DEPTH: f64 = 1024.0;

impl SearchLoadArgs {
    /// Lowest rate of which a step says something.
    fn least(&self) -> f64 {
        LEAST_BURSTS * f64::from(self.burst.get()) / self.duration.as_secs_f64()
    }

    /// Total rate of the first step.
    fn first(&self) -> f64 {
        self.from.map_or(FIRST.min(self.to.per_second()), Rate::per_second)
    }

    /// What a client sends of a total.
    fn share(&self, total: f64) -> Option<Rate> {
        Rate::new(total / f64::from(self.clients.get()))
    }
}

impl LoadArgs for SearchLoadArgs {
    fn keys(&self) -> Result<(LoadKeys, LengthKeys), clap::Error> {
        let (from, to, least) = (self.first(), self.to.per_second(), self.least());
        if from > to {
            return Err(refuse(format!(
                "--from {from}: it is over --to {to}; the search goes from the one up to the other"
            )));
        }
        let share = self.share(least).and(self.share(from));
        let Some(rate) = share.filter(|_| from >= least) else {
            return Err(refuse(format!(
                "--from {from}: a step of {} has fewer than {LEAST_BURSTS} bursts of {} then; begin at {} at least, raise \
                 --duration or lower --burst",
                human::seconds(self.duration.as_secs_f64()),
                self.burst,
                human::rate(least.ceil()),
            )));
        };
        let load = LoadKeys {
            clients: Some(Number(self.clients)),
            rate: Some(ClientRate(Some(rate))),
            burst: Some(Number(self.burst)),
            ..LoadKeys::default()
        };
        let drain = self.drain.unwrap_or(self.warmup + self.duration + Duration::from_secs(5));
        let length = LengthKeys {
            duration: Some(PositiveTime(self.duration)),
            messages: None,
            warmup: Some(Time(self.warmup)),
            drain: Some(Time(drain)),
        };
        Ok((load, length))
    }
}

impl SearchArgs {
    /// The first step.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        let verdict = VerdictKeys { threshold: Some(self.thresholds.clone()), ..VerdictKeys::default() };
        self.target.refuse_a_plan_file()?;
        self.plan.plan(&self.target, &verdict)
    }

    /// Highest total rate that may be tried.
    pub(crate) fn highest(&self) -> f64 {
        self.plan.load().to.per_second()
    }

    /// Rest between two steps.
    pub(crate) fn pause(&self) -> Duration {
        self.steps.pause
    }

    /// Which rates are tried.
    pub(crate) fn search(&self) -> Result<Search, clap::Error> {
        let load = self.plan.load();
        let (from, to) = (load.first(), load.to.per_second());
        let least = (from / DEPTH).max(load.least());
        Search::new(from, to, least, self.steps.resolution, self.steps.tries.get())
            .map_err(|error| refuse(format!("--tries {}: {error}", self.steps.tries)))
    }
}

impl SearchOutputArgs {
    /// The files that were asked for.
    pub(crate) fn files(&self) -> Vec<Output<dyn RenderSearch>> {
        let mut outputs = Vec::new();
        let mut add = |flag, destination: Option<Destination>, format: Box<dyn RenderSearch>| {
            outputs.extend(destination.map(|destination| Output { flag, destination, format }));
        };
        add("--out", self.out.clone().map(Destination::File), Box::new(Json));
        add("--html", self.html.clone(), Box::new(Html));
        add("--markdown", self.markdown.clone(), Box::new(Markdown));
        outputs
    }

    /// Finds out whether the outputs fit together and can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        let files = self.files();
        check_destinations(self.json, files.iter().map(|output| (output.flag, &output.destination)))
    }

    /// Whether something but text goes to stdout.
    pub(crate) fn take_stdout(&self) -> bool {
        self.json || self.files().iter().any(|output| output.destination == Destination::Stdout)
    }
}
