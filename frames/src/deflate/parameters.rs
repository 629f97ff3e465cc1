//! What client and server agreed on.

use std::fmt;

use super::{NAME, window_bits::WindowBits};
use crate::settings::Role;

/// The parameters of a connection whose messages may be compressed (RFC 7692, section 7.1).
///
/// They display as an element of `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeflateParameters {
    /// The server compresses each message by itself.
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself.
    pub client_no_context_takeover: bool,
    /// The largest window of the server. None means [`WindowBits::MOST`].
    pub server_max_window_bits: Option<WindowBits>,
    /// The largest window of the client. None means [`WindowBits::MOST`].
    pub client_max_window_bits: Option<WindowBits>,
}

impl DeflateParameters {
    /// The largest window of what this end sends.
    pub fn window_bits(self, sender: Role) -> WindowBits {
        let agreed = match sender {
            Role::Client => self.client_max_window_bits,
            Role::Server => self.server_max_window_bits,
        };
        agreed.unwrap_or(WindowBits::MOST)
    }

    /// Whether this end compresses each message by itself.
    pub fn no_context_takeover(self, sender: Role) -> bool {
        match sender {
            Role::Client => self.client_no_context_takeover,
            Role::Server => self.server_no_context_takeover,
        }
    }
}

impl fmt::Display for DeflateParameters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NAME)?;
        for (name, bits) in [
            ("client_max_window_bits", self.client_max_window_bits),
            ("server_max_window_bits", self.server_max_window_bits),
        ] {
            if let Some(bits) = bits {
                write!(out, "; {name}={bits}")?;
            }
        }
        for (name, set) in [
            ("client_no_context_takeover", self.client_no_context_takeover),
            ("server_no_context_takeover", self.server_no_context_takeover),
        ] {
            if set {
                write!(out, "; {name}")?;
            }
        }
        Ok(())
    }
}
