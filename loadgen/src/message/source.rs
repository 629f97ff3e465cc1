//! What the clients of a group send.

use super::Payload;

/// What the clients of a group send.
#[derive(Clone, Debug)]
pub enum Source {
    /// Generated messages.
    Generated(Payload),
}

impl From<Payload> for Source {
    fn from(payload: Payload) -> Self {
        Self::Generated(payload)
    }
}

impl Source {
    /// Generates and checks headers of this run. Marks are headers without a body.
    #[inline]
    pub fn payload(&self) -> &Payload {
        match self {
            Self::Generated(payload) => payload,
        }
    }
}
