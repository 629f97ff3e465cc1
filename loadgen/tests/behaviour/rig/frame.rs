//! Frames of RFC 6455, section 5.2, byte by byte, so that they can also be wrong.

use std::io::{self, Read};

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

/// Set in the first byte of a message's last frame.
pub(crate) const FINAL: u8 = 0x80;

/// A frame that a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The next frame; none at the end of the stream. The generator's frames are whole messages,
    /// and masked.
    pub(crate) fn read(from: &mut impl Read) -> Option<Self> {
        let [first, length] = bytes(from).ok()?;
        assert_eq!(first & 0xf0, FINAL, "a final frame without reserved bits");
        assert_eq!(length & 0x80, 0x80, "a masked frame");
        let length = match length & 0x7f {
            126 => u64::from(u16::from_be_bytes(bytes(from).ok()?)),
            127 => u64::from_be_bytes(bytes(from).ok()?),
            short => short.into(),
        };
        let mask: [u8; 4] = bytes(from).ok()?;
        let mut payload = vec![0; usize::try_from(length).expect("it fits")];
        from.read_exact(&mut payload).ok()?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some(Self { opcode: first & 0x0f, payload })
    }
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A frame as a server sends it. `first`: flags and opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(u8::try_from(length).expect("short")),
        length @ 126..65_536 => {
            bytes.push(126);
            bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// A message in one frame.
pub(crate) fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(FINAL | opcode, payload)
}

/// A Close.
pub(crate) fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    whole(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}
