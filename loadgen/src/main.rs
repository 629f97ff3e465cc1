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

/// The system refused something; no verdict has this code but a missed threshold, and no run that ends so is a pass.
const FAILED: u8 = 1;
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
        Ok(report) => show(&args, &report),
        Err(error) => {
            eprintln!("loadgen: {error}");
            ExitCode::from(match error {
                RunError::Interrupted => INTERRUPTED,
                RunError::Refused(_) => USAGE,
                RunError::Unreachable { .. } => UNREACHABLE,
                RunError::System(..) => FAILED,
            })
        }
    }
}

/// Judges first, then saves and shows.
fn show(args: &Args, report: &Report) -> ExitCode {
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
        _ if report.interrupted => ExitCode::from(INTERRUPTED),
        (Ok(()), Ok(())) => ExitCode::from(judgement.verdict.exit_code()),
        _ => ExitCode::from(FAILED),
    }
}

fn print(args: &Args, report: &Report, judgement: &Judgement) -> io::Result<()> {
    let mut printed = Ok(());
    if args.json {
        printed = Json.render(report, judgement, &mut io::stdout().lock());
    }
    if !args.quiet {
        let shown = if args.json {
            text(args, report, judgement, io::stderr())
        } else {
            text(args, report, judgement, io::stdout())
        };
        printed = printed.and(shown);
    }
    // A reader that has seen enough, `head` for example, is no failure.
    printed.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
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
