//! `loadgen help [TOPIC]`.

use clap::{Args, Command};

use super::console::ConsoleArgs;

/// The topic that is no command.
const METRICS: &str = "metrics";

const TOPICS: [&str; 11] =
    ["run", "plan", "compare", "report", "merge", "ab", "search", "import", "kubernetes", "serve", METRICS];

/// Explain a command, or `metrics` and thresholds
#[derive(Clone, Debug, Args)]
pub(crate) struct HelpArgs {
    /// What to explain
    #[arg(value_parser = TOPICS)]
    topic: Option<String>,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

impl HelpArgs {
    /// The help of a command, or of the program, as clap returns it; none if the topic is no
    /// command.
    pub(super) fn of_a_command(&self, definition: Command) -> Option<clap::Error> {
        let topic = self.topic.as_deref();
        if topic == Some(METRICS) {
            return None;
        }
        let arguments = ["loadgen"].into_iter().chain(topic).chain(["--help"]);
        definition.try_get_matches_from(arguments).err()
    }
}
