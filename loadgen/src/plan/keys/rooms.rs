//! Keys about rooms.

use std::num::NonZeroU32;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{text_or_file::TextOrFile, value::Number, words};
use crate::plan::OwnCopy;

/// Who hears whom, with --expect broadcast.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Rooms")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct RoomKeys {
    /// Clients in a room, with --expect broadcast
    ///
    /// The first N clients are in room 0, and so on. {{room}} is the number. Groups share rooms of
    /// the same number.
    #[arg(long, value_name = "N", conflicts_with = "room", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_size: Option<Number<NonZeroU32>>,

    /// Name of a client's room, such as '{{room}}' for a column of --data
    ///
    /// Clients with the same name are in one room, over all groups.
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<TextOrFile>,

    /// Clients of a room that send; the others listen
    ///
    /// 0 if another group sends.
    ///
    /// [default: all]
    #[arg(long, value_name = "N", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publishers: Option<u32>,

    /// What the server does with a sender's own copy: expect, refuse, allow
    ///
    /// With `expect` the sender must receive its message, with `refuse` it must not.
    ///
    /// [default: expect]
    #[arg(long, value_name = "COPY", value_parser = words::own_copy(), hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnCopy>,

    /// A client that was away must still hear what was due meanwhile
    ///
    /// What it hears later is counted as replayed.
    #[arg(long, num_args = 0, default_missing_value = "true", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable: Option<bool>,
}
