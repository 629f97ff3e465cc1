//! What one end wishes.

use super::{
    offer::{DeflateOffer, WindowParameter},
    parameters::DeflateParameters,
    window_bits::WindowBits,
};

/// What one end wishes for both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeflateSettings {
    /// The largest window. A smaller one takes less memory and compresses less.
    pub window_bits: WindowBits,
    /// Whether each message is compressed by itself. Then no state is kept between messages, and
    /// similar messages compress less.
    pub no_context_takeover: bool,
}

impl DeflateSettings {
    /// What a client offers.
    ///
    /// The server may always choose a smaller window for the client. A window of the server is
    /// asked for only if it is smaller than [`WindowBits::MOST`]: a server that can't choose its
    /// window would have to decline.
    pub fn offer(self) -> DeflateOffer {
        let smaller = (self.window_bits < WindowBits::MOST).then_some(self.window_bits);
        DeflateOffer {
            server_no_context_takeover: self.no_context_takeover,
            client_no_context_takeover: self.no_context_takeover,
            server_max_window_bits: smaller,
            client_max_window_bits: smaller.map_or(WindowParameter::Any, WindowParameter::AtMost),
        }
    }

    /// What a server answers: it accepts the first offer. Returns none if there is none.
    ///
    /// A client that does not let the server choose keeps its window of any size.
    pub fn choose(self, offers: &[DeflateOffer]) -> Option<DeflateParameters> {
        let offer = offers.first()?;
        let smaller = |bits: WindowBits| (bits < WindowBits::MOST).then_some(bits);
        let client_max_window_bits = match offer.client_max_window_bits {
            WindowParameter::Absent => None,
            WindowParameter::Any => smaller(self.window_bits),
            WindowParameter::AtMost(most) => smaller(self.window_bits.min(most)),
        };
        let server_max_window_bits = match offer.server_max_window_bits {
            Some(most) => Some(self.window_bits.min(most)),
            None => smaller(self.window_bits),
        };
        Some(DeflateParameters {
            server_no_context_takeover: self.no_context_takeover || offer.server_no_context_takeover,
            client_no_context_takeover: self.no_context_takeover || offer.client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
        })
    }
}
