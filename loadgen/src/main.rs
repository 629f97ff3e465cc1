//! The command: parse, do what was asked for, exit code.

mod cli;
mod command;
mod exit;
mod export;
mod progress;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match &cli.command {
        None => command::run(&cli.run),
        Some(Command::Report(args)) => command::report(args),
        Some(Command::Compare(args)) => command::compare(args),
    };
    ExitCode::from(code.unwrap_or_else(|error| error.exit()))
}
