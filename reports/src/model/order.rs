//! Whether replies may overtake each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether replies may overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A reply that was overtaken is reordered.
    #[default]
    Keep,
    /// Replies may come in any order.
    Any,
}

impl Order {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Keep, Self::Any];

    /// Its name on the command line and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Any => "any",
        }
    }
}
