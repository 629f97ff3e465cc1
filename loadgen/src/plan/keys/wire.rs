//! Keys about pings, slow readers, frames and writes.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64},
    str::FromStr,
};

use bytesize::ByteSize;
use clap::Args;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{PositiveTime, Size, text_value};
use crate::plan::{WireShape, WriteShape};

/// What connections carry besides messages, and how messages are cut.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Wire")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct WireKeys {
    /// Each client sends a ping this often, and times its pong
    ///
    /// Idle clients, too.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping: Option<PositiveTime>,

    /// Slow readers: each client reads at most so much, such as 64KiB/s
    ///
    /// What becomes of them is counted and not judged.
    #[arg(long, value_name = "BYTES/s", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<ByteRate>,

    /// Send messages in fragments of at most N bytes
    ///
    /// [default: a message is one frame]
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fragment: Option<FragmentSize>,

    /// What one write hands over: burst, frame or split=N
    ///
    /// `burst` writes all messages of a burst at once, `frame` each frame by itself, and `split=N`
    /// N bytes, wherever frames begin and end.
    ///
    /// [default: burst]
    #[arg(long, value_name = "SHAPE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_shape: Option<WriteShape>,
}

/// Bytes a second, over 0: `64KiB/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRate(pub NonZeroU64);

/// Payload bytes of a fragment: 1 to 64 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentSize(pub NonZeroU32);

text_value! {
    ByteRate: { "type": "string", "pattern": "^[0-9.]+ *([kKmMgG]?[iI]?[bB]?)?/s$" }
    FragmentSize: { "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": 64 << 20 },
        { "type": "string", "pattern": "^[0-9.]+ *([kKmM]?[iI]?[bB]?)?$" },
    ] }
    WriteShape: { "type": "string", "pattern": "^(burst|frame|split=[0-9.]+ *([kKmM]?[iI]?[bB]?)?)$" }
}

impl WireKeys {
    /// How messages are cut.
    pub(super) fn shape(&self) -> WireShape {
        let fragment = self.fragment.map(|FragmentSize(bytes)| bytes);
        WireShape { fragment, write: self.write_shape.unwrap_or_default() }
    }

    /// How often a client pings.
    pub(super) fn ping(&self) -> Option<std::time::Duration> {
        self.ping.map(|PositiveTime(ping)| ping)
    }

    /// Bytes a second that a client reads.
    pub(super) fn read(&self) -> Option<NonZeroU64> {
        self.read.map(|ByteRate(rate)| rate)
    }

    pub(super) fn of(shape: WireShape, ping: Option<std::time::Duration>, read: Option<NonZeroU64>) -> Self {
        Self {
            ping: ping.map(PositiveTime),
            read: read.map(ByteRate),
            fragment: shape.fragment.map(FragmentSize),
            write_shape: (shape.write != WriteShape::default()).then_some(shape.write),
        }
    }
}

impl FromStr for ByteRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rate = text.strip_suffix("/s").and_then(|bytes| bytes.parse::<ByteSize>().ok());
        let rate = rate.and_then(|bytes| NonZeroU64::new(bytes.as_u64()));
        rate.map(Self).ok_or_else(|| "expected bytes a second, over 0, such as 1000/s or 64KiB/s".to_owned())
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl FromStr for FragmentSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.parse::<Size>().ok().and_then(|Size(bytes)| NonZeroU32::new(bytes));
        bytes.map(Self).ok_or_else(|| "expected a number of bytes from 1 to 64MiB, such as 125 or 4KiB".to_owned())
    }
}

impl fmt::Display for FragmentSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WriteShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("split=")) {
            ("burst", _) => Ok(Self::Burst),
            ("frame", _) => Ok(Self::Frame),
            (_, Some(bytes)) => bytes.parse().map(|FragmentSize(bytes)| Self::Split(bytes)),
            _ => Err("expected burst, frame or split=N, such as split=1".to_owned()),
        }
    }
}

impl fmt::Display for WriteShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Burst => f.write_str("burst"),
            Self::Frame => f.write_str("frame"),
            Self::Split(bytes) => write!(f, "split={bytes}"),
        }
    }
}

impl Serialize for ByteRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for FragmentSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0.get())
    }
}

impl Serialize for WriteShape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_a_second_need_their_unit() {
        let rate = |text: &str| text.parse::<ByteRate>().map(|rate| rate.to_string());
        assert_eq!(rate("1KiB/s").as_deref(), Ok("1024/s"));
        assert_eq!(rate("64/s").as_deref(), Ok("64/s"));
        for wrong in ["64", "0/s", "-1/s", "/s", "64KiB/m"] {
            assert!(rate(wrong).unwrap_err().contains("such as 1000/s or 64KiB/s"), "{wrong}");
        }
    }

    #[test]
    fn a_write_has_a_shape() {
        for shape in ["burst", "frame", "split=1", "split=4096"] {
            assert_eq!(shape.parse::<WriteShape>().unwrap().to_string(), shape);
        }
        for wrong in ["", "bytes", "split=0", "split=", "split"] {
            assert!(wrong.parse::<WriteShape>().unwrap_err().starts_with("expected"), "{wrong}");
        }
    }
}
