//! A group of clients that do the same.

use std::num::NonZeroU32;

use reports::{metric::GroupName, model::Expect};

use super::{connect::Connect, load::Load, target::Target};
use crate::message::Mix;

/// A group of clients that do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What results and thresholds call it. The default is `main`.
    pub name: GroupName,
    /// The server under test. By default the run starts one.
    pub target: Target,
    /// How connections are opened.
    pub connect: Connect,
    /// Concurrent connections. The default is 100.
    pub clients: NonZeroU32,
    /// When a client sends. The default is the open model with 50 messages a second.
    pub load: Load,
    /// Payload size in bytes. With [`Expect::Echo`] at least `mix.min_size()`. The default is 64.
    pub size: u32,
    /// Text, binary or both. The default is both.
    pub mix: Mix,
    /// What a message must bring back. The default is the message itself.
    pub expect: Expect,
}

impl Group {
    /// Messages per second of all its clients, if the load plans that.
    pub fn rate(&self) -> Option<f64> {
        Some(self.load.rate()?.per_second() * f64::from(self.clients.get()))
    }
}

impl Default for Group {
    fn default() -> Self {
        Self {
            name: GroupName::default(),
            target: Target::default(),
            connect: Connect::default(),
            clients: NonZeroU32::new(100).expect("over 0"),
            load: Load::default(),
            size: 64,
            mix: Mix::default(),
            expect: Expect::default(),
        }
    }
}
