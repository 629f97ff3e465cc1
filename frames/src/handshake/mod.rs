//! The opening handshake (RFC 6455, section 4) without I/O, for a client or a server: bytes in, decision out.
//!
//! ```text
//! client:  request() ─> bytes          bytes of reads ─> Answer ─> Accepted | Refusal
//! server:  bytes of reads ─> Asked ─> Upgrade | Rejection ─> answer() ─> bytes
//! ```
//!
//! ```
//! use frames::handshake::{Answer, Asked, Key, request};
//!
//! let (key, mut bytes) = (Key::random(), Vec::new());
//! request(&mut bytes, "example.org", "/chat", &key, std::iter::empty());
//!
//! let mut asked = Asked::default();
//! let upgrade = asked.take(&bytes)?.expect("it is whole");
//!
//! let mut answer = Answer::new(&key, &[]);
//! let accepted = answer.take(&upgrade.answer()).ok().flatten().expect("it is whole and lawful");
//! assert_eq!((accepted.subprotocol, accepted.behind), (None, Vec::new()));
//! # Ok::<(), frames::handshake::Rejection>(())
//! ```
//!
//! The decision is the one that RFC 6455 and HTTP/1.1 (RFC 9110, RFC 9112) ask for, however a stream is cut. Where they leave a
//! choice, this is it:
//!
//! | | client | server |
//! |---|---|---|
//! | a line that ends with LF alone (9112, 2.2) | taken | taken |
//! | a CR alone, NUL and other control characters (9110, 5.5) | refused | refused |
//! | blanks between a field's name and its colon (9112, 5.1) | refused | refused |
//! | a field folded over lines (9112, 5.2) | taken as one | refused |
//! | empty elements of a list (9110, 5.6.1) | ignored | ignored |
//! | interim answers before the last (9110, 15.2) | at most [`INTERIM_ANSWERS`] are skipped | |
//! | a length or a transfer coding beside 101 (9112, 6.3) | ignored | |
//! | a request with content (9110, 9.3.1) | | refused |
//! | bytes behind a request | | handed on: they are frames |
//!
//! Memory is bounded: [`HEAD_BYTES`] of heads and what one call brings, [`BODY_BYTES`] of the body of a refusal.

mod answer;
mod body;
mod declined;
mod fields;
mod head;
mod key;
mod refusal;
mod rejection;
mod request;

pub use answer::{Accepted, Answer};
pub use declined::Declined;
pub use fields::{Field, Fields};
pub use key::Key;
pub use refusal::Refusal;
pub use rejection::{Rejection, Why};
pub use request::{Asked, Upgrade, request};

/// Most bytes of a head, interim answers included. Browsers and proxies send 1 to 8 KiB, cookies included.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Most fields of a head.
pub const MOST_FIELDS: usize = 128;

/// Most interim answers before the last one.
pub const INTERIM_ANSWERS: u32 = 16;

/// Bytes that are kept of the body of an answer that refuses.
pub const BODY_BYTES: usize = 1024;

/// Bytes that are kept of what is no HTTP.
pub const BEGINNING_BYTES: usize = 64;

/// Whether this is a token (RFC 9110, section 5.6.2), such as a subprotocol must be.
pub fn is_token(text: &[u8]) -> bool {
    let tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(tchar)
}
