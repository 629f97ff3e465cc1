//! Counts the frames of a message in a byte stream, passively: it looks only at frame headers (RFC 6455 section 5.2) and
//! leaves every judgement on them to the WebSocket library.

/// Follows the frames that a client sends and says where a message has too many of them.
#[derive(Debug)]
pub(crate) struct FrameCounter {
    /// Most frames a message.
    limit: u32,
    /// Frames of the message that is under way.
    in_message: u32,
    next: Next,
}

/// What the next byte is.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// FIN, reserved bits and opcode.
    First,
    /// The mask bit and the short length.
    Length,
    /// One of `left` bytes of an extended length; `mask` bytes of mask follow it.
    Extended { left: u8, mask: u8, length: u64 },
    /// One of `left` bytes of payload, or of mask and payload.
    Payload { left: u64 },
}

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const FIRST_CONTROL_OPCODE: u8 = 0x8;
const MASKED: u8 = 0x80;
const MASK_BYTES: u8 = 4;

impl FrameCounter {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, in_message: 0, next: Next::First }
    }

    /// Takes the next bytes of the stream. `Err` is the index of the first byte of the frame that is one too many; nothing
    /// from there on may be passed on, and no more be fed.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            match self.next {
                Next::First => {
                    if !self.admit(byte) {
                        return Err(at);
                    }
                    self.next = Next::Length;
                }
                Next::Length => self.next = after_length(byte),
                Next::Extended { left, mask, length } => {
                    let length = length << 8 | u64::from(byte);
                    self.next = match left {
                        1 => payload(mask, length),
                        _ => Next::Extended { left: left - 1, mask, length },
                    };
                }
                Next::Payload { left } => {
                    let here = (bytes.len() - at) as u64;
                    if left > here {
                        self.next = Next::Payload { left: left - here };
                        return Ok(());
                    }
                    self.next = Next::First;
                    at += usize::try_from(left).expect("no more than a slice holds");
                    continue;
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Counts a frame by its first byte; false if it is one too many.
    fn admit(&mut self, first: u8) -> bool {
        if first & OPCODE >= FIRST_CONTROL_OPCODE {
            // Control frames may come between the frames of a message and are none of them (section 5.4).
            return true;
        }
        if self.in_message == self.limit {
            return false;
        }
        self.in_message = if first & FIN == 0 { self.in_message + 1 } else { 0 };
        true
    }
}

fn after_length(byte: u8) -> Next {
    let mask = if byte & MASKED == 0 { 0 } else { MASK_BYTES };
    match byte & !MASKED {
        126 => Next::Extended { left: 2, mask, length: 0 },
        127 => Next::Extended { left: 8, mask, length: 0 },
        short => payload(mask, u64::from(short)),
    }
}

fn payload(mask: u8, length: u64) -> Next {
    match u64::from(mask).saturating_add(length) {
        0 => Next::First,
        left => Next::Payload { left },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: u8 = 0x1;
    const CONTINUATION: u8 = 0x0;
    const PING: u8 = 0x9;

    /// A masked frame of `length` bytes that all look like the first byte of a final frame.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match length {
            0..126 => bytes.push(MASKED | u8::try_from(length).expect("short")),
            126..65_536 => {
                bytes.push(MASKED + 126);
                bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
            }
            _ => {
                bytes.push(MASKED + 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend([FIN | TEXT; MASK_BYTES as usize]);
        bytes.resize(bytes.len() + length, FIN | TEXT);
        bytes
    }

    /// A message of `frames` frames of `length` bytes, a ping after each.
    fn message(frames: usize, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for n in 1..=frames {
            let opcode = if n == 1 { TEXT } else { CONTINUATION };
            let fin = if n == frames { FIN } else { 0 };
            bytes.extend(frame(fin | opcode, length));
            bytes.extend(frame(FIN | PING, 3));
        }
        bytes
    }

    /// Where a counter stops in `bytes` when it is fed `step` bytes at a time.
    fn stop(limit: u32, bytes: &[u8], step: usize) -> Option<usize> {
        let mut counter = FrameCounter::new(limit);
        bytes.chunks(step).enumerate().find_map(|(n, chunk)| counter.feed(chunk).err().map(|at| n * step + at))
    }

    #[test]
    fn messages_within_the_limit_pass_however_they_are_cut() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let bytes = [message(3, length), message(1, length), message(3, length), message(2, length)].concat();
            for step in [1, 2, 3, 7, 4096, bytes.len()] {
                assert_eq!(stop(3, &bytes, step), None, "frames of {length} bytes, {step} at a time");
            }
        }
    }

    #[test]
    fn the_frame_over_the_limit_is_found_where_it_begins() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let before = [message(3, length), message(1, length)].concat();
            // Three frames of four, each with its ping, precede the fourth.
            let fourth = before.len() + message(4, length).len() - message(1, length).len();
            let bytes = [before, message(4, length), message(1, length)].concat();
            for step in [1, 2, 3, 7, 4096, bytes.len()] {
                assert_eq!(stop(3, &bytes, step), Some(fourth), "frames of {length} bytes, {step} at a time");
            }
        }
    }

    #[test]
    fn a_limit_of_one_refuses_any_fragment_but_no_whole_message() {
        assert_eq!(stop(1, &[message(1, 5), message(1, 0)].concat(), 4096), None);
        let fragmented = message(2, 5);
        assert_eq!(stop(1, &fragmented, 4096), Some(fragmented.len() / 2));
    }

    #[test]
    fn unmasked_frames_are_followed_too() {
        let bytes = [[TEXT, 0], [CONTINUATION, 0], [CONTINUATION, 0]].concat();
        assert_eq!(stop(2, &bytes, 4096), Some(4));
    }

    #[test]
    fn the_largest_length_does_not_overflow() {
        let mut bytes = vec![FIN | TEXT, MASKED + 127];
        bytes.extend([0xff; 8]);
        bytes.extend([0; 100]);
        assert_eq!(stop(1, &bytes, 4096), None);
    }
}
