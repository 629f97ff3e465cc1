//! Keys about what the clients of a group do.

use std::num::NonZeroU32;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arrivals::StageKey,
    connect::{ConnectKeys, RequestKeys, TlsKeys},
    dialogue::DialogueKeys,
    messages::{ExpectKeys, MessageKeys},
    rooms::RoomKeys,
    sessions::SessionKeys,
    target::TargetKey,
    value::{ClientRate, Number, Time},
    wire::WireKeys,
};
use crate::plan::Spacing;

/// Keys of a group. What is absent has its default.
#[allow(clippy::doc_markdown, rustdoc::broken_intra_doc_links)] // Help is no Markdown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupKeys {
    /// Server to test, as ws://HOST[:PORT][/PATH] or wss://...; or a list
    ///
    /// Clients take the servers of a list in turn.
    ///
    /// [default: a reference server that loadgen starts on a free loopback port]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetKey>,
    /// When its clients send.
    #[serde(flatten)]
    pub load: LoadKeys,
    /// How messages are due that are so at set times.
    #[serde(flatten)]
    pub open: OpenLoadKeys,
    /// What they send.
    #[serde(flatten)]
    pub message: MessageKeys,
    /// What must come back.
    #[serde(flatten)]
    pub expect: ExpectKeys,
    /// What they say besides.
    #[serde(flatten)]
    pub dialogue: DialogueKeys,
    /// Who hears whom.
    #[serde(flatten)]
    pub rooms: RoomKeys,
    /// How they come and go.
    #[serde(flatten)]
    pub sessions: SessionKeys,
    /// Pings, slow readers, frames and writes.
    #[serde(flatten)]
    pub wire: WireKeys,
    /// Which way their connections take.
    #[serde(flatten)]
    pub connect: ConnectKeys,
    /// What their opening handshakes ask for.
    #[serde(flatten)]
    pub request: RequestKeys,
    /// TLS.
    #[serde(flatten)]
    pub tls: TlsKeys,
}

/// How many clients there are, and when they send.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Load")]
#[serde(default)]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub struct LoadKeys {
    /// Concurrent connections
    #[arg(short, long, alias = "connections", value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Number<NonZeroU32>>,

    /// Messages per second of each client
    ///
    /// They are due whether or not replies came: a slow server does not slow the load down. With 0,
    /// clients only listen.
    #[arg(short, long, value_name = "RATE", conflicts_with = "window")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<ClientRate>,

    /// Instead of a rate: FROM..TO@TIME; repeatable
    ///
    /// Or RATE@TIME. Stages follow each other from the start of the measured phase. In each the
    /// rate of a client rises or falls evenly. The last ends the run, unless --duration does in a
    /// plan file. The warm-up is 0s unless given, and has the rate that the first stage begins
    /// with.
    #[arg(long, value_name = "STAGE", conflicts_with_all = ["rate", "window", "duration", "messages"])]
    #[arg(allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Vec<StageKey>>,

    /// Messages that are due together
    ///
    /// A client sends RATE/N bursts a second, evenly spread over the clients.
    #[arg(short, long, value_name = "N", hide_short_help = true, conflicts_with = "window")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<Number<NonZeroU32>>,

    /// Instead of a rate: N messages in flight per client
    ///
    /// A client sends the next message as soon as a reply comes.
    #[arg(short, long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Number<NonZeroU32>>,

    /// Wait this long after a reply before the next message
    ///
    /// With --window.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think: Option<Time>,
}

/// How messages are due in any load with a rate.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Load")]
#[serde(default)]
pub struct OpenLoadKeys {
    /// Messages in flight per client at most
    ///
    /// Messages that are due beyond it are dropped and counted.
    #[arg(long, value_name = "N", conflicts_with = "window", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<Number<NonZeroU32>>,

    /// How the bursts of a client are spaced: even, poisson
    ///
    /// With `poisson`, gaps are random as those of users that know nothing of each other are, with
    /// the same rate on average. The seed decides them.
    ///
    /// [default: even]
    #[arg(long, value_name = "SPACING", conflicts_with = "window", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Spacing>,
}
