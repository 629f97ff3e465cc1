//! What each command does: one file a command.

mod run;

pub(crate) use run::run;
