//! `loadgen merge`: results of shards, merged, judged, saved and shown.

mod reader;

use std::{fmt::Display, thread};

use program::Exit;
use reports::{
    Judgement, Report, Threshold,
    judge::judge_part,
    merge::{Merge, MergeError, MergeOptions, MissingShards},
    store,
};

use self::reader::{Found, read};
use crate::{
    cli::{Destination, MergeArgs},
    command_error::CommandError,
    export::{Saved, put},
    terminal,
};

/// Problems with results that are named. More are counted.
const NAMED: u64 = 20;

/// Merges results; how the process ends.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, CommandError> {
    args.check()?;
    let mut refusals = Refusals::default();
    let mut merge = Merge::new(MergeOptions { allow_partial: args.allow_partial });
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let skipped_lines = read(&args.results, threads, |found| match found {
        Found::Result(name, report) => {
            if let Err(error) = merge.add(&name, *report) {
                refusals.refuse(&error);
            }
        }
        // Whether a shard is missing for it, the others show.
        Found::Unreadable(unreadable) if args.allow_partial => refusals.leave_out(&unreadable),
        Found::Unreadable(unreadable) => refusals.refuse(&unreadable),
    });
    if skipped_lines > 0 && !args.console.quiet {
        let lines = if skipped_lines == 1 { "line that does" } else { "lines that do" };
        terminal::tell(format!("loadgen: skipped {} {lines} not begin with {{", reports::human::count(skipped_lines)));
    }
    let (report, left_out) = refusals.or(merge.finish())?;
    let missing = MissingShards::beside(&report.shards).map(|missing| missing.to_string());
    let judgement = judge_part(&report, &thresholds(&report)?, missing.into_iter().chain(left_out).collect());
    Ok(finish(args, &report, &judgement))
}

/// What is wrong with results. Each problem is told at once, so that one look shows all shards that
/// have to run again.
#[derive(Debug, Default)]
struct Refusals {
    told: u64,
    refused: u64,
    /// What is told of results that are left out.
    left_out: Vec<String>,
}

impl Refusals {
    /// Tells of a result that is left out.
    fn leave_out(&mut self, problem: &impl Display) {
        self.tell(problem);
        if self.told <= NAMED {
            self.left_out.push(problem.to_string());
        }
    }

    /// Tells of a result for which there will be no whole.
    fn refuse(&mut self, problem: &impl Display) {
        self.refused += 1;
        self.tell(problem);
    }

    fn tell(&mut self, problem: &impl Display) {
        self.told += 1;
        if self.told <= NAMED {
            terminal::tell(format!("loadgen: {problem}"));
        }
    }

    /// The merged result, if no result was refused, and what was left out.
    fn or(self, merged: Result<Report, MergeError>) -> Result<(Report, Vec<String>), CommandError> {
        if self.told > NAMED {
            terminal::tell(format!("loadgen: and {} more", reports::human::count(self.told - NAMED)));
        }
        match merged {
            Ok(_) if self.refused > 0 => Err(CommandError::Refused(self.refused)),
            Ok(report) => Ok((report, self.left_out)),
            Err(error) => Err(CommandError::Merge(Box::new(error))),
        }
    }
}

/// The thresholds of the plan.
fn thresholds(report: &Report) -> Result<Vec<Threshold>, CommandError> {
    let parse = |text: &String| {
        text.parse::<Threshold>().map_err(|error| CommandError::Threshold(reports::escape::visible(text), error))
    };
    report.plan.run.thresholds.iter().map(parse).collect()
}

/// Saves, files first, and shows; how the process ends.
fn finish(args: &MergeArgs, report: &Report, judgement: &Judgement) -> Exit {
    let verdict = judgement.verdict.exit();
    let exit = if report.interrupted { verdict.or_worse(Exit::Interrupted) } else { verdict };
    let mut saved = Saved::default();
    if let Some(path) = &args.out {
        saved.note("--out", store::write(path, report, judgement));
    }
    saved.save(&args.outputs.of_run(), |format, out| format.render(report, judgement, out));
    if let Some(json) = args.json.format() {
        saved.note("--json", put(&Destination::Stdout, |out| json.render(report, judgement, out)));
    }
    terminal::show(&args.console, args.json.is_given() || args.outputs.take_stdout(), |text, out| {
        reports::Render::render(&text, report, judgement, out)
    });
    saved.exit(exit)
}
