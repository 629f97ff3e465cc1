//! The command: parse, do what was asked for, exit code.

mod ab;
mod cli;
mod command;
mod command_error;
mod export;
mod progress;
mod signals;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run("loadgen", || command::execute(&cli::Command::read()?))
}
