//! Mistakes in the command line that deserve a better explanation than clap's.
//!
//! ```text
//! foreign.rs      options of other load generators
//! misplaced.rs    options before a command, commands after an option
//! misspelled.rs   commands with a letter too many or too few
//! ```

mod foreign;
mod misplaced;
mod misspelled;

use std::ffi::OsString;

use clap::{ArgMatches, Command};

/// Refuses command lines that clap accepts although they can't be meant.
pub(super) fn check(command: &Command, matches: &ArgMatches, arguments: &[OsString]) -> Result<(), clap::Error> {
    misplaced::check(command, matches)?;
    foreign::check(matches, arguments)?;
    misspelled::check(command, matches)
}

/// What to say of a command line that clap refuses.
pub(super) fn explain(command: &Command, arguments: &[OsString], error: clap::Error) -> clap::Error {
    // Arguments that a command misses may stand before it, so that is checked first.
    let partial = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok();
    let mistake = partial.and_then(|matches| check(command, &matches, arguments).err());
    mistake.or_else(|| foreign::explain(arguments, &error)).unwrap_or(error)
}
