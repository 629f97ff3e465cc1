//! `loadgen [URL]`: run, judge, compare, save, show.

use std::io;

use loadgen::RunError;
use reports::compare::{Comparison, Options, compare};
use reports::gate::Gate;
use reports::render::comparison::RenderComparison;
use reports::render::{Json, Text};
use reports::{Judgement, Render, Report, judge, store};

use crate::cli::{self, RunArgs};
use crate::exit;
use crate::export;
use crate::progress::Progress;
use crate::signals::stop_on_signal;
use crate::terminal::Channel;

/// Runs a plan; the exit code.
pub(crate) fn run(args: &RunArgs) -> Result<u8, clap::Error> {
    args.check()?;
    let plan = args.plan()?;
    let gates = args.gates()?;
    let baseline = baseline(args)?;
    // Draining may take long, and nobody has to wait for it.
    let stop = stop_on_signal(|| std::process::exit(exit::INTERRUPTED.into()));
    let mut progress = Progress::new(plan.clients.get(), args.quiet);
    let thresholds = args.thresholds.iter().map(ToString::to_string).collect();
    let report = loadgen::run(&plan, thresholds, &stop, |snapshot| progress.show(snapshot));
    progress.clear();
    Ok(match report {
        Ok(report) => {
            let judgement = judge(&report, &args.thresholds);
            let comparison = baseline.map(|baseline| against(args, &gates, baseline, &report));
            finish(args, &Outcome { report, judgement, comparison })
        }
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

/// A run with what it comes to.
struct Outcome {
    report: Report,
    judgement: Judgement,
    comparison: Option<Comparison>,
}

impl Outcome {
    fn exit_code(&self) -> u8 {
        let verdict = self.judgement.verdict.exit_code();
        self.comparison.as_ref().map_or(verdict, |comparison| exit::outranking(verdict, comparison.verdict.exit_code()))
    }
}

/// The baseline to compare with, if one is named. That it is there, and that one can be kept, is found out before the run.
fn baseline(args: &RunArgs) -> Result<Option<Report>, clap::Error> {
    let folder = args.baselines();
    if let Some(name) = &args.save_baseline {
        name.check(folder).map_err(|error| cli::refuse(format!("--save-baseline {name}: {error}")))?;
    }
    let Some(name) = &args.baseline else { return Ok(None) };
    let read = store::read(&name.file(folder));
    let (report, _) = read.map_err(|error| {
        cli::refuse(format!(
            "--baseline {name}: {error}; --save-baseline {name} keeps a run that passes as this baseline"
        ))
    })?;
    Ok(Some(report))
}

fn against(args: &RunArgs, gates: &[Gate], baseline: Report, report: &Report) -> Comparison {
    // One run a side has no interval, so neither confidence nor seed change anything.
    let options = Options { gates: gates.to_vec(), force: args.force, ..Options::default() };
    compare(&[baseline], std::slice::from_ref(report), &options)
}

/// Saves and shows, and keeps the baseline last: what has failed must not become one. The exit code.
fn finish(args: &RunArgs, outcome: &Outcome) -> u8 {
    let Outcome { report, judgement, .. } = outcome;
    let mut done = true;
    if let Some(Err(error)) = args.out.as_deref().map(|path| store::write(path, report, judgement)) {
        eprintln!("loadgen: the result was not saved: {error}");
        done = false;
    }
    done &= export::save(&args.outputs.of_run(), |format, out| format.render(report, judgement, out)).is_ok();
    if let Err(error) = print(args, outcome) {
        eprintln!("loadgen: {error}");
        done = false;
    }
    done &= keep(args, outcome);
    match done {
        _ if report.interrupted => exit::INTERRUPTED,
        true => outcome.exit_code(),
        false => exit::FAILED,
    }
}

fn print(args: &RunArgs, Outcome { report, judgement, comparison }: &Outcome) -> io::Result<()> {
    let mut printed = Ok(());
    if args.json {
        printed = Channel::Stdout.print(args.no_color, |_, out| Json.render(report, judgement, out));
    }
    if args.quiet {
        return printed;
    }
    let channel = if args.json || args.outputs.take_stdout() { Channel::Stderr } else { Channel::Stdout };
    let shown = channel.print(args.no_color, |color, out| {
        Text { color }.render(report, judgement, out)?;
        let (Some(comparison), Some(name)) = (comparison, &args.baseline) else { return Ok(()) };
        writeln!(out, "\n== beside the baseline {name}\n")?;
        Text { color }.comparison(comparison, out)
    });
    printed.and(shown)
}

/// Keeps the run as a baseline if it passed; whether all is well that was tried.
fn keep(args: &RunArgs, outcome: &Outcome) -> bool {
    let Some(name) = &args.save_baseline else { return true };
    if outcome.report.interrupted || outcome.exit_code() != 0 {
        eprintln!("loadgen: --save-baseline {name}: the run was not kept, since it did not pass");
        return true;
    }
    let kept = store::write(&name.file(args.baselines()), &outcome.report, &outcome.judgement);
    kept.inspect_err(|error| eprintln!("loadgen: --save-baseline {name}: the run was not kept: {error}")).is_ok()
}
