//! `loadgen search`: steps until the highest rate that holds is known.

use std::time::{Duration, Instant};

use loadgen::plan::{Load, Plan, Rate};
use loadgen::{RunError, Stop};
use program::Channel;
use reports::render::Json;
use reports::render::search::{RenderSearch, progress_line};
use reports::search::{Conclusion, NextRate, Search, SearchRecord, Step};
use reports::{Report, judge};

use super::notice;
use crate::cli::{Destination, SearchArgs};
use crate::exit;
use crate::export::{Saved, put};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::signals::{self, stop_on_signal};
use crate::terminal;

/// How often a pause looks whether it is over.
const GLANCE: Duration = Duration::from_millis(20);

/// Searches; the exit code.
pub(crate) fn search(args: &SearchArgs) -> Result<u8, Failure> {
    args.outputs.check()?;
    let plan = args.plan()?;
    let search = args.search()?;
    // The first ends the step, and what was measured before is shown; nobody has to wait for that.
    let stop = stop_on_signal(|| std::process::exit(exit::INTERRUPTED.into()));
    if !args.console.quiet {
        notice::public_target(&plan, Some(args.highest()));
    }
    let mut steps = Steps { args, plan, stop, taken: Vec::new(), first: None };
    let (conclusion, code) = steps.until_the_end(&search);
    Ok(steps.finish(search, conclusion, code))
}

/// Why a step is none.
enum Halt {
    Interrupted,
    Run(RunError),
}

impl Halt {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted => exit::INTERRUPTED,
            Self::Run(error) => error.exit_code(),
        }
    }

    fn why(&self) -> String {
        match self {
            Self::Interrupted | Self::Run(RunError::Interrupted) => "interrupted".to_owned(),
            Self::Run(error) => error.to_string(),
        }
    }
}

/// The steps of a search.
struct Steps<'a> {
    args: &'a SearchArgs,
    plan: Plan,
    stop: Stop,
    taken: Vec<Step>,
    /// The report of the first, for what all have in common.
    first: Option<Report>,
}

impl Steps<'_> {
    /// Takes steps until the search ends, or can't go on; the exit code of the end.
    fn until_the_end(&mut self, search: &Search) -> (Conclusion, u8) {
        loop {
            let rate = match search.next(&self.taken) {
                NextRate::Rate(rate) => rate,
                NextRate::End(conclusion) => {
                    let code = conclusion.exit_code().unwrap_or(exit::FAILED);
                    return (conclusion, code);
                }
            };
            if let Err(halt) = self.step(rate) {
                return (search.unfinished(&self.taken, halt.why()), halt.exit_code());
            }
        }
    }

    /// A run at this rate.
    fn step(&mut self, rate: f64) -> Result<(), Halt> {
        if !self.taken.is_empty() {
            self.rest();
        }
        if self.stop.is_stopped() {
            return Err(Halt::Interrupted);
        }
        let plan = at(&self.plan, rate, self.taken.len());
        let quiet = self.args.console.quiet;
        // Elsewhere the lines of the steps are enough.
        let mut progress = Progress::new(plan.clients.get(), quiet || !Channel::Stderr.is_terminal());
        let thresholds = self.args.thresholds.iter().map(ToString::to_string).collect();
        let report = loadgen::run(&plan, thresholds, &self.stop, |snapshot| progress.show(snapshot));
        progress.clear();
        let report = report.map_err(Halt::Run)?;
        if report.interrupted {
            // A part of a step is none; but it tells what was tested.
            self.first.get_or_insert(report);
            return Err(Halt::Interrupted);
        }
        let step = Step::of(rate, &report, &judge(&report, &self.args.thresholds));
        if !quiet {
            terminal::tell(progress_line(&step));
        }
        self.taken.push(step);
        self.first.get_or_insert(report);
        Ok(())
    }

    /// Lets the target recover from the step before.
    fn rest(&self) {
        let until = Instant::now() + self.args.pause();
        while !self.stop.is_stopped() && Instant::now() < until {
            std::thread::sleep(GLANCE.min(until.saturating_duration_since(Instant::now())));
        }
    }

    /// Saves and shows what was found; the exit code.
    fn finish(self, search: Search, conclusion: Conclusion, code: u8) -> u8 {
        if let Conclusion::Unfinished { why, .. } = &conclusion {
            terminal::tell(format!("loadgen: {why}"));
        }
        let Some(first) = self.first else { return code };
        let record = SearchRecord {
            target: first.target,
            plan: first.plan,
            environment: first.environment,
            started_at: first.started_at,
            search,
            pause_s: self.args.pause().as_secs_f64(),
            steps: self.taken,
            conclusion,
        };
        signals::over(code);
        show(self.args, &record).exit_code(code)
    }
}

/// The plan of a step: the rate of its own, and bytes of its own, so that what a server remembers of another is noticed.
fn at(plan: &Plan, rate: f64, number: usize) -> Plan {
    let mut plan = plan.clone();
    plan.seed = plan.seed.wrapping_add(number as u64);
    if let Load::Open { rate: share, .. } = &mut plan.load {
        // The share of the lowest rate was looked at before the first step.
        *share = Rate::new(rate / f64::from(plan.clients.get())).unwrap_or(*share);
    }
    plan
}

/// Saves the record where it was asked for, files first, and shows it.
fn show(args: &SearchArgs, record: &SearchRecord) -> Saved {
    let outputs = &args.outputs;
    let mut saved = Saved::default();
    saved.save(&outputs.files(), |format, out| format.search(record, out));
    if outputs.json {
        saved.note("--json", put(&Destination::Stdout, |out| Json.search(record, out)));
    }
    if !args.console.quiet {
        let channel = if outputs.take_stdout() { Channel::Stderr } else { Channel::Stdout };
        terminal::show(channel, args.console.no_color, |text, out| text.search(record, out));
    }
    saved
}
