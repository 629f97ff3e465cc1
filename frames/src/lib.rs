//! WebSocket frames (RFC 6455, section 5) without I/O, for a client or a server.
//!
//! ```text
//! bytes of a read ─> Decoder ─> Event     messages and control frames, in place
//! messages        ─> Encoder ─> bytes     a burst in one buffer, for one write
//! ```
//!
//! A [`Decoder`] is made for many connections that share one read buffer: a frame that a read brought whole is handed
//! over where it lies. Only what a read cut, and messages in fragments, are carried over, in memory that is given back
//! with the event. An idle connection holds none. Lengths that a peer announces are compared with the limits and with what
//! came; memory is taken for what came.
//!
//! Everything that the RFC forbids is refused ([`Violation`]); text is checked as it comes, so it is refused at the first
//! byte that can't be UTF-8. What it leaves to the endpoint (answer pings, answer a Close, close TCP) is the caller's.

mod carry;
mod close;
mod decoder;
mod encoder;
mod header;
mod input;
mod mask;
mod violation;

pub use close::{Close, may_be_sent};
pub use decoder::{Decoder, Event, Message, Role, Settings};
pub use encoder::Encoder;
pub use header::{Header, Kind, Opcode};
pub use input::Input;
pub use mask::{Mask, Masks, apply};
pub use violation::{Offence, Violation};
