//! A stream that hands over what is written in pieces, as the plan says.
//!
//! It is below the frames, so both engines have it. It sees the bytes of whole frames in their
//! order, and finds where each one ends.

use std::{
    io::{self, ErrorKind},
    num::NonZeroU32,
    os::fd::AsFd,
};

use frames::Header;

use super::Stream;
use crate::plan::{WireShape, WriteShape};

/// A stream and how it is written to.
#[derive(Debug)]
pub(crate) struct ShapedStream<S> {
    stream: Stream<S>,
    shape: WireShape,
    /// The frame that is being written.
    frame: FrameProgress,
    /// How many writes the last call made that took bytes.
    writes: u64,
}

/// How far a frame has been written. The kernel may cut it anywhere.
#[derive(Clone, Copy, Debug, Default)]
struct FrameProgress {
    /// The bytes of its header that were written, while that is not whole.
    header: [u8; Header::LONGEST],
    header_len: usize,
    /// Bytes that are left of it, once its header was written.
    left: usize,
}

impl<S> ShapedStream<S> {
    pub(super) fn new(stream: Stream<S>, shape: WireShape) -> Self {
        Self { stream, shape, frame: FrameProgress::default(), writes: 0 }
    }

    /// The stream underneath.
    pub(super) fn stream(&self) -> &Stream<S> {
        &self.stream
    }

    /// The stream underneath.
    pub(super) fn stream_mut(&mut self) -> &mut Stream<S> {
        &mut self.stream
    }

    /// Most payload bytes of a frame, if messages are to be sent in fragments.
    pub(super) fn fragment(&self) -> Option<NonZeroU32> {
        self.shape.fragment
    }

    /// How many writes the last [`Self::write`] made that took bytes.
    pub(super) fn writes(&self) -> u64 {
        self.writes
    }
}

