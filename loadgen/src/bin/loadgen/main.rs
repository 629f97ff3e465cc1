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

use cli::Command;
use failure::Failure;

fn main() -> ExitCode {
    program::tell_panics("loadgen");
    let done = Command::read().map_err(Failure::from).and_then(|command| execute(&command));
    ExitCode::from(done.unwrap_or_else(|failure| failure.tell()))
}

fn execute(command: &Command) -> Result<u8, Failure> {
    match command {
        Command::Run(args) => command::run(args),
        Command::Report(args) => command::report(args),
        Command::Compare(args) => command::compare(args),
        Command::Ab(args) => command::ab(args),
        Command::Search(args) => command::search(args),
        Command::Help(args) => command::help(args),
        Command::Guard => {
            ab::watch(std::io::stdin().lock());
            Ok(0)
        }
    }
}
