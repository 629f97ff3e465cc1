//! What the clients of a group send.

use std::sync::Arc;

use crate::message::{Mix, Sizes, Template};

/// What the clients of a group send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Messages {
    /// Messages that loadgen makes up. An echo can be checked to the last bit.
    Generated {
        /// Payload sizes. For an echo at least `mix.min_size()` bytes. The default is 64.
        sizes: Sizes,
        /// Text, binary or both. The default is both.
        mix: Mix,
    },
    /// Messages of these templates, in turn. There is one at least.
    Templates(Arc<[Template]>),
}

impl Default for Messages {
    fn default() -> Self {
        Self::Generated { sizes: Sizes::default(), mix: Mix::default() }
    }
}
