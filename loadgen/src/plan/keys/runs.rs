//! Keys about what all groups share.

use std::num::{NonZeroU64, NonZeroUsize};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    value::{Number, PositiveTime, Seed, Time},
    words::{self, Condition},
};
use crate::plan::{EngineKind, Rate};

/// Keys of what all groups share. What is absent has its default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunKeys {
    /// How long the run takes.
    #[serde(flatten)]
    pub length: LengthKeys,
    /// What sends the messages.
    #[serde(flatten)]
    pub generator: GeneratorKeys,
    /// What the run is judged by.
    #[serde(flatten)]
    pub verdict: VerdictKeys,
}

/// How long a run takes.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Load")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct LengthKeys {
    /// Length of the measured phase
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<PositiveTime>,

    /// Instead of a duration: N messages of each client
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Number<NonZeroU64>>,

    /// Same load before the measured phase, not recorded
    ///
    /// Its delivery is checked all the same.
    ///
    /// [default: 1s; 0s with --messages, --stage, --ramp or --start]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Time>,

    /// Longest wait for replies after the last send
    ///
    /// What has not come by then is lost.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<Time>,
}

/// What sends the messages.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(clippy::doc_markdown)]
pub struct GeneratorKeys {
    /// Seed of the messages' bytes: the same seed sends the same bytes
    ///
    /// [default: random, printed]
    #[arg(long, value_name = "N", help_heading = "Messages", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,

    /// New connections per second, over all groups
    #[arg(long, value_name = "RATE", help_heading = "Connecting", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_rate: Option<Rate>,

    /// Worker threads
    ///
    /// [default: the cores that a server on this machine leaves, or as many as --clients needs]
    #[arg(long, value_name = "N", help_heading = "Generator", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<Number<NonZeroUsize>>,

    /// Implementation of WebSocket
    ///
    /// `lean` takes the least time and memory. `tungstenite` is an independent second opinion.
    #[arg(long, value_name = "NAME", value_parser = words::engine(), help_heading = "Generator")]
    #[arg(hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineKind>,
}

/// What a run is judged by.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Verdict")]
#[serde(default)]
#[allow(clippy::doc_markdown)]
pub struct VerdictKeys {
    /// Fail unless it holds: 'p99<5ms'; repeatable
    ///
    /// METRIC OP VALUE, such as 'p99<5ms', 'service.p99.9<2ms', 'throughput>=49000' or
    /// 'connect.p99<100ms'. A threshold that does not hold is exit code 1. `loadgen help metrics`
    /// lists the metrics.
    #[arg(long, value_name = "CONDITION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Vec<Condition>>,

    /// End the run once a threshold has been missed for this long
    ///
    /// By all that came so far, looked at every second. The result says which and when. Gates are
    /// not judged then.
    ///
    /// [default: the run goes on]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_on_miss: Option<PositiveTime>,

    /// Judge delivery and connections, not timing
    ///
    /// For tests and busy CI machines, where the generator may be late. Not with a condition on
    /// time, such as --threshold 'p99<5ms' or --baseline.
    #[arg(long, num_args = 0, default_missing_value = "true", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_delivery: Option<bool>,
}
