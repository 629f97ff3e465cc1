//! Keys about what is sent, and what must come back.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    sizes::{SizeDistribution, SizeRule},
    text_or_file::{FileName, HexOrFile, TextOrFile},
    words,
};
use crate::{
    message::Mix,
    plan::{Expect, Order, Pattern},
};

/// What is sent.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Messages")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct MessageKeys {
    /// Size of messages: 64, 64..4KiB or edges
    ///
    /// An echo needs 53 bytes, or 28 with `--payload binary`: the header by which it is told. With
    /// `--expect count` or `--expect reply=TEXT` any size will do, from 0 on. Each size of a range
    /// is as likely as the others. `edges` are the sizes at which frames and buffers change their
    /// form, in turn: 125, 126, 65535, 65536 and the like.
    #[arg(short, long, value_name = "BYTES", conflicts_with_all = ["message", "message_hex"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeRule>,

    /// Instead of a size: quantiles of the sizes, such as p50=200,p99=8KiB
    ///
    /// Between two, the logarithm of the size is evenly distributed; so it is from the smallest
    /// size to the first, and from the last to twice its size. p0 and p100 are bounds.
    #[arg(long, value_name = "QUANTILES", hide_short_help = true)]
    #[arg(conflicts_with_all = ["size", "message", "message_hex"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_dist: Option<SizeDistribution>,

    /// Kind of messages
    ///
    /// `mixed` alternates between text and binary. An echo must keep the kind.
    #[arg(long, value_name = "KIND", value_parser = words::mix(), hide_short_help = true)]
    #[arg(conflicts_with_all = ["message", "message_hex"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Mix>,

    /// Your own message, TEXT or @FILE; repeatable
    ///
    /// Several are sent in turn. {{mark}} is a mark by which loadgen knows the message again,
    /// {{id}} a number of its own. Also {{client}}, {{sequence}}, {{unix_ms}}, {{uuid}},
    /// {{random:N}}, and the columns of --data. {{{{ is {{, and @@ at the beginning is @.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "message_hex")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Vec<TextOrFile>>,

    /// Your own binary message, in hexadecimal digits or @FILE; repeatable, sent in turn
    ///
    /// @FILE sends the bytes of a file. Nothing is substituted.
    #[arg(long, value_name = "HEX", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_hex: Option<Vec<HexOrFile>>,

    /// Values for {{...}}: a .csv file with a header row, or a .jsonl file
    ///
    /// A client has a row, in turn. Columns can stand in messages, URL, header fields, steps of
    /// joining, answers and rooms.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<FileName>,
}

/// What must come back.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Messages")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct ExpectKeys {
    /// Expected reply: echo, mark, id=POINTER, broadcast, ...
    ///
    /// `echo` is the same message. `mark` is an event that holds its {{mark}}, wherever, and
    /// `id=/a/b` one with its {{id}} at this JSON pointer; `id=~REGEX` finds it in the first group.
    /// `count` is one event, whatever it holds, and `reply=TEXT` this text. `broadcast` is an event
    /// with its mark at each member of the room. `sequence=POINTER` is for pushes of the server
    /// with numbers in a row, and --rate 0.
    ///
    /// [default: echo, or mark where every --message has {{mark}}]
    #[arg(long, value_name = "WHAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,

    /// Whether replies may overtake each other: keep, any
    ///
    /// [default: any with --expect id, else keep]
    #[arg(long, value_name = "ORDER", value_parser = words::order(), hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,

    /// A reply is several events, and the one that matches is its last
    ///
    /// With --expect id or count.
    #[arg(long, value_name = "REGEX", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Pattern>,

    /// An event may hold several replies
    #[arg(long, num_args = 0, default_missing_value = "true", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batched: Option<bool>,
}
