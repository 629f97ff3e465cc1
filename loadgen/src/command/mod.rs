//! What each command does: one file a command.

mod ab;
mod compare;
mod report;
mod run;

pub(crate) use ab::ab;
pub(crate) use compare::compare;
pub(crate) use report::report;
pub(crate) use run::run;
