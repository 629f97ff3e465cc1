//! `loadgen run [URL]`: run, judge, compare, save, show.

use loadgen::Run;
use program::Exit;
use reports::{
    Judgement, Render, Report,
    compare::{CompareOptions, Comparison, compare},
    gate::Gate,
    human, judge,
    render::comparison::RenderComparison,
    store,
};

use super::{public_target, shared_rows};
use crate::{
    cli::{self, Destination, RunArgs},
    command_error::CommandError,
    export::{Saved, put},
    progress::Progress,
    signals::{self, stop_on_signal},
    terminal,
};

/// Runs a plan; how the process ends.
pub(super) fn run(args: &RunArgs) -> Result<Exit, CommandError> {
    let plan = args.plan()?;
    args.check(&plan)?;
    let gates = args.verdict.gates(&plan)?;
    let baseline = baseline(args)?;
    // Draining may take long, and nobody has to wait for it.
    let stop = stop_on_signal(|| Exit::Interrupted.now());
    public_target::warn(&args.console, &plan, None);
    shared_rows::warn(&args.console, &plan);
    let mut progress = Progress::new(plan.clients_here().get(), args.console.quiet);
    let report = Run::of(&plan).stopped_by(&stop).observed_by(&mut progress).start();
    progress.clear();
    tell_who_did_not_wait(args, progress.ended_while_waiting());
    let report = report?;
    let judgement = judge(&report, &plan.run().thresholds);
    let comparison = baseline.map(|baseline| against(args, &gates, baseline, &report));
    Ok(finish(args, &JudgedRun { report, judgement, comparison }))
}

/// Tells that connections ended while clients waited for a planned start, and what helps.
fn tell_who_did_not_wait(args: &RunArgs, ended: u64) {
    if ended > 0 && !args.console.quiet {
        let connections = if ended == 1 { "connection" } else { "connections" };
        terminal::tell(format!(
            "loadgen: {} {connections} ended while the run waited for its start; servers may end idle ones, and --ping \
             keeps them busy",
            human::count(ended)
        ));
    }
}

/// A run with its verdicts.
struct JudgedRun {
    report: Report,
    judgement: Judgement,
    comparison: Option<Comparison>,
}

impl JudgedRun {
    fn exit(&self) -> Exit {
        let verdict = self.judgement.verdict.exit();
        let ended = if self.report.interrupted { Exit::Interrupted } else { verdict };
        let compared = self.comparison.as_ref().map_or(verdict, |comparison| comparison.verdict.exit());
        verdict.or_worse(ended).or_worse(compared)
    }
}

/// The baseline to compare with, if one is named. Errors of reading and saving baselines are found
/// before the run.
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

/// Saves, files first, and shows; how the process ends. What has failed does not become a baseline.
fn finish(args: &RunArgs, outcome: &JudgedRun) -> Exit {
    let JudgedRun { report, judgement, .. } = outcome;
    let exit = outcome.exit();
    signals::over(exit);
    let mut saved = Saved::default();
    if let Some(path) = &args.out {
        saved.note("--out", store::write(path, report, judgement));
    }
    keep(args, outcome, &mut saved);
    saved.save(&args.outputs.of_run(), |format, out| format.render(report, judgement, out));
    if let Some(json) = args.json.format() {
        saved.note("--json", put(&Destination::Stdout, |out| json.render(report, judgement, out)));
    }
    show(args, outcome);
    saved.exit(exit)
}

fn show(args: &RunArgs, JudgedRun { report, judgement, comparison }: &JudgedRun) {
    terminal::show(&args.console, args.json.is_given() || args.outputs.take_stdout(), |text, out| {
        text.render(report, judgement, out)?;
        let (Some(comparison), Some(name)) = (comparison, &args.verdict.baseline) else { return Ok(()) };
        writeln!(out, "\n== beside the baseline {name}\n")?;
        text.comparison(comparison, out)
    });
}

/// Keeps the run as a baseline if it passed.
fn keep(args: &RunArgs, outcome: &JudgedRun, saved: &mut Saved) {
    let Some(name) = &args.verdict.save_baseline else { return };
    if outcome.exit() != Exit::Pass {
        terminal::tell(format!("loadgen: --save-baseline {name}: the run was not kept, since it did not pass"));
        return;
    }
    let kept = store::write(&name.file(args.verdict.baselines()), &outcome.report, &outcome.judgement);
    saved.note(&format!("--save-baseline {name}"), kept);
}
