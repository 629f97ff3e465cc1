//! The bytes of message k of client c.
//!
//! ```text
//! generated/   messages that loadgen makes up: a header that names the message, and a body
//! ```

mod generated;

pub use self::generated::{ClientMessages, MessageHeader, MessageKind, Mix, Payload, leading, parse};
pub(crate) use self::generated::{distance, mix, parse_text, text_header};
