//! `loadgen import`: what a browser recorded becomes a plan file.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use loadgen::plan::keys::Number;
use reports::store;

use super::{Destination, console::ConsoleArgs, refusal::refuse};

/// Make a plan file of what a browser recorded
///
/// Reads the WebSocket connections of a HAR file and writes a first guess at a plan: target, header
/// fields, messages, what joins, what answers heartbeats, and which events are no replies. Chrome
/// and Edge save messages in HAR files, and so do Playwright, mitmproxy and HTTP Toolkit. Firefox
/// does not.
///
/// Columns of a data file stand in place of header values, of the URL's query, and of what looks
/// like a secret in messages. Messages may hold more secrets.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImportArgs {
    /// Recording, as HAR 1.2
    #[arg(value_name = "HAR")]
    pub(crate) recording: PathBuf,

    /// Save the plan, and beside it a .csv file to be filled in
    ///
    /// A .csv file that is there stays as it is. Without --out, the plan goes to stdout.
    #[arg(long, value_name = "FILE", default_value = "-", hide_default_value = true, help_heading = "Output")]
    pub(crate) out: Destination,

    /// Take one connection, counted from 1 in the order of the file
    ///
    /// Without it, each connection with messages is a group.
    #[arg(long, value_name = "N")]
    pub(crate) entry: Option<Number<NonZeroUsize>>,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

impl ImportArgs {
    /// Finds out whether the plan can be written, before the recording is read.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        let Destination::File(path) = &self.out else { return Ok(()) };
        if path.extension().is_none_or(|extension| extension != "toml") {
            return Err(refuse(format!(
                "--out {}: the name of a plan file ends in .toml: `loadgen run` tells it by that",
                path.display()
            )));
        }
        store::check_writable(path).map_err(|error| refuse(format!("--out {error}")))
    }

    /// The data file beside the plan.
    pub(crate) fn data(&self) -> PathBuf {
        match &self.out {
            Destination::Stdout => "data.csv".into(),
            Destination::File(path) => path.with_extension("csv"),
        }
    }
}
