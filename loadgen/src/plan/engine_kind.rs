//! What moves the messages.

use std::fmt;

/// What moves the messages. The engines share how connections are opened, and no code that moves a
/// message. So each is a check on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The crate `frames` on plain sockets with an event queue of its own. Takes the least time and
    /// memory.
    #[default]
    Lean,
    /// mio and tungstenite: what tokio and tokio-tungstenite are made of.
    Tungstenite,
}

impl EngineKind {
    /// Its name on the command line and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lean => "lean",
            Self::Tungstenite => "tungstenite",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
