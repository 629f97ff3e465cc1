//! The keys of a plan file, which are the long options of the command line with `_` for `-`.
//!
//! ```text
//! runs.rs      keys of what all groups share: names, help, types
//! groups.rs    keys of a group; those of its connections are in connect/
//! value.rs     numbers and times, as the line and the file have them
//!   arrivals, header, sizes, sources, target, words
//! files.rs     which files the keys name
//! overlay.rs   what stands over what: group over file, command line over both
//! resolve.rs   keys become a plan, and a plan becomes keys
//! toml.rs      text becomes keys; error.rs says where it does not
//! fingerprint.rs  what processes with the same plan agree on
//! schema.rs    the JSON Schema
//! ```

mod arrivals;
mod connect;
mod content;
mod dialogue;
mod error;
mod files;
mod fingerprint;
mod groups;
mod header;
mod messages;
mod overlay;
mod resolve;
mod rooms;
mod runs;
mod schema;
mod sessions;
mod sizes;
mod sources;
mod target;
mod text_or_file;
mod toml;
mod value;
mod wire;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    arrivals::StageKey,
    connect::{
        AddressFamilyKey, CompressKey, ConnectKeys, ConnectToKey, OnOff, OriginKey, PathTemplate, ProxyKey,
        RequestKeys, ResolveKey, SecretKey, ServerNameKey, Subprotocols, TlsKey, TlsKeys,
    },
    dialogue::{AnswerKeys, CaptureKey, DialogueKeys, StepKeys},
    error::PlanFileError,
    files::{FileUse, NamedFile},
    groups::{GroupKeys, LoadKeys, OpenLoadKeys},
    header::HeaderField,
    messages::{ExpectKeys, MessageKeys},
    rooms::RoomKeys,
    runs::{GeneratorKeys, LengthKeys, RunKeys, VerdictKeys},
    schema::schema,
    sessions::{DropEvery, SessionKeys},
    sizes::{SizeDistribution, SizeRule},
    sources::Sources,
    target::TargetKey,
    text_or_file::{FileName, HexOrFile, TextOrFile},
    toml::PlanFile,
    value::{ClientRate, Number, PositiveTime, Seed, Size, Time},
    wire::{ByteRate, FragmentSize, WireKeys},
    words::{Condition, Name},
};

/// A plan file: keys of what all groups share, keys of the groups, and the groups.
///
/// Keys are the long options of the command line, with `_` in place of `-`. A key of a group that
/// stands at the top is the default of all groups. Without `[[group]]` there is one group, of the
/// keys at the top.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanKeys {
    /// What all groups share.
    #[serde(flatten)]
    pub run: RunKeys,
    /// Defaults of all groups.
    #[serde(flatten)]
    pub defaults: GroupKeys,
    /// Clients that do the same. All groups run at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<NamedGroupKeys>,
}

/// A group of a plan file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedGroupKeys {
    /// What results and thresholds call it, as in chat.p99<5ms
    ///
    /// Up to 40 letters, digits, `-` and `_`, of which the first is a letter. It is not the name of
    /// a metric.
    ///
    /// [default: main, and beside other groups group-1, group-2, ...]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The other keys.
    #[serde(flatten)]
    pub keys: GroupKeys,
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
