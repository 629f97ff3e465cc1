//! Options of k6, wrk, oha and autocannon, answered with ours.

use std::{ffi::OsString, path::Path};

use clap::{
    ArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::cli::refusal::refuse;

/// An option that is not ours.
struct ForeignOption {
    names: &'static [&'static str],
    tools: &'static str,
    here: &'static str,
}

const fn option(names: &'static [&'static str], tools: &'static str, here: &'static str) -> ForeignOption {
    ForeignOption { names, tools, here }
}

/// Options whose names loadgen uses itself are left out, with the same meaning (`-c` of wrk) or
/// another.
const FOREIGN: &[ForeignOption] = &[
    option(&["--vus", "-u"], "k6's", "it is `--clients`"),
    option(&["--iterations", "-i"], "k6's", "it is `--messages`, for each client"),
    option(&["--rps"], "k6's", "it is `--rate`, for each client"),
    option(&["--summary-export"], "k6's", "it is `--out`"),
    option(&["--insecure-skip-tls-verify"], "k6's", "it is `--insecure`"),
    option(&["--user-agent"], "k6's", "it is `--header 'User-Agent: ...'`"),
    option(&["-t"], "wrk's", "it is `--threads`"),
    option(&["--latency", "-l"], "wrk's and autocannon's", "percentiles are always shown"),
    option(&["--timeout", "-T"], "wrk's", "it is `--connect-timeout`, and `--drain` for replies"),
    option(&["--script"], "wrk's", "messages are described by `--size`, `--payload` and `--expect`"),
    option(&["-R", "--overallRate"], "wrk2's and autocannon's", "it is `--rate`, for each client"),
    option(&["-z"], "oha's", "it is `--duration`"),
    option(&["--no-tui"], "oha's", "it is `--quiet`"),
    option(&["--output-format"], "oha's", "it is `--json`"),
    option(&["-p", "--pipelining"], "autocannon's", "it is `--window`"),
    option(&["-a", "--amount"], "autocannon's", "it is `--messages`, for each client"),
    option(&["--workers"], "autocannon's", "it is `--threads`"),
    option(&["-W"], "autocannon's", "it is `--warmup`"),
    option(&["-j"], "oha's and autocannon's", "it is `--json`"),
    option(&["-m", "--method"], "oha's and autocannon's", "an opening handshake is always a GET"),
    option(&["-k"], "curl's", "it is `--insecure`"),
];

/// Refuses `-q 100`, which for oha is a rate, and k6's scripts: to clap, both are a URL.
pub(super) fn check(matches: &ArgMatches, arguments: &[OsString]) -> Result<(), clap::Error> {
    let command = matches.subcommand().map_or(matches, |(_, command)| command);
    let Some(url) = command.try_get_one::<String>("url").ok().flatten() else { return Ok(()) };
    let follows_q = || arguments.windows(2).any(|pair| pair[0] == "-q" && pair[1] == url.as_str());
    let ending = if url.contains("://") { None } else { Path::new(url).extension() };
    if url.parse::<f64>().is_ok() && follows_q() {
        return Err(refuse(told("-q", "oha's", &format!("it is `--rate {url}`, for each client, and -q is --quiet"))));
    }
    if ending.is_some_and(|ending| ending == "js" || ending == "ts") {
        let here = "here `--size`, `--payload` and `--expect` describe messages, and a URL names the server";
        return Err(refuse(format!("a script is k6's; {here}")));
    }
    Ok(())
}

/// What to say of an option that clap does not know, or of a value that belongs to another tool's
/// option.
pub(super) fn explain(arguments: &[OsString], error: &clap::Error) -> Option<clap::Error> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let flag = text(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            find(flag)?;
            // All of them at once: one is seldom alone.
            let all = arguments.iter().filter_map(|argument| find(argument.to_str()?));
            let mut told: Vec<_> = all.map(|(name, option)| told(name, option.tools, option.here)).collect();
            told.dedup();
            Some(refuse(told.join("\n       ")))
        }
        ErrorKind::ValueValidation
            if flag.starts_with("--size") && text(ContextKind::InvalidValue).contains(".lua") =>
        {
            let here = "it is `--size`; `--payload` and `--expect` describe messages, too";
            Some(refuse(told("-s", "wrk's", here)))
        }
        _ => None,
    }
}

fn told(name: &str, tools: &str, here: &str) -> String {
    format!("`{name}` is {tools}; here {here}")
}

/// The option that an argument is, under the name that it uses.
fn find(argument: &str) -> Option<(&'static str, &'static ForeignOption)> {
    let is_it = |name: &str| match argument.strip_prefix(name) {
        Some(rest) => {
            rest.is_empty() || rest.starts_with('=') || (!name.starts_with("--") && !argument.starts_with("--"))
        }
        None => false,
    };
    FOREIGN.iter().find_map(|option| Some((*option.names.iter().find(|name| is_it(name))?, option)))
}
