//! `loadgen [URL]`: run, judge, save, show.

use std::io;

use loadgen::RunError;
use reports::render::{Json, Text};
use reports::{Judgement, Render, Report, judge, store};

use crate::cli::{self, RunArgs};
use crate::exit;
use crate::progress::Progress;
use crate::signals::stop_on_signal;
use crate::terminal::Channel;

/// Runs a plan; the exit code.
pub(crate) fn run(args: &RunArgs) -> Result<u8, clap::Error> {
    let plan = args.plan()?;
    if let Some(Err(error)) = args.out.as_deref().map(store::check_writable) {
        return Err(cli::refuse(format!("--out: {error}")));
    }
    let stop = stop_on_signal();
    let mut progress = Progress::new(plan.clients.get(), args.quiet);
    let thresholds = args.thresholds.iter().map(ToString::to_string).collect();
    let report = loadgen::run(&plan, thresholds, &stop, |snapshot| progress.show(snapshot));
    progress.clear();
    Ok(match report {
        Ok(report) => finish(args, &report),
        Err(error) => {
            eprintln!("loadgen: {error}");
            match error {
                RunError::Interrupted => exit::INTERRUPTED,
                RunError::Refused(_) => exit::USAGE,
                RunError::Unreachable { .. } => exit::UNREACHABLE,
                RunError::System(..) => exit::FAILED,
            }
        }
    })
}

/// Judges first, then saves and shows.
fn finish(args: &RunArgs, report: &Report) -> u8 {
    let judgement = judge(report, &args.thresholds);
    let saved = args.out.as_deref().map_or(Ok(()), |path| store::write(path, report, &judgement));
    if let Err(error) = &saved {
        eprintln!("loadgen: the result was not saved: {error}");
    }
    let printed = print(args, report, &judgement);
    if let Err(error) = &printed {
        eprintln!("loadgen: {error}");
    }
    match (saved, printed) {
        _ if report.interrupted => exit::INTERRUPTED,
        (Ok(()), Ok(())) => judgement.verdict.exit_code(),
        _ => exit::FAILED,
    }
}

fn print(args: &RunArgs, report: &Report, judgement: &Judgement) -> io::Result<()> {
    let mut printed = Ok(());
    if args.json {
        printed = Channel::Stdout.print(args.no_color, |_, out| Json.render(report, judgement, out));
    }
    if !args.quiet {
        let channel = if args.json { Channel::Stderr } else { Channel::Stdout };
        let shown = channel.print(args.no_color, |color, out| Text { color }.render(report, judgement, out));
        printed = printed.and(shown);
    }
    printed
}
