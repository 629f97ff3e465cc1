//! Connections with compression, in memory.

use frames::{
    Decoder, Event, Input, Kind, Role, Settings, Violation,
    deflate::{DeflateParameters, DeflateSettings, Inflater, WindowBits},
};

pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];

pub(crate) const LIMIT: u64 = 1 << 20;

/// What both ends agree on if both wish this.
pub(crate) fn parameters(bits: u8, no_context_takeover: bool) -> DeflateParameters {
    let window_bits = WindowBits::new(bits).expect("8 to 15");
    let settings = DeflateSettings { window_bits, no_context_takeover };
    settings.choose(&[settings.offer()]).expect("lawful")
}

/// The other end.
pub(crate) fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// Masks of a client's frames.
pub(crate) fn mask(sender: Role) -> Option<[u8; 4]> {
    (sender == Role::Client).then_some([0x37, 0xfa, 0x21, 0x3d])
}

pub(crate) fn decoder(receiver: Role, parameters: DeflateParameters, max_message: u64) -> Decoder {
    let settings = Settings { role: receiver, max_frame: max_message, max_message, max_frames: None };
    Decoder::with_inflater(settings, Inflater::new(parameters, receiver))
}

/// An event: its opcode and its payload.
pub(crate) type Seen = (u8, Vec<u8>);

/// The events of `pieces`, and the violation that ended them, if any.
pub(crate) fn decode<'p>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Seen>, Option<Violation>) {
    let mut seen = Vec::new();
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut input = Input::from(buffer.as_mut_slice());
        loop {
            match decoder.next(&mut input) {
                Ok(Some(Event::Message(message))) => {
                    let opcode = if message.kind == Kind::Text { 1 } else { 2 };
                    seen.push((opcode, message.payload.to_vec()));
                }
                Ok(Some(Event::Ping(payload))) => seen.push((9, payload.to_vec())),
                Ok(Some(Event::Pong(payload))) => seen.push((10, payload.to_vec())),
                Ok(Some(Event::Close(_))) => seen.push((8, Vec::new())),
                Ok(None) => break,
                Err(violation) => return (seen, Some(violation)),
            }
        }
    }
    (seen, None)
}

/// A frame of a server, with these flags and this opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut encoder = frames::Encoder::default();
    let opcode = match first & 0xf {
        0 => frames::Opcode::Continuation,
        1 => frames::Opcode::Text,
        2 => frames::Opcode::Binary,
        8 => frames::Opcode::Close,
        9 => frames::Opcode::Ping,
        _ => frames::Opcode::Pong,
    };
    let header = frames::Header {
        last: first & 0x80 != 0,
        reserved: (first >> 4) & 7,
        opcode,
        mask: None,
        length: payload.len() as u64,
    };
    encoder.frame(header, |out| out.copy_from_slice(payload));
    encoder.bytes().to_vec()
}

/// Texts that are like each other, as messages of one protocol are, and some that are not.
pub(crate) fn texts(count: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|number| {
        let name = ["alice", "bob", "çelik", "дарья"][number % 4];
        format!(r#"{{"type":"say","id":{number},"from":"{name}","text":"{}"}}"#, "la ".repeat(number * 7 % 40)).into()
    })
}

/// Bytes that can't be compressed, always the same.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}
