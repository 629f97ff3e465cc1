//! What a client offers.

use std::fmt;

use super::{NAME, parameter_error::ParameterError, parameters::DeflateParameters, window_bits::WindowBits};
use crate::extension::{Extension, ExtensionParameter};

/// An offer of compression (RFC 7692, section 7.1).
///
/// It displays as an element of `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeflateOffer {
    /// The server must compress each message by itself: section 7.1.1.1.
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself, whatever the server answers: section 7.1.1.2.
    pub client_no_context_takeover: bool,
    /// The largest window of the server: section 7.1.2.1.
    pub server_max_window_bits: Option<WindowBits>,
    /// Whether the server may choose the window of the client: section 7.1.2.2.
    pub client_max_window_bits: WindowParameter,
}

/// A parameter for the size of a window, such as `client_max_window_bits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WindowParameter {
    /// It is absent. In an offer: the server must not choose the window.
    #[default]
    Absent,
    /// It has no value. In an offer: the server may choose any window.
    Any,
    /// It has this value. In an offer: the client uses no larger window, whatever the server
    /// answers.
    AtMost(WindowBits),
}

impl DeflateOffer {
    /// Reads the offer of this extension.
    pub(crate) fn read(extension: &Extension) -> Result<Self, ParameterError> {
        let Parameters { server_no_context_takeover, client_no_context_takeover, server_window, client_window } =
            Parameters::read(&extension.parameters)?;
        let server_max_window_bits = match server_window {
            WindowParameter::Absent => None,
            WindowParameter::Any => return Err(ParameterError::Value),
            WindowParameter::AtMost(bits) => Some(bits),
        };
        Ok(Self {
            server_no_context_takeover,
            client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits: client_window,
        })
    }

    /// Reads a server's answer to this offer. What the client declared by its offer holds as well.
    pub(crate) fn agreed(self, answer: &Extension) -> Result<DeflateParameters, ParameterError> {
        use WindowParameter::{Absent, Any, AtMost};
        let said = Parameters::read(&answer.parameters)?;
        if self.server_no_context_takeover && !said.server_no_context_takeover {
            return Err(ParameterError::ServerContext);
        }
        let server_max_window_bits = match (self.server_max_window_bits, said.server_window) {
            (_, Any) => return Err(ParameterError::Value),
            (Some(_), Absent) => return Err(ParameterError::ServerWindowAbsent),
            (Some(most), AtMost(bits)) if bits > most => return Err(ParameterError::ServerWindowLarger),
            (_, AtMost(bits)) => Some(bits),
            (None, Absent) => None,
        };
        let client_max_window_bits = match (self.client_max_window_bits, said.client_window) {
            (Absent, Any | AtMost(_)) => return Err(ParameterError::ClientWindowNotOffered),
            (_, Any) => return Err(ParameterError::Value),
            (AtMost(most), AtMost(bits)) if bits > most => return Err(ParameterError::ClientWindowLarger),
            (_, AtMost(bits)) => Some(bits),
            (AtMost(most), Absent) => Some(most),
            (Absent | Any, Absent) => None,
        };
        Ok(DeflateParameters {
            server_no_context_takeover: said.server_no_context_takeover,
            client_no_context_takeover: said.client_no_context_takeover || self.client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
        })
    }
}

impl fmt::Display for DeflateOffer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NAME)?;
        match self.client_max_window_bits {
            WindowParameter::Absent => {}
            WindowParameter::Any => out.write_str("; client_max_window_bits")?,
            WindowParameter::AtMost(bits) => write!(out, "; client_max_window_bits={bits}")?,
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(out, "; server_max_window_bits={bits}")?;
        }
        if self.client_no_context_takeover {
            out.write_str("; client_no_context_takeover")?;
        }
        if self.server_no_context_takeover {
            out.write_str("; server_no_context_takeover")?;
        }
        Ok(())
    }
}

/// The four parameters, as they stand in an offer or an answer.
#[derive(Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_window: WindowParameter,
    client_window: WindowParameter,
}

impl Parameters {
    fn read(parameters: &[ExtensionParameter]) -> Result<Self, ParameterError> {
        let mut read = Self::default();
        for ExtensionParameter { name, value } in parameters {
            let value = value.as_deref();
            match name.as_str() {
                "server_no_context_takeover" => set(&mut read.server_no_context_takeover, flag(value)?),
                "client_no_context_takeover" => set(&mut read.client_no_context_takeover, flag(value)?),
                "server_max_window_bits" => set(&mut read.server_window, window(value)?),
                "client_max_window_bits" => set(&mut read.client_window, window(value)?),
                _ => Err(ParameterError::Unknown),
            }?;
        }
        Ok(read)
    }
}

/// Sets a parameter that was not set before.
fn set<T: Default + PartialEq>(parameter: &mut T, value: T) -> Result<(), ParameterError> {
    let before = std::mem::replace(parameter, value);
    if before == T::default() { Ok(()) } else { Err(ParameterError::Repeated) }
}

/// A parameter that has no value is present.
fn flag(value: Option<&str>) -> Result<bool, ParameterError> {
    if value.is_some() { Err(ParameterError::Value) } else { Ok(true) }
}

fn window(value: Option<&str>) -> Result<WindowParameter, ParameterError> {
    let Some(text) = value else { return Ok(WindowParameter::Any) };
    WindowBits::parse(text).map(WindowParameter::AtMost).ok_or(ParameterError::Value)
}
