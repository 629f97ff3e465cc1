//! The `server` command: parse, serve, exit code.

mod cli;
mod failure;
mod log_writer;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    program::run("server", || serve::serve(cli::Args::try_parse()?))
}
