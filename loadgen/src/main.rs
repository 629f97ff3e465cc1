//! The command: parse, do what was asked for, exit code.

mod cli;
mod command;
mod exit;
mod progress;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = command::run(&cli.run);
    ExitCode::from(code.unwrap_or_else(|error| error.exit()))
}
