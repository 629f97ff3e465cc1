//! Where to cut a stream of frames. Decided by a seed and by the bytes alone, not by how they come.

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// A position within a frame's header: the length of the header, and how many of its bytes come
/// before the cut.
pub(crate) type HeaderPosition = (usize, usize);

/// Cuts pieces of random length, and half of all places within headers.
pub(crate) struct StreamCutter {
    random: SmallRng,
    longest: usize,
    /// Bytes until the next random cut.
    left: usize,
    stream: HeaderTracker,
    /// The places within headers that were cut.
    pub(crate) cut: BTreeSet<HeaderPosition>,
}

impl StreamCutter {
    /// Pieces have 1 to `longest` bytes.
    pub(crate) fn new(seed: u64, longest: usize) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self { random, longest, left: longest, stream: HeaderTracker::default(), cut: BTreeSet::new() }
    }

    /// The pieces of what comes next.
    pub(crate) fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let (mut pieces, mut from) = (Vec::new(), 0);
        for (at, &byte) in bytes.iter().enumerate() {
            let within = self.stream.place(byte).filter(|_| self.random.random_bool(0.5));
            if self.left == 0 || within.is_some() {
                self.left = self.random.random_range(1..=self.longest);
                self.cut.extend(within);
                pieces.push(&bytes[from..at]);
                from = at;
            }
            self.left -= 1;
        }
        pieces.push(&bytes[from..]);
        pieces
    }
}

/// Follows a stream of frames after an opening handshake, to know which bytes are headers.
#[derive(Default)]
struct HeaderTracker {
    /// The head of the handshake, then the header that is under way.
    head: Vec<u8>,
    shaken: bool,
    /// Bytes that the payload still has.
    payload: u64,
}

impl HeaderTracker {
    /// The place before the next byte, if it lies within a header.
    fn place(&mut self, byte: u8) -> Option<HeaderPosition> {
        if self.payload > 0 {
            self.payload -= 1;
            return None;
        }
        self.head.push(byte);
        if !self.shaken {
            self.shaken = self.head.ends_with(b"\r\n\r\n");
            if self.shaken {
                self.head.clear();
            }
            return None;
        }
        let before = self.head.len() - 1;
        let &[_, second, ..] = self.head.as_slice() else { return None };
        // RFC 6455, section 5.2.
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let length = 2 + extended + if second & 0x80 == 0 { 0 } else { 4 };
        if self.head.len() == length {
            self.payload = match &self.head[2..2 + extended] {
                [] => (second & 0x7f).into(),
                bytes => bytes.iter().fold(0, |length, &byte| length << 8 | u64::from(byte)),
            };
            self.head.clear();
        }
        Some((length, before))
    }
}

#[test]
fn pieces_are_the_same_bytes_however_they_come() {
    let frames = [super::frame::whole(2, &[7; 3]), super::frame::whole(2, &[7; 300]), super::frame::whole(1, b"")];
    let stream = [b"HTTP/1.1 101 X\r\n\r\n".as_slice(), &frames.concat(), &frames.concat()].concat();
    let (mut at_once, mut bytewise) = (StreamCutter::new(1, 50), StreamCutter::new(1, 50));
    let pieces = at_once.pieces(&stream);
    assert_eq!(pieces.concat(), stream);
    assert!(pieces.iter().all(|piece| (1..=50).contains(&piece.len())));
    assert!(pieces.len() > stream.len() / 50);
    stream.chunks(1).for_each(|byte| assert_eq!(bytewise.pieces(byte).concat(), byte));
    assert_eq!(at_once.cut, bytewise.cut);
    assert!(at_once.cut.iter().all(|place| [(2, 1), (4, 1), (4, 2), (4, 3)].contains(place)), "{:?}", at_once.cut);
}
