//! WebSocket frames (RFC 6455, section 5), their compression ([`deflate`], RFC 7692), and the
//! opening [`handshake`] of a client or a server, without I/O.
//!
//! ```text
//! bytes of a read ─> Decoder ─> Event     messages and control frames, in place if possible
//! messages        ─> Encoder ─> bytes     a burst in one buffer, for one write
//! ```
//!
//! ```
//! use frames::{Decoder, Encoder, Event, Input, Kind, Message, Role, Settings};
//!
//! // A server's frames have no mask.
//! let mut encoder = Encoder::default();
//! encoder.message(Kind::Text, None, 5, |payload| payload.copy_from_slice(b"hello"));
//! encoder.ping(None, b"?");
//!
//! let mut read = encoder.bytes().to_vec();
//! let mut input = Input::from(read.as_mut_slice());
//! let (role, limit) = (Role::Client, 1 << 20);
//! let settings = Settings { role, max_frame: limit, max_message: limit, max_frames: None };
//! let mut decoder = Decoder::new(settings);
//! let message = Message { kind: Kind::Text, payload: b"hello" };
//! assert_eq!(decoder.next(&mut input)?, Some(Event::Message(message)));
//! assert_eq!(decoder.next(&mut input)?, Some(Event::Ping(b"?")));
//! assert_eq!(decoder.next(&mut input)?, None);
//! # Ok::<(), frames::Violation>(())
//! ```
//!
//! Many connections can share one read buffer. The [`Decoder`] returns a whole frame where it lies
//! in that buffer. It copies only what a read cut, and fragmented messages, and frees the copy
//! after the event. An idle connection holds no memory, unless it compresses. An announced length
//! is checked against the limits, but memory is taken only for received bytes.
//!
//! A [`Violation`] reports everything that the RFC forbids. Text is checked as it is received, so
//! it is refused at the first byte that can't be UTF-8. The caller answers pings and a Close, and
//! closes TCP.

pub mod deflate;
pub mod handshake;

mod assembler;
mod close;
mod decoder;
mod encoder;
mod event;
mod extension;
mod header;
mod inflation;
mod input;
mod mask;
mod payload_space;
mod payloads;
mod settings;
mod violation;

pub use close::{Close, may_be_sent};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use event::{Event, Message};
pub use header::{Header, Kind, Opcode};
pub use input::Input;
pub use mask::{Mask, Masks, apply};
pub use payload_space::{PayloadSpace, WordSpace};
pub use payloads::Payloads;
pub use settings::{Role, Settings};
pub use violation::{Violation, ViolationKind};
