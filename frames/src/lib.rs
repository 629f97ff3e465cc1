//! WebSocket frames (RFC 6455, section 5) without I/O, for a client or a server; and the opening [`handshake`] before them.
//!
//! ```text
//! bytes of a read ─> Decoder ─> Event     messages and control frames, in place
//! messages        ─> Encoder ─> bytes     a burst in one buffer, for one write
//! ```
//!
//! ```
//! use frames::{Decoder, Encoder, Event, Input, Kind, Role, Settings};
//!
//! // A server's frames have no mask.
//! let mut encoder = Encoder::default();
//! encoder.message(Kind::Text, None, 5, |payload| payload.copy_from_slice(b"hello"));
//! encoder.ping(None, b"?");
//!
//! let mut read = encoder.bytes().to_vec();
//! let mut input = Input::from(read.as_mut_slice());
//! let settings = Settings { role: Role::Client, max_frame: 1 << 20, max_message: 1 << 20, max_frames: None };
//! let mut decoder = Decoder::new(settings);
//! let Some(Event::Message(message)) = decoder.next(&mut input)? else { panic!("a message is there") };
//! assert_eq!((message.kind, message.payload), (Kind::Text, &b"hello"[..]));
//! assert_eq!(decoder.next(&mut input)?, Some(Event::Ping(b"?")));
//! assert_eq!(decoder.next(&mut input)?, None);
//! # Ok::<(), frames::Violation>(())
//! ```
//!
//! A [`Decoder`] is made for many connections that share one read buffer: a frame that a read brought whole is handed
//! over where it lies. Only what a read cut, and messages in fragments, are carried over, in memory that is given back
//! with the event. An idle connection holds none. Lengths that a peer announces are compared with the limits and with what
//! came; memory is taken for what came.
//!
//! Everything that the RFC forbids is refused ([`Violation`]); text is checked as it comes, so it is refused at the first
//! byte that can't be UTF-8. What it leaves to the endpoint (answer pings, answer a Close, close TCP) is the caller's.

pub mod handshake;

mod assembler;
mod close;
mod decoder;
mod encoder;
mod header;
mod input;
mod mask;
mod payloads;
mod violation;

pub use close::{Close, may_be_sent};
pub use decoder::{Decoder, Event, Message, Role, Settings};
pub use encoder::Encoder;
pub use header::{Header, Kind, Opcode};
pub use input::Input;
pub use mask::{Mask, Masks, apply};
pub use payloads::Payloads;
pub use violation::{Offence, Violation};
