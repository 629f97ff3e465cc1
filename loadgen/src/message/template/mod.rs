//! Messages of the user, with `{{...}}` for what differs from message to message.

use std::{fmt, str::FromStr, sync::Arc};

use super::MessageKind;

/// A message with `{{...}}` for what differs from message to message.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    kind: MessageKind,
    bytes: Arc<[u8]>,
}

/// The error of a text that is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl Template {
    /// A binary message without substitution.
    pub fn binary(bytes: &[u8]) -> Self {
        Self { kind: MessageKind::Binary, bytes: bytes.into() }
    }

    /// Text or binary.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The text or the bytes that it was made of.
    pub fn as_written(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a message has a mark.
    pub fn has_mark(&self) -> bool {
        false
    }

    /// Bytes of the longest message, as far as that is known.
    pub fn most_bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        Ok(Self { kind: MessageKind::Text, bytes: text.as_bytes().into() })
    }
}

/// Without its text, which may hold secrets.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.bytes.len())
    }
}
