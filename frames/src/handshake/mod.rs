//! The opening handshake (RFC 6455, section 4) of a client or a server, without I/O: bytes in, a
//! decision out.
//!
//! ```text
//! client:  request() ─> bytes    bytes of reads ─> ResponseReader ─> Accepted | ResponseError
//! server:  bytes of reads ─> RequestReader ─> UpgradeRequest | Rejection    response() ─> bytes
//! proxy:   tunnel_request() ─> bytes    bytes of reads ─> TunnelReader ─> a tunnel | ResponseError
//! ```
//!
//! ```
//! use frames::handshake::{Key, RequestReader, ResponseReader, request};
//!
//! let (key, mut bytes) = (Key::random(), Vec::new());
//! request(&mut bytes, "example.org", "/chat", &key, std::iter::empty());
//!
//! let mut requests = RequestReader::default();
//! let upgrade = requests.take(&bytes)?.expect("it is whole");
//!
//! let mut responses = ResponseReader::new(&key, &[]);
//! let response = upgrade.response(None, None);
//! let accepted = responses.take(&response).ok().flatten().expect("it is lawful");
//! assert_eq!((accepted.subprotocol, accepted.remaining), (None, Vec::new()));
//! # Ok::<(), frames::handshake::Rejection>(())
//! ```
//!
//! The decision follows RFC 6455 and HTTP/1.1 (RFC 9110, RFC 9112), however the stream is cut.
//! Where they leave a choice, this is it:
//!
//! | | client | server |
//! |---|---|---|
//! | a line that ends with LF alone (9112, 2.2) | taken | taken |
//! | a CR alone, NUL and other control characters (9110, 5.5) | refused | refused |
//! | blanks between a field's name and its colon (9112, 5.1) | refused | refused |
//! | a field folded over lines (9112, 5.2) | taken as one | refused |
//! | empty elements of a list (9110, 5.6.1) | ignored | ignored |
//! | interim responses before the last (9110, 15.2) | at most [`INTERIM_RESPONSES`] are skipped | |
//! | a length or a transfer coding beside 101 (9112, 6.3) | ignored | |
//! | a request with content (9110, 9.3.1) | | refused |
//! | bytes after the head | returned: they are frames | returned: they are frames |
//!
//! Memory is bounded: [`HEAD_BYTES`] of heads and the bytes of one call, [`BODY_BYTES`] of a body.

mod body;
mod declined;
mod fields;
mod final_head;
mod head;
mod key;
mod rejection;
mod request;
mod response;
mod response_error;
mod tunnel;

pub use declined::Declined;
pub use fields::{Field, Fields};
pub use key::Key;
pub use rejection::{Rejection, RejectionReason};
pub use request::{RequestReader, UpgradeRequest, request};
pub use response::{Accepted, ResponseReader};
pub use response_error::ResponseError;
pub use tunnel::{TunnelReader, tunnel_request};

pub use crate::extension::is_token;

/// Most bytes of a head, interim responses included. Browsers and proxies send 1 to 8 KiB with
/// cookies.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Most fields of a head.
pub const MOST_FIELDS: usize = 128;

/// Most interim responses before the last one.
pub const INTERIM_RESPONSES: u32 = 16;

/// Bytes that are kept of the body of a response that declines.
pub const BODY_BYTES: usize = 1024;

/// Bytes that are kept of a response that is no HTTP.
pub const BEGINNING_BYTES: usize = 64;
