//! The stream under a connection. It counts bytes and calls, notes the time of each read, and keeps
//! a peer that never stops sending from holding the thread.

use std::{
    io::{self, ErrorKind, Read, Write},
    num::NonZeroU32,
};

use mio::net::TcpStream;

use crate::{
    clock::{Clock as _, RealClock, Time},
    schedule::pacer::SLICE,
    transport::Stream,
};

/// Reads in a row without a pause. Then other connections get their turn.
const READS_IN_A_ROW: u32 = 64;

/// A stream that counts what passes.
///
/// A failed write is no error to the library, which would read no more: what the peer sent before
/// is still to be read. So the stream keeps the error, and drops what is written from then on.
#[derive(Debug)]
pub(super) struct CountedStream {
    stream: Stream<TcpStream>,
    clock: RealClock,
    pub(super) counters: StreamCounters,
    in_a_row: u32,
    /// When the first read in a row returned.
    row_began: Time,
    /// Why writing failed.
    pub(super) broken: Option<io::Error>,
    /// What a pause, or a short read, keeps from the library.
    left: Left,
    /// The stream has ended or failed, so a short read is not the last one.
    over: bool,
    /// A turn reads once, and no more than this.
    read_at_most: Option<NonZeroU32>,
}

/// What may be left to read although the stream says that it would block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Left {
    /// It was not asked.
    #[default]
    Unknown,
    /// Nothing: the kernel reports what comes.
    Nothing,
    /// Something, as other connections are to get their turn.
    Something,
}

/// What has passed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StreamCounters {
    /// Reads that returned bytes.
    pub(super) reads: u64,
    /// Bytes read.
    pub(super) read_bytes: u64,
    /// When the last read returned. At first, when the connection was open: what came with the
    /// server's answer was read before.
    pub(super) read_at: Time,
    /// Writes that took bytes.
    pub(super) writes: u64,
    /// Bytes written.
    pub(super) written_bytes: u64,
}

impl CountedStream {
    pub(super) fn new(stream: Stream<TcpStream>, read_at_most: Option<NonZeroU32>, clock: RealClock) -> Self {
        Self {
            stream,
            clock,
            counters: StreamCounters { read_at: clock.now(), ..StreamCounters::default() },
            in_a_row: 0,
            row_began: Time::default(),
            broken: None,
            left: Left::Unknown,
            over: false,
            read_at_most,
        }
    }

    /// Whether a turn reads once only.
    pub(super) fn is_paced(&self) -> bool {
        self.read_at_most.is_some()
    }

    /// Lets a turn read what has come.
    pub(super) fn read_freely(&mut self) {
        self.read_at_most = None;
    }

    /// Most payload bytes of a frame, if messages are sent in fragments.
    pub(super) fn fragment(&self) -> Option<NonZeroU32> {
        self.stream.fragment()
    }

    /// Lets reads go to the socket again, at the begin of a turn.
    pub(super) fn resume(&mut self) {
        self.left = Left::Unknown;
        self.in_a_row = 0;
    }

    /// What is left to read.
    pub(super) fn left(&self) -> Left {
        self.left
    }

    /// From now on only the end of the stream tells that everything was read.
    pub(super) fn read_to_the_end(&mut self) {
        self.over = true;
    }

    /// Whether TLS holds bytes that TCP has not taken.
    pub(super) fn holds(&self) -> bool {
        self.broken.is_none() && self.stream.holds()
    }

    /// Makes it close with a TCP reset when it is dropped.
    pub(super) fn reset(&mut self) {
        self.stream.reset();
    }

    /// Whether the library has had its share of reads for now. It returns only for whole messages,
    /// so it may have taken long for what it read.
    fn has_had_its_share(&self) -> bool {
        let long = self.in_a_row > 0 && self.counters.read_at.since(self.row_began) >= SLICE;
        long || self.in_a_row == if self.is_paced() { 1 } else { READS_IN_A_ROW }
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.stream.say_farewell();
    }
}

impl Read for CountedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == Left::Unknown && self.has_had_its_share() {
            self.left = Left::Something;
        }
        if self.left != Left::Unknown {
            return Err(ErrorKind::WouldBlock.into());
        }
        let most = self.read_at_most.map_or(buffer.len(), |most| buffer.len().min(most.get() as usize));
        let buffer = &mut buffer[..most];
        let read = self.stream.read(buffer);
        match &read {
            Ok(bytes) if *bytes > 0 => {
                self.in_a_row += 1;
                self.counters.reads += 1;
                self.counters.read_bytes += *bytes as u64;
                self.counters.read_at = self.clock.now();
                if self.in_a_row == 1 {
                    self.row_began = self.counters.read_at;
                }
                let emptied = *bytes < buffer.len() && self.stream.tells_what_is_left();
                if emptied && !self.over && self.broken.is_none() {
                    self.left = Left::Nothing;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.left = Left::Nothing;
                // It was another socket's end, that of an address that did not answer.
                self.over = false;
            }
            _ => {}
        }
        read
    }
}

impl Write for CountedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.broken.is_some() {
            return Ok(bytes.len());
        }
        match self.stream.write(bytes) {
            Ok(taken) => {
                self.counters.writes += self.stream.writes();
                self.counters.written_bytes += taken as u64;
                Ok(taken)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Err(error),
            Err(error) => {
                self.broken = Some(error);
                Ok(bytes.len())
            }
        }
    }

    /// Hands what TLS holds to TCP.
    fn flush(&mut self) -> io::Result<()> {
        if self.broken.is_some() {
            return Ok(());
        }
        match self.stream.push() {
            Ok(()) if self.stream.holds() => Err(ErrorKind::WouldBlock.into()),
            Ok(()) => Ok(()),
            Err(error) => {
                self.broken = Some(error);
                Ok(())
            }
        }
    }
}
