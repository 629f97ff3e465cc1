//! The command: parse, run, judge, show, exit code.

mod cli;
mod progress;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use loadgen::{RunError, Stop};
use reports::render::{Json, Text};
use reports::{Judgement, Render, Report, judge, store};

use cli::Args;
use progress::Progress;

const USAGE: u8 = 2;
const UNREACHABLE: u8 = 6;
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let args = Args::parse();
    let plan = args.plan().unwrap_or_else(|error| error.exit());
    if let Some(Err(error)) = args.out.as_deref().map(store::check_writable) {
        cli::refuse(format!("--out: {error}")).exit();
    }
    let stop = stop_on_signal();
    let progress = Progress::new(plan.clients.get(), args.quiet);
    let thresholds = args.thresholds.iter().map(ToString::to_string).collect();
    let report = loadgen::run(&plan, thresholds, &stop, |snapshot| progress.show(snapshot));
    progress.clear();
    match report {
        Ok(report) => show(&args, &report).unwrap_or_else(|error| {
            eprintln!("loadgen: {error}");
            ExitCode::FAILURE
        }),
        Err(error) => {
            eprintln!("loadgen: {error}");
            ExitCode::from(match error {
                _ if stop.is_stopped() => INTERRUPTED,
                RunError::Refused(_) => USAGE,
                RunError::Unreachable { .. } => UNREACHABLE,
                RunError::System(..) => 1,
            })
        }
    }
}

/// Judges first, then shows and saves.
fn show(args: &Args, report: &Report) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let judgement = judge(report, &args.thresholds);
    if let Some(path) = &args.out {
        store::write(path, report, &judgement)?;
    }
    if args.json {
        Json.render(report, &judgement, &mut io::stdout().lock())?;
    }
    if !args.quiet {
        if args.json {
            text(args, report, &judgement, io::stderr())?;
        } else {
            text(args, report, &judgement, io::stdout())?;
        }
    }
    Ok(ExitCode::from(if report.interrupted { INTERRUPTED } else { judgement.verdict.exit_code() }))
}

fn text(args: &Args, report: &Report, judgement: &Judgement, mut out: impl Write + IsTerminal) -> io::Result<()> {
    let no_color = args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = out.is_terminal() && !no_color;
    Text { color }.render(report, judgement, &mut out)
}

/// The first signal stops the run, which then reports what it has; the second ends the process.
fn stop_on_signal() -> Stop {
    let stop = Stop::default();
    let on_signal = stop.clone();
    let handler = move || {
        if on_signal.is_stopped() {
            std::process::exit(INTERRUPTED.into());
        }
        on_signal.stop();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        eprintln!("loadgen: signals will not be handled: {error}");
    }
    stop
}
