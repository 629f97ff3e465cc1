//! The command line: types for clap, one file a command, and how they become a [`Plan`](loadgen::plan::Plan).

mod ab;
mod compare;
mod contender;
mod course;
mod gates;
mod outputs;
mod plan;
mod report;
mod run;
mod search;
mod sources;
mod stray;
mod target;
mod values;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use loadgen::secrets::{bare, bare_header};

pub(crate) use ab::AbArgs;
pub(crate) use compare::CompareArgs;
pub(crate) use contender::{ADDRESS, Contender};
pub(crate) use outputs::{Output, Place};
pub(crate) use report::ReportArgs;
pub(crate) use run::RunArgs;
pub(crate) use search::SearchArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  loadgen --clients 1000 --rate 50                 against a reference server that it starts itself
  loadgen ws://127.0.0.1:9001 -c 100 -r 200 -d 30s --threshold 'p99<5ms'
  loadgen ws://127.0.0.1:9001 --window 16          as fast as replies allow
  loadgen ws://127.0.0.1:9001 --expect 'reply={\"a\":1,\"b\":2}' -n 5 -c 1
  loadgen ws://127.0.0.1:9001 --out new.json --html new.html
  loadgen compare old.json new.json
  loadgen ab --a 'cmd:./old --listen {addr}' --b 'cmd:./new --listen {addr}' -c 200 -d 5s
  loadgen search ws://127.0.0.1:9001 --threshold 'p99<5ms'

Exit codes:
  0 pass   1 threshold missed or regression   2 usage   3 inconclusive or incomparable
  4 delivery violation   5 invalid: the generator was the limit
  6 connections: the target was unreachable, refused or lost some   130 interrupted";

/// Load-tests a WebSocket server and accounts for every message: each send must come back as exactly one message event,
/// whole, in order, on its own connection.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
#[command(override_usage = "loadgen [OPTIONS] [URL]\n       loadgen <COMMAND>")]
#[command(subcommand_help_heading = "Commands (without one: a run)")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What is done instead of a run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Report(ReportArgs),
    Compare(CompareArgs),
    Ab(Box<AbArgs>),
    Search(Box<SearchArgs>),
    /// Ends what `ab` has started, if `ab` is killed: reads on stdin what that is.
    #[command(hide = true)]
    Guard,
}

impl Cli {
    /// What the command line asks for.
    ///
    /// # Errors
    /// It is refused, or asks for help only.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let matches = Self::matches().map_err(without_secrets)?;
        let mut cli = Self::from_arg_matches(&matches).map_err(without_secrets)?;
        if let (Some(Command::Ab(args)), Some((_, matches))) = (&mut cli.command, matches.subcommand()) {
            args.plan_options = ab::plan_options(matches);
        }
        Ok(cli)
    }

    fn matches() -> Result<ArgMatches, clap::Error> {
        let command = Self::command();
        match command.clone().try_get_matches() {
            Ok(matches) => stray::check(&command, &matches).map(|()| matches),
            Err(error) if error.use_stderr() => {
                // What a command misses may stand before it; so that comes first.
                let partial = command.clone().ignore_errors(true).try_get_matches();
                Err(partial.ok().and_then(|matches| stray::check(&command, &matches).err()).unwrap_or(error))
            }
            Err(help) => Err(help),
        }
    }
}

/// A refusal quotes the value that it is about. Of a header field and of a URL, that is too much.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let flag = argument.split_whitespace().next().unwrap_or_default();
    let shown = match flag {
        "--header" => bare_header(value),
        "--a" | "--b" => Contender::shown(value),
        "--path" => bare(value),
        _ => return error,
    };
    error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    error
}

/// A refusal in clap's shape, so that it looks like the others and exits with 2.
pub(crate) fn refuse(message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{message}\n\nFor more information, try '--help'.\n"))
}
