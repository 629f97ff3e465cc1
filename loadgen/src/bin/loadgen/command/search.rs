//! `loadgen search`: steps until the highest rate that holds is known.

use std::time::{Duration, Instant};

use loadgen::{
    Run, RunError, Stop,
    plan::{Load, Plan, Rate, RatePlan},
};
use program::{Channel, Exit, ProgramError as _};
use reports::{
    Report, judge,
    render::{
        Json,
        search::{RenderSearch, progress_line},
    },
    search::{Conclusion, NextRate, Search, SearchRecord, Step},
};

use super::public_target;
use crate::{
    cli::{Destination, SearchArgs},
    command_error::CommandError,
    export::{Saved, put},
    progress::Progress,
    signals::{self, stop_on_signal},
    terminal,
};

/// Time between two checks whether a pause is over.
const TURN: Duration = Duration::from_millis(20);

/// Searches; how the process ends.
pub(super) fn search(args: &SearchArgs) -> Result<Exit, CommandError> {
    args.outputs.check()?;
    let plan = args.plan()?;
    let search = args.search()?;
    // The first signal ends the step and shows what was measured before. The second does not wait
    // for that.
    let stop = stop_on_signal(|| Exit::Interrupted.now());
    public_target::warn(&args.console, &plan, Some(args.highest()));
    let mut steps = Steps { args, plan, stop, taken: Vec::new(), first: None };
    let (conclusion, exit) = steps.until_the_end(&search);
    Ok(steps.finish(search, conclusion, exit))
}

/// Why a step has no result, in the words of a conclusion.
fn why(error: &CommandError) -> String {
    match error {
        CommandError::Run(RunError::Interrupted) => "interrupted".to_owned(),
        error => error.to_string(),
    }
}

/// The steps of a search.
struct Steps<'a> {
    args: &'a SearchArgs,
    plan: Plan,
    stop: Stop,
    taken: Vec<Step>,
    /// The report of the first step, for what all steps share.
    first: Option<Report>,
}

impl Steps<'_> {
    /// Takes steps until the search ends, or can't go on; how the process ends then.
    fn until_the_end(&mut self, search: &Search) -> (Conclusion, Exit) {
        loop {
            let rate = match search.next(&self.taken) {
                NextRate::Rate(rate) => rate,
                NextRate::End(conclusion) => {
                    let exit = conclusion.exit().unwrap_or(Exit::Failed);
                    return (conclusion, exit);
                }
            };
            if let Err(error) = self.step(rate) {
                return (search.unfinished(&self.taken, why(&error)), error.exit());
            }
        }
    }

    /// A run at this rate.
    fn step(&mut self, rate: f64) -> Result<(), CommandError> {
        if !self.taken.is_empty() {
            self.rest();
        }
        if self.stop.is_stopped() {
            return Err(RunError::Interrupted.into());
        }
        let plan = at(&self.plan, rate, self.taken.len());
        let quiet = self.args.console.quiet;
        // Without a terminal, one line for each step is enough.
        let mut progress = Progress::new(plan.clients().get(), quiet || !Channel::Stderr.is_terminal());
        let report = Run::of(&plan).stopped_by(&self.stop).observed_by(&mut progress).start();
        progress.clear();
        let report = report?;
        if report.interrupted {
            // A part of a step does not count, but it tells what was tested.
            self.first.get_or_insert(report);
            return Err(RunError::Interrupted.into());
        }
        let step = Step::of(rate, &report, &judge(&report, &self.plan.run().thresholds));
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
            std::thread::sleep(TURN.min(until.saturating_duration_since(Instant::now())));
        }
    }

    /// Saves and shows what was found; how the process ends.
    fn finish(self, search: Search, conclusion: Conclusion, exit: Exit) -> Exit {
        if let Conclusion::Unfinished { why, .. } = &conclusion {
            terminal::tell(format!("loadgen: {why}"));
        }
        let Some(first) = self.first else { return exit };
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
        signals::over(exit);
        show(self.args, &record).exit(exit)
    }
}

/// The plan of a step. It has bytes of its own, so that an answer from an earlier step is noticed.
fn at(plan: &Plan, rate: f64, number: usize) -> Plan {
    let (seed, clients) = (plan.seed(), plan.clients());
    let at = plan.clone().with(|run, groups| {
        run.seed = Some(seed.wrapping_add(number as u64));
        for group in groups {
            if let (Load::Open { arrivals, .. }, Some(share)) =
                (&mut group.load, Rate::new(rate / f64::from(clients.get())))
            {
                arrivals.rate = RatePlan::Constant(share);
            }
        }
    });
    // The lowest and the highest rate were checked before the first step.
    at.unwrap_or_else(|_| plan.clone())
}

/// Saves the record where it was asked for, files first, and shows it.
fn show(args: &SearchArgs, record: &SearchRecord) -> Saved {
    let outputs = &args.outputs;
    let mut saved = Saved::default();
    saved.save(&outputs.files(), |format, out| format.search(record, out));
    if outputs.json {
        saved.note("--json", put(&Destination::Stdout, |out| Json.search(record, out)));
    }
    terminal::show(&args.console, outputs.take_stdout(), |text, out| text.search(record, out));
    saved
}
