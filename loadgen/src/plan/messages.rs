//! What the clients of a group send.

use std::sync::Arc;

use crate::message::{Mix, Template};

/// What the clients of a group send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Messages {
    /// Messages that loadgen makes up. An echo can be checked to the last bit.
    Generated {
        /// Payload size in bytes. For an echo at least `mix.min_size()`. The default is 64.
        size: u32,
        /// Text, binary or both. The default is both.
        mix: Mix,
    },
    /// Messages of these templates, in turn. There is one at least.
    Templates(Arc<[Template]>),
}

impl Default for Messages {
    fn default() -> Self {
        Self::Generated { size: 64, mix: Mix::default() }
    }
}
