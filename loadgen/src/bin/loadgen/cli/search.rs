//! `loadgen search`: the highest rate that holds.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use loadgen::plan::{Load, Plan, Rate, Until};
use reports::render::search::RenderSearch;
use reports::render::{Html, Json, Markdown};
use reports::search::{Resolution, Search};
use reports::{Threshold, human};

use super::course::{Course, CourseArgs};
use super::outputs::{Output, Place, check_places};
use super::plan::PlanArgs;
use super::refuse;
use super::values::{parse_duration, parse_number, parse_positive_duration, parse_rate};

/// Finds the highest rate that holds: thresholds met, delivery clean, run valid.
///
/// A step is a run at one rate, with fresh connections; without URL, with a fresh reference server. The rate is doubled until
/// it does not hold, or quartered until it does, and then narrowed down to the resolution. The rates of the edge are tried
/// again, and the majority decides; but one lost or damaged message decides at once. Then it is said whether the target or
/// the generator was the limit.
///
/// Exit codes: 0 found, the target or --to being the limit; 1 no rate holds; 2 usage; 4 delivery violation at the lowest rate
/// that does not hold; 5 the generator was the limit, or no load could be applied; 6 target unreachable, or
/// it refused or lost connections at every rate; 130 interrupted.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct SearchArgs {
    /// Server to test, as ws://HOST[:PORT][/PATH] or wss://...; without it, a reference server is started on a free
    /// loopback port
    // Parsed by `plan`, as that of a run.
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// What must hold, such as 'p99<5ms' or 'p99.9<20ms'; repeatable. One on response times is what tells a rate that the
    /// target only queues
    #[arg(long = "threshold", value_name = "METRIC OP VALUE", required = true)]
    pub(crate) thresholds: Vec<Threshold>,

    /// How far the lowest rate that does not hold may be over the highest that does; less takes more steps, and noise may
    /// be more than that
    #[arg(long, help_heading = "Search", value_name = "PERCENT", default_value = "5%")]
    resolution: Resolution,

    /// How often a rate at the edge is tried at most, an odd number up to 9: the majority decides. More take longer, and
    /// are right more often on a noisy machine
    #[arg(long, help_heading = "Search", value_name = "N", default_value = "5", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>)]
    tries: NonZeroU32,

    /// Rest between two steps, in which a target recovers
    #[arg(long, help_heading = "Search", value_name = "TIME", default_value = "1s", allow_hyphen_values = true, value_parser = parse_duration)]
    pub(crate) pause: Duration,

    #[command(flatten)]
    pub(crate) outputs: SearchOutputs,

    #[command(flatten, next_help_heading = "Steps")]
    plan: PlanArgs<SearchCourse>,
}

/// Where the curve goes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
#[allow(clippy::doc_markdown)]
pub(crate) struct SearchOutputs {
    /// Save the curve as JSON; loadgen report shows it later
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Page with plots of the curve (- for stdout; text goes to stderr then)
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<Place>,

    /// Save the curve in Markdown, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<Place>,

    /// Print the curve as JSON on stdout and nothing else there; progress and text go to stderr
    #[arg(long)]
    pub(crate) json: bool,

    /// No progress and no text; the exit code tells the verdict
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// No colors; the variable NO_COLOR does the same
    #[arg(long)]
    pub(crate) no_color: bool,
}

/// The course of a step, but for its rate.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct SearchCourse {
    /// Total rate of the first step, in messages per second of all clients together: a client sends its share,
    /// RATE/CLIENTS [default: 1000, or --to if that is less]
    #[arg(long, help_heading = "Search", value_name = "R", allow_negative_numbers = true, value_parser = parse_rate)]
    from: Option<Rate>,

    /// Highest total rate to try
    #[arg(long, help_heading = "Search", value_name = "R", default_value = "10m", allow_negative_numbers = true, value_parser = parse_rate)]
    to: Rate,

    /// Concurrent connections, the same in all steps
    #[arg(short, long, alias = "connections", value_name = "N", default_value = "100", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>)]
    clients: NonZeroU32,

    /// Messages of a client that are due together; bursts are evenly spread over the clients
    #[arg(short, long, value_name = "B", default_value = "5", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>)]
    burst: NonZeroU32,

    /// Length of the measured phase of a step. A longer one sees a smaller overload: one of 1 % makes a message wait 10 ms
    /// more each second
    #[arg(short, long, value_name = "TIME", default_value = "5s", allow_hyphen_values = true, value_parser = parse_positive_duration)]
    duration: Duration,

    /// Same load before it, not recorded; its delivery is checked all the same
    #[arg(long, value_name = "TIME", default_value = "1s", allow_hyphen_values = true, value_parser = parse_duration)]
    warmup: Duration,

    /// After the last send, longest wait for what is in flight; what has not come by then is lost [default: what a twofold
    /// overload takes, --warmup and --duration, and 5s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = parse_duration)]
    drain: Option<Duration>,

    // What a run has and a search chooses itself; a bare "unexpected argument" would not say what to do.
    #[arg(short, long, hide = true, value_parser = refused_rate)]
    rate: Option<Infallible>,

    #[arg(short, long, hide = true, value_parser = refused_window)]
    window: Option<Infallible>,

    #[arg(short = 'n', long, hide = true, value_parser = refused_messages)]
    messages: Option<Infallible>,
}

fn refused_rate(_: &str) -> Result<Infallible, &'static str> {
    Err("a search chooses the rates itself; --from says where it begins, --to where it ends, as totals of all clients")
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

impl SearchCourse {
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

impl CourseArgs for SearchCourse {
    fn course(&self, max_in_flight: NonZeroU32) -> Result<Course, clap::Error> {
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
        Ok(Course {
            clients: self.clients,
            load: Load::Open { rate, burst: self.burst, max_in_flight },
            warmup: self.warmup,
            until: Until::Elapsed(self.duration),
            drain: self.drain.unwrap_or(self.warmup + self.duration + Duration::from_secs(5)),
        })
    }
}

impl SearchArgs {
    /// The first step.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        self.plan.plan(self.url.as_deref())
    }

    /// Highest total rate that may be tried.
    pub(crate) fn highest(&self) -> f64 {
        self.plan.course().to.per_second()
    }

    /// Which rates are tried.
    pub(crate) fn search(&self) -> Result<Search, clap::Error> {
        let course = self.plan.course();
        let (from, to) = (course.first(), course.to.per_second());
        let least = (from / DEPTH).max(course.least());
        Search::new(from, to, least, self.resolution, self.tries.get())
            .map_err(|error| refuse(format!("--tries {}: {error}", self.tries)))
    }
}

impl SearchOutputs {
    /// The files that were asked for.
    pub(crate) fn files(&self) -> Vec<Output<dyn RenderSearch>> {
        let mut outputs = Vec::new();
        let mut add = |flag, place: Option<Place>, format: Box<dyn RenderSearch>| {
            outputs.extend(place.map(|place| Output { flag, place, format }));
        };
        add("--out", self.out.clone().map(Place::File), Box::new(Json));
        add("--html", self.html.clone(), Box::new(Html));
        add("--markdown", self.markdown.clone(), Box::new(Markdown));
        outputs
    }

    /// Finds out whether the outputs fit together and can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        let files = self.files();
        check_places(self.json, files.iter().map(|output| (output.flag, &output.place)))
    }

    /// Whether something but text goes to stdout.
    pub(crate) fn take_stdout(&self) -> bool {
        self.json || self.files().iter().any(|output| output.place == Place::Stdout)
    }
}
