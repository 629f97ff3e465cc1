//! What each command does: one file a command.

mod ab;
mod compare;
mod help;
mod notice;
mod report;
mod run;
mod search;

pub(crate) use ab::ab;
pub(crate) use compare::compare;
pub(crate) use help::help;
pub(crate) use report::report;
pub(crate) use run::run;
pub(crate) use search::search;
