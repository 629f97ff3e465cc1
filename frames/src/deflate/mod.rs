//! Compression of messages: `permessage-deflate` (RFC 7692).
//!
//! ```text
//! client:  DeflateSettings ─> DeflateOffer ─> request      response ─> DeflateParameters
//! server:  request ─> DeflateOffer ─> DeflateSettings::choose ─> DeflateParameters ─> response
//! both:    DeflateParameters ─> Deflater for Encoder, Inflater for Decoder
//! ```
//!
//! Each direction of a connection has a window: the last bytes that were sent, to which a later
//! message may refer. It is kept from message to message (*context takeover*), unless the ends
//! agree on `client_no_context_takeover` or `server_no_context_takeover`. Its size is 2^8 to 2^15
//! bytes: `client_max_window_bits` and `server_max_window_bits`.
//!
//! What an end keeps of a connection, from the first message of a direction on. Of small windows it
//! keeps the bytes alone, and all connections of a thread share what zlib needs besides. That takes
//! less memory and more time.
//!
//! | window bits | [`Deflater`] | [`Inflater`] |
//! |---|---|---|
//! | 8 to 10 | up to 1 KiB | up to 1 KiB |
//! | 11 | 2 KiB | 2 KiB |
//! | 12 | 162 KiB | 4 KiB |
//! | 13 | 178 KiB | 8 KiB |
//! | 14 | 210 KiB | 47 KiB |
//! | 15 | 274 KiB | 47 KiB |
//! | any, without context takeover | 0 | 0 |
//!
//! [`Deflater::release`] frees what an idle connection does not need.

mod context;
mod deflater;
mod inflater;
mod offer;
mod parameter_error;
mod parameters;
mod settings;
mod shared;
mod window_bits;

pub use deflater::Deflater;
pub use inflater::Inflater;
pub use offer::{DeflateOffer, WindowParameter};
pub use parameter_error::ParameterError;
pub use parameters::DeflateParameters;
pub use settings::DeflateSettings;
pub use window_bits::WindowBits;

/// The name of the extension: section 7.
pub(crate) const NAME: &str = "permessage-deflate";

/// The end of each compressed message, which is not sent: sections 7.2.1 and 7.2.2.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// An empty message (section 7.2.3.6): the header of a stored block, whose lengths are
/// [`TAIL`].
const EMPTY: u8 = 0;
