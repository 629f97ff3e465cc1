//! The command: parse, do what was asked for, exit code.

mod ab;
mod cli;
mod command;
mod exit;
mod export;
mod failure;
mod progress;
mod signals;
mod terminal;

use std::process::ExitCode;

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    program::tell_panics("loadgen");
    let done = Cli::read().map_err(Failure::from).and_then(|cli| execute(&cli));
    ExitCode::from(done.unwrap_or_else(|failure| failure.tell()))
}

fn execute(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        None => command::run(&cli.run),
        Some(Command::Report(args)) => command::report(args),
        Some(Command::Compare(args)) => command::compare(args),
        Some(Command::Ab(args)) => command::ab(args),
        Some(Command::Search(args)) => command::search(args),
        Some(Command::Guard) => {
            ab::watch(std::io::stdin().lock());
            Ok(0)
        }
    }
}
