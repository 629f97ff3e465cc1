//! Options of a run before a command, where they would mean nothing, and a command as the value of
//! an option.

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

use crate::cli::refusal::refuse;

/// Refuses them by name. clap itself would take the command for the URL of a run, and blame what
/// comes after it.
pub(super) fn check(cli: &Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let named = matches.subcommand_name().and_then(|name| Some((name, cli.find_subcommand(name)?)));
    let Some((name, command)) = named else { return check_out(cli, matches) };
    let given = |argument: &&Arg| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine);
    let (own, others): (Vec<&Arg>, Vec<&Arg>) = cli.get_arguments().filter(given).partition(|arg| takes(command, arg));
    let mut remedies = Vec::new();
    if !own.is_empty() {
        remedies.push(format!("put {} after it", list(&own)));
    }
    if !others.is_empty() {
        remedies.push(format!("leave out {}, which `{name}` does not take", list(&others)));
    }
    if remedies.is_empty() {
        return Ok(());
    }
    let all = list(&[own, others].concat());
    Err(refuse(format!("{all}: before the command `{name}`, where nothing may stand; {}", remedies.join(", and "))))
}

/// Refuses `-o report result.json`, where the command is taken for the file of the result.
fn check_out(cli: &Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let out = matches.get_raw("out").and_then(|mut values| values.next()?.to_str()).unwrap_or_default();
    let is_a_command = cli.get_subcommands().any(|command| command.get_name() == out);
    if is_a_command && matches.get_one::<String>("url").is_some_and(|url| !url.contains("://")) {
        return Err(refuse(format!(
            "--out {out}: `{out}` is the name of the result's file here, and no command; put the command first: loadgen \
             {out} ..."
        )));
    }
    Ok(())
}

/// Whether a command has such an argument, and does not have it only to refuse it.
fn takes(command: &Command, argument: &Arg) -> bool {
    let alike = |other: &Arg| match argument.get_long() {
        Some(long) => other.get_long() == Some(long),
        None => other.get_id() == argument.get_id(),
    };
    command.get_arguments().any(|other| alike(other) && !other.is_hide_set())
}

/// Their names. Values may be secrets.
fn list(arguments: &[&Arg]) -> String {
    let name = |argument: &&Arg| match argument.get_long() {
        Some(long) => format!("--{long}"),
        None => "URL".to_owned(),
    };
    arguments.iter().map(name).collect::<Vec<_>>().join(" and ")
}