impl<S: AsFd> ShapedStream<S> {
    #[cold]
    #[inline(never)]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn push(&mut self) -> io::Result<()> {
        self.stream.push()
    }

    /// Writes pieces of `bytes` until one does not fit.
    #[cold]
    #[inline(never)]
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        self.writes = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let piece = self.piece(rest);
            match self.stream.write(&rest[..piece]) {
                Ok(some) => {
                    self.writes += 1;
                    if self.shape.write == WriteShape::Frame {
                        self.frame.pass(&rest[..some]);
                    }
                    taken += some;
                    if some < piece {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// How many of these bytes the next write hands over.
    fn piece(&self, bytes: &[u8]) -> usize {
        match self.shape.write {
            WriteShape::Burst => bytes.len(),
            WriteShape::Frame => self.frame.in_frame(bytes),
            WriteShape::Split(most) => bytes.len().min(most.get() as usize),
        }
    }
}

impl FrameProgress {
    /// How many of the bytes that come next belong to the frame.
    fn in_frame(&self, bytes: &[u8]) -> usize {
        let frame = if self.left > 0 { Some(self.left) } else { self.frame_at(bytes) };
        frame.map_or(bytes.len(), |frame| bytes.len().min(frame))
    }

    /// Bytes of the frame that begins here, without those that were written. None if its header
    /// goes on after these.
    fn frame_at(&self, bytes: &[u8]) -> Option<usize> {
        let mut header = self.header;
        let len = bytes.len().min(Header::LONGEST - self.header_len);
        header[self.header_len..][..len].copy_from_slice(&bytes[..len]);
        // The engines write no other headers than valid ones.
        let (read, size) = Header::read(&header[..self.header_len + len]).ok()??;
        Some((size - self.header_len).saturating_add(usize::try_from(read.length).unwrap_or(usize::MAX)))
    }

    /// These bytes were written.
    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(frame) = (if self.left > 0 { Some(self.left) } else { self.frame_at(bytes) }) else {
                self.header[self.header_len..][..bytes.len()].copy_from_slice(bytes);
                self.header_len += bytes.len();
                return;
            };
            let passed = bytes.len().min(frame);
            self.left = frame - passed;
            self.header_len = 0;
            bytes = &bytes[passed..];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use frames::{Encoder, Kind};
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, send, socketpair};

    use super::*;

    fn n(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    /// A stream on a socket that keeps the bounds of writes, and the other end of it.
    fn sockets(write: WriteShape) -> (Stream<OwnedFd>, OwnedFd) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        (Stream::Plain(near).shaped(WireShape { fragment: None, write }), far)
    }

    /// What came by the next writes.
    fn received(far: &OwnedFd) -> Vec<Vec<u8>> {
        let mut buffer = vec![0; 1 << 17];
        let next = || recv(far, &mut buffer[..], RecvFlags::empty()).ok().map(|(bytes, _)| buffer[..bytes].to_vec());
        std::iter::from_fn(next).collect()
    }

    /// Frames of many sizes, masked and not, and where they end.
    fn frames() -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut each = Vec::new();
        for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
            for mask in [None, Some([1, 0x81, 3, 0xff])] {
                let mut encoder = Encoder::default();
                encoder.message(Kind::Binary, mask, length, |out| out.fill(0x82));
                encoder.ping(mask, b"?");
                let ping = if mask.is_some() { 7 } else { 3 };
                let (message, ping) = encoder.bytes().split_at(encoder.len() - ping);
                each.extend([message.to_vec(), ping.to_vec()]);
            }
        }
        (each.concat(), each)
    }

    #[test]
    fn a_write_hands_over_one_frame() {
        let (bytes, each) = frames();
        let (mut stream, far) = sockets(WriteShape::Frame);
        let mut taken = 0;
        let mut got = Vec::new();
        while taken < bytes.len() {
            taken += stream.write(&bytes[taken..]).unwrap();
            got.extend(received(&far));
        }
        assert!(got == each, "{:?}", got.iter().map(Vec::len).collect::<Vec<_>>());
    }

    #[test]
    fn a_frame_that_was_cut_goes_on_where_it_was_cut() {
        let (bytes, each) = frames();
        let ends: Vec<usize> = each
            .iter()
            .scan(0, |end, frame| {
                *end += frame.len();
                Some(*end)
            })
            .collect();
        for step in [1, 2, 3, 5, 13, 200] {
            let mut progress = FrameProgress::default();
            let mut at = 0;
            while at < bytes.len() {
                let end = *ends.iter().find(|&&end| end > at).unwrap();
                let rest = &bytes[at..];
                assert_eq!(progress.in_frame(rest), end - at, "{at} by {step}");
                let passed = step.min(end - at);
                progress.pass(&rest[..passed]);
                at += passed;
            }
        }
    }

    #[test]
    fn a_write_hands_over_so_many_bytes() {
        let (mut stream, far) = sockets(WriteShape::Split(n(3)));
        assert_eq!((stream.write(b"abcdefgh").unwrap(), stream.writes()), (8, 3));
        assert_eq!(received(&far), [b"abc".to_vec(), b"def".to_vec(), b"gh".to_vec()]);
        // Each write is cut for itself.
        assert_eq!((stream.write(b"ij").unwrap(), stream.writes()), (2, 1));
        assert_eq!(received(&far), [b"ij"]);
    }

    #[test]
    fn a_burst_is_one_write_whatever_its_frames_are() {
        let (near, far) = sockets(WriteShape::Split(n(1)));
        drop((near, far));
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let mut stream = Stream::Plain(near).shaped(WireShape { fragment: Some(n(7)), write: WriteShape::Burst });
        assert_eq!(stream.fragment(), Some(n(7)));
        assert_eq!((stream.write(&[1; 5000]).unwrap(), stream.writes()), (5000, 1));
        assert_eq!(received(&far).len(), 1);
        // What comes is not changed.
        send(&far, b"back", rustix::net::SendFlags::empty()).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(stream.read(&mut buffer).unwrap(), 4);
    }

    #[test]
    fn what_does_not_fit_is_left_and_the_rest_is_counted() {
        let (mut stream, far) = sockets(WriteShape::Split(n(1000)));
        let bytes = vec![7; 4 << 20];
        let taken = stream.write(&bytes).unwrap();
        assert!(taken > 0 && taken < bytes.len(), "{taken}");
        assert_eq!(stream.writes() * 1000, taken as u64);
        assert_eq!(stream.write(&bytes[taken..]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(received(&far).len() * 1000, taken);
        assert!(stream.write(&bytes[taken..]).unwrap() > 0);
    }
}
