//! What is printed beside results: the options that all commands share.

use clap::{ArgAction, Args};

/// How much is printed, and in which colors.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output", disable_help_flag = true)]
#[allow(clippy::doc_markdown)]
pub(crate) struct ConsoleArgs {
    /// Print neither progress nor report
    ///
    /// The exit code tells the verdict.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Print without colors
    ///
    /// The variable NO_COLOR does the same.
    #[arg(long, hide_short_help = true)]
    pub(crate) no_color: bool,

    /// Print help (see a summary with '-h')
    #[arg(short, long, action = ArgAction::Help, help = "Print help (see more with '--help')")]
    help: Option<bool>,
}
