//! The command: parse, do what was asked for, exit code.

mod ab;
mod cli;
mod command;
mod exit;
mod export;
mod progress;
mod signals;
mod terminal;

use std::process::ExitCode;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::read();
    let code = match &cli.command {
        None => command::run(&cli.run),
        Some(Command::Report(args)) => command::report(args),
        Some(Command::Compare(args)) => command::compare(args),
        Some(Command::Ab(args)) => command::ab(args),
        Some(Command::Search(args)) => command::search(args),
    };
    ExitCode::from(code.unwrap_or_else(|error| error.exit()))
}
