//! The `server` command: parse, serve, exit code.

mod cli;
mod log_writer;
mod serve;
mod serve_error;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    program::run("server", || serve::serve(cli::ServerArgs::try_parse()?))
}
