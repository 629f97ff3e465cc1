//! `loadgen [URL]`: run, judge, compare, save, show.

use program::Channel;
use reports::compare::{CompareOptions, Comparison, compare};
use reports::gate::Gate;
use reports::render::Json;
use reports::render::comparison::RenderComparison;
use reports::{Judgement, Render, Report, judge, store};

use super::notice;
use crate::cli::{self, Destination, RunArgs};
use crate::exit;
use crate::export::{Saved, put};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::signals::{self, stop_on_signal};
use crate::terminal;

/// Runs a plan; the exit code.
pub(crate) fn run(args: &RunArgs) -> Result<u8, Failure> {
    args.check()?;
    let plan = args.plan()?;
    let gates = args.verdict.gates()?;
    let baseline = baseline(args)?;
    // Draining may take long, and nobody has to wait for it.
    let stop = stop_on_signal(|| std::process::exit(exit::INTERRUPTED.into()));
    if !args.console.quiet {
        notice::public_target(&plan, None);
    }
    let mut progress = Progress::new(plan.clients.get(), args.console.quiet);
    let thresholds = args.verdict.thresholds.iter().map(ToString::to_string).collect();
    let report = loadgen::run(&plan, thresholds, &stop, |snapshot| progress.show(snapshot));
    progress.clear();
    let mut report = report?;
    report.plan.only_delivery = args.verdict.only_delivery;
    let judgement = judge(&report, &args.verdict.thresholds);
    let comparison = baseline.map(|baseline| against(args, &gates, baseline, &report));
    Ok(finish(args, &Outcome { report, judgement, comparison }))
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
        let ended = if self.report.interrupted { exit::INTERRUPTED } else { verdict };
        let compared = self.comparison.as_ref().map_or(verdict, |comparison| comparison.verdict.exit_code());
        exit::outranking(exit::outranking(verdict, ended), compared)
    }
}

/// The baseline to compare with, if one is named. That it is there, and that one can be kept, is found out before the run.
fn baseline(args: &RunArgs) -> Result<Option<Report>, clap::Error> {
    let folder = args.verdict.baselines();
    if let Some(name) = &args.verdict.save_baseline {
        name.check(folder).map_err(|error| cli::refuse(format!("--save-baseline {name}: {error}")))?;
    }
    let Some(name) = &args.verdict.baseline else { return Ok(None) };
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
    let options = CompareOptions { gates: gates.to_vec(), force: args.verdict.force, ..CompareOptions::default() };
    compare(&[baseline], std::slice::from_ref(report), &options)
}

/// Saves, files first, and shows; the exit code. What has failed does not become a baseline.
fn finish(args: &RunArgs, outcome: &Outcome) -> u8 {
    let Outcome { report, judgement, .. } = outcome;
    let code = outcome.exit_code();
    signals::over(code);
    let mut saved = Saved::default();
    if let Some(path) = &args.out {
        saved.note("--out", store::write(path, report, judgement));
    }
    keep(args, outcome, &mut saved);
    saved.save(&args.outputs.of_run(), |format, out| format.render(report, judgement, out));
    if args.json {
        saved.note("--json", put(&Destination::Stdout, |out| Json.render(report, judgement, out)));
    }
    if !args.console.quiet {
        show(args, outcome);
    }
    saved.exit_code(code)
}

fn show(args: &RunArgs, Outcome { report, judgement, comparison }: &Outcome) {
    let channel = if args.json || args.outputs.take_stdout() { Channel::Stderr } else { Channel::Stdout };
    terminal::show(channel, args.console.no_color, |text, out| {
        text.render(report, judgement, out)?;
        let (Some(comparison), Some(name)) = (comparison, &args.verdict.baseline) else { return Ok(()) };
        writeln!(out, "\n== beside the baseline {name}\n")?;
        text.comparison(comparison, out)
    });
}

/// Keeps the run as a baseline if it passed.
fn keep(args: &RunArgs, outcome: &Outcome, saved: &mut Saved) {
    let Some(name) = &args.verdict.save_baseline else { return };
    if outcome.exit_code() != exit::PASS {
        terminal::tell(format!("loadgen: --save-baseline {name}: the run was not kept, since it did not pass"));
        return;
    }
    let kept = store::write(&name.file(args.verdict.baselines()), &outcome.report, &outcome.judgement);
    saved.note(&format!("--save-baseline {name}"), kept);
}
