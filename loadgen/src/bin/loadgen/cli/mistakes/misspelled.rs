//! A command that is misspelled is a URL to clap.

use clap::{ArgMatches, Command};

use crate::cli::refusal::refuse;

/// Refuses a URL that is nearly a command.
pub(super) fn check(command: &Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some(url) = matches.get_one::<String>("url").filter(|url| url.bytes().all(|byte| byte.is_ascii_alphabetic()))
    else {
        return Ok(());
    };
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    match reports::nearest(url, commands) {
        Some(meant) => Err(refuse(format!("'{url}' is neither a URL nor a command; did you mean '{meant}'?"))),
        None => Ok(()),
    }
}
