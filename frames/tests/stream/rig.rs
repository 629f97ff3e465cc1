//! Frames made by hand, and the events of a stream in pieces.

use frames::{Decoder, Event, Input, Kind, Role, Settings, Violation};

/// An owned copy of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OwnedEvent {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, Vec<u8>)>),
}

impl From<Event<'_>> for OwnedEvent {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Message(message) => match message.kind {
                Kind::Text => Self::Text(message.payload.to_vec()),
                Kind::Binary => Self::Binary(message.payload.to_vec()),
            },
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Close(close) => Self::Close(close.map(|close| (close.code, close.reason.to_vec()))),
        }
    }
}

/// Limits that no test exceeds unless it is about them.
pub(crate) fn settings(role: Role) -> Settings {
    Settings { role, max_frame: 1 << 20, max_message: 1 << 20, max_frames: None }
}

/// The events of `pieces`, and the violation that ended them, if any.
pub(crate) fn decode<'p>(
    settings: Settings,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<OwnedEvent>, Option<Violation>) {
    let (mut decoder, mut seen) = (Decoder::new(settings), Vec::new());
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut input = Input::from(buffer.as_mut_slice());
        loop {
            match decoder.next(&mut input) {
                Ok(Some(event)) => seen.push(event.into()),
                Ok(None) => break,
                Err(violation) => return (seen, Some(violation)),
            }
        }
        assert!(input.is_empty(), "it takes everything");
    }
    (seen, None)
}

/// A frame for a receiver of this `role`. `first`: flags and opcode.
pub(crate) fn frame(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    framed(role, first, payload.len() as u64, 0, payload)
}

/// A frame that announces `length` bytes in at least `form` bytes of extended length, with
/// `payload`.
pub(crate) fn framed(role: Role, first: u8, length: u64, form: usize, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let masked = if role == Role::Server { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match (length, form) {
        (0..126, 0) => bytes.push(masked | u8::try_from(length).expect("short")),
        (0..65_536, 0..=2) => {
            bytes.push(masked | 0x7e);
            bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
        }
        _ => {
            bytes.push(masked | 0x7f);
            bytes.extend(length.to_be_bytes());
        }
    }
    match role {
        Role::Client => bytes.extend(payload),
        Role::Server => {
            bytes.extend(MASK);
            bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
    }
    bytes
}

pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];
