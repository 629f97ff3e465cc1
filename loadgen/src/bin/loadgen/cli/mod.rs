//! The command line: types for clap, one file a command, and how they become a
//! [`Plan`](loadgen::plan::Plan).

mod ab;
mod check_plan;
mod compare;
mod console;
mod gates;
mod help;
mod import;
mod kubernetes;
mod merge;
mod mistakes;
mod outputs;
mod plan;
mod refusal;
mod report;
mod run;
mod search;
mod server_choice;
mod shard;
mod target;
mod values;

use std::{env, ffi::OsString};

use clap::{
    ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::styling::{AnsiColor, Styles},
    error::{ContextKind, ContextValue},
};
use loadgen::secrets::{HIDDEN, bare, bare_header};
use server::command::ServerArgs;

pub(crate) use self::{
    ab::AbArgs,
    check_plan::CheckPlanArgs,
    compare::CompareArgs,
    console::ConsoleArgs,
    help::HelpArgs,
    import::ImportArgs,
    kubernetes::KubernetesArgs,
    merge::MergeArgs,
    outputs::{Destination, Output},
    refusal::refuse,
    report::ReportArgs,
    run::RunArgs,
    search::SearchArgs,
    server_choice::{ADDRESS, ServerChoice},
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const MORE: &str = "\
All options, examples and exit codes: loadgen --help
Metrics and how thresholds are written: loadgen help metrics";

const EXAMPLES: &str = "\
Examples:
  loadgen --clients 1000 --rate 50                 against a reference server that it starts itself
  loadgen ws://127.0.0.1:9001 -c 100 -r 200 -d 30s --threshold 'p99<5ms'
  loadgen ws://127.0.0.1:9001 --window 16          as fast as replies come
  loadgen ws://127.0.0.1:9001 --expect 'reply={\"a\":1,\"b\":2}' -n 5 -c 1
  loadgen ws://127.0.0.1:9001 --out new.json --html new.html
  loadgen plan.toml --duration 1m                  a plan file, with another length
  loadgen compare old.json new.json
  loadgen merge shard-*.json --out whole.json
  loadgen ab --a 'cmd:./old --listen {addr}' --b 'cmd:./new --listen {addr}' -c 200 -d 5s
  loadgen search ws://127.0.0.1:9001 --threshold 'p99<5ms'
  loadgen import page.har --out plan.toml          a plan from what a browser recorded
  loadgen kubernetes --shards 20 --image IMAGE plan.toml > job.yaml
  loadgen serve --listen :9001 --delay 5ms         the reference server alone

Numbers: 500, 10k, 1m. Times: 500ms, 10s, 2m. Sizes: 64, 1000, 4KiB.
An option that is given twice has its last value, unless it is repeatable.

Exit codes:
  0 pass   1 threshold missed or regression   2 usage   3 inconclusive or incomparable
  4 delivery violation   5 invalid: the generator was the limit
  6 connections: the target was unreachable, refused or lost some   130 interrupted";

/// Load-test a WebSocket server and account for every message
///
/// Each send must come back as exactly one message event, whole, in order, on its own connection.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, after_help = MORE, after_long_help = EXAMPLES, max_term_width = 100)]
#[command(override_usage = "loadgen [run] [OPTIONS] [URL]...\n       loadgen <COMMAND> [OPTIONS]")]
#[command(args_override_self = true, disable_help_subcommand = true, disable_version_flag = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    run: RunArgs,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Output")]
    version: Option<bool>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Box<RunArgs>),
    #[command(name = "plan")]
    CheckPlan(Box<CheckPlanArgs>),
    Compare(CompareArgs),
    Report(ReportArgs),
    Merge(MergeArgs),
    Ab(Box<AbArgs>),
    Search(Box<SearchArgs>),
    Import(ImportArgs),
    Kubernetes(Box<KubernetesArgs>),
    Serve(Box<ServerArgs>),
    Help(HelpArgs),
    /// End what `ab` has started, if `ab` is killed: reads on stdin what that is
    #[command(hide = true)]
    Cleanup,
}

impl Command {
    /// What the command line asks for.
    ///
    /// # Errors
    /// It is refused, or asks for help only.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let arguments: Vec<_> = env::args_os().collect();
        let matches = matches(&arguments).map_err(without_secrets)?;
        let Cli { command, run, .. } = Cli::from_arg_matches(&matches).map_err(without_secrets)?;
        let command = command.unwrap_or_else(|| Self::Run(Box::new(run)));
        match &command {
            Self::Help(args) => args.of_a_command(plan::with_defaults(definition())).map_or(Ok(command), Err),
            _ => Ok(command),
        }
    }
}

/// The command line as clap knows it.
fn definition() -> clap::Command {
    // A number that is refused deserves our words, not those about an unknown option `-1`.
    let with_negative_numbers = |command: clap::Command| {
        command.mut_args(|arg| {
            let is_switch = arg.get_num_args().is_some_and(|number| !number.takes_values());
            let takes = arg.get_action().takes_values() && !arg.is_positional() && !is_switch;
            arg.allow_negative_numbers(takes)
        })
    };
    // Those have so few options that none needs to be hidden.
    let in_full = |command: clap::Command| command.mut_args(|arg| arg.hide_short_help(false));
    with_negative_numbers(Cli::command())
        .mut_subcommands(with_negative_numbers)
        .mut_subcommand("compare", in_full)
        .mut_subcommand("report", in_full)
        .mut_subcommand("merge", in_full)
        .mut_subcommand("import", in_full)
        .mut_subcommand("search", search::without_plan_file)
}

/// What clap makes of the arguments, or what is wrong with them.
fn matches(arguments: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let command = definition();
    match command.clone().try_get_matches_from(arguments) {
        Ok(matches) => mistakes::check(&command, &matches, arguments).map(|()| matches),
        Err(error) if error.use_stderr() => Err(mistakes::explain(&command, arguments, error)),
        // Only the help shows defaults.
        Err(_) => plan::with_defaults(command).try_get_matches_from(arguments),
    }
}

/// A refusal quotes the value that it is about. Of a header field and of a URL, that is too much.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    if value.is_empty() {
        return error;
    }
    let flag = argument.split_whitespace().next().unwrap_or_default();
    let shown = match flag {
        "--header" => bare_header(value),
        "--basic-auth" | "--bearer" | "--proxy-auth" => HIDDEN.to_owned(),
        "--a" | "--b" => ServerChoice::shown(value),
        "--path" => bare(value),
        _ => return error,
    };
    error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    error
}
