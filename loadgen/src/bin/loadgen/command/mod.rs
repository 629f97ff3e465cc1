//! What each command does: one file a command.

mod ab;
mod compare;
mod help;
mod import;
mod kubernetes;
mod merge;
mod plan;
mod public_target;
mod report;
mod run;
mod search;
mod serve;
mod shared_rows;

use std::io;

use program::Exit;

use crate::{ab::end_what_is_left, cli::Command, command_error::CommandError};

/// Does what the command line asks for; how the process ends.
pub(crate) fn execute(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Run(args) => run::run(args),
        Command::CheckPlan(args) => plan::plan(args),
        Command::Report(args) => report::report(args),
        Command::Merge(args) => merge::merge(args),
        Command::Compare(args) => compare::compare(args),
        Command::Ab(args) => ab::ab(args),
        Command::Search(args) => search::search(args),
        Command::Import(args) => import::import(args),
        Command::Kubernetes(args) => kubernetes::kubernetes(args),
        Command::Serve(args) => serve::serve(args),
        Command::Help(args) => help::help(args),
        Command::Cleanup => {
            end_what_is_left(io::stdin().lock());
            Ok(Exit::Pass)
        }
    }
}
