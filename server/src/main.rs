//! The `server` command: parse, serve, exit code.

use std::process::ExitCode;

use clap::Parser;
use server::command::{ServerArgs, serve};

fn main() -> ExitCode {
    program::run("server", || serve(ServerArgs::try_parse()?))
}
