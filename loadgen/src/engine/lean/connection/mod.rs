//! One connection of the lean engine: the bytes it keeps, and the duties of a client.

mod control;
mod framing;
mod output;
mod pending_io;
mod whole_messages;

use std::{
    io::{self, ErrorKind},
    num::NonZeroU32,
    os::fd::OwnedFd,
};

use frames::{
    Decoder, Event, Input, Role, Settings, Violation,
    deflate::{DeflateParameters, Inflater},
};

pub(super) use self::framing::Framing;
use self::{
    pending_io::PendingIo,
    whole_messages::{WholeMessages, event},
};
use super::EngineState;
use crate::{
    clock::{Clock as _, Time},
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger,
    message::MessageKind,
    schedule::pacer::SLICE,
    transport::{ConnectionLimits, Stream},
};

/// Reads of a connection in a turn. Then the others get theirs.
const READS_IN_A_ROW: u32 = 16;

/// Bytes of a connection's first read, and of the shortest. Unexpected messages take longer to
/// classify, and a read must be done within about a [`SLICE`]. So the next read is shorter if it
/// was not, and longer after a read without such messages.
const FIRST_READ: u32 = 1024;
const LEAST_READ: u32 = 256;

#[derive(Debug)]
pub(super) struct LeanConnection {
    stream: Stream<OwnedFd>,
    decoder: Decoder,
    state: ConnectionState,
    /// What arrives is left in the socket.
    withheld: bool,
    /// A turn reads once, and no more than `most`.
    paced: bool,
    /// Read until the end of the stream comes.
    to_the_end: bool,
    /// Bytes of the next read, at most.
    most: u32,
    /// How messages become frames, where each is not simply one.
    framing: Option<Box<Framing>>,
    /// State that most connections don't need most of the time.
    pending_io: Option<Box<PendingIo>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionState {
    Open,
    /// This end has sent its Close frame.
    Closing,
    /// The end was reported. The server has yet to close TCP (RFC 6455, section 7.1.1).
    Gone,
}

impl LeanConnection {
    /// `compression` is what was agreed on, if anything was.
    pub(super) fn new(
        stream: Stream<OwnedFd>,
        early: Vec<u8>,
        limits: ConnectionLimits,
        compression: Option<DeflateParameters>,
    ) -> Self {
        let limit = limits.max_message as u64;
        let settings = Settings { role: Role::Client, max_frame: limit, max_message: limit, max_frames: None };
        let pending_io = (!early.is_empty()).then(|| Box::new(PendingIo { early, ..PendingIo::default() }));
        let decoder = match compression {
            None => Decoder::new(settings),
            Some(parameters) => Decoder::with_inflater(settings, Inflater::new(parameters, Role::Client)),
        };
        Self {
            framing: Framing::of(stream.fragment(), compression),
            stream,
            decoder,
            state: ConnectionState::Open,
            withheld: false,
            paced: limits.read_at_most.is_some(),
            to_the_end: false,
            most: limits.read_at_most.map_or(FIRST_READ, NonZeroU32::get),
            pending_io,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == ConnectionState::Open
    }

    /// Stops or resumes reading. Writes go on.
    pub(super) fn set_reading(&mut self, reading: bool) {
        self.withheld = !reading;
    }

    /// Whether reading was stopped.
    #[inline]
    pub(super) fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// Whether a turn reads once only.
    #[inline]
    pub(super) fn is_paced(&self) -> bool {
        self.paced
    }

    /// How messages become frames, where each is not simply one.
    #[inline]
    pub(super) fn framing(&mut self) -> Option<&mut Framing> {
        self.framing.as_deref_mut()
    }

    /// Whether the end was reported.
    pub(super) fn is_gone(&self) -> bool {
        self.state == ConnectionState::Gone
    }

    /// Closes the connection with a TCP reset.
    pub(super) fn reset(mut self) {
        self.stream.reset();
    }

    /// The stream has ended, so a short read is not the last one.
    #[cold]
    pub(super) fn read_to_the_end(&mut self) {
        self.to_the_end = true;
    }

    #[inline]
    pub(super) fn is_broken(&self) -> bool {
        self.pending_io.as_ref().is_some_and(|pending_io| pending_io.broken.is_some())
    }

    /// Whether the end or a Close frame may follow a short read.
    #[inline]
    fn must_read_on(&self) -> bool {
        self.to_the_end || self.is_broken()
    }

    /// Whether something could not be written.
    #[inline]
    pub(super) fn has_pending_io(&self) -> bool {
        self.pending_io.is_some()
    }

    /// Bytes of a message that is not whole, and bytes that the transport has not taken.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.decoder.held() + self.unsent()
    }

    /// Bytes that the transport has not taken.
    pub(super) fn unsent(&self) -> usize {
        self.pending_io.as_ref().map_or(0, |pending_io| pending_io.unsent.len() - pending_io.taken)
    }

    /// Writes since the last call.
    pub(super) fn take_writes(&mut self) -> u64 {
        self.pending_io.as_mut().map_or(0, |pending_io| std::mem::take(&mut pending_io.writes))
    }

    /// Finishes pending writes and reads what has arrived. Returns [`NextStep::ReadAgain`] if more
    /// may be left that the kernel does not report.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        shared: &mut EngineState,
        sink: &mut impl EventSink,
    ) -> NextStep {
        if self.pending_io.is_some() && self.receive_pending(shared, sink) {
            return NextStep::Remove;
        }
        if self.withheld && !self.is_broken() {
            return NextStep::Wait;
        }
        let mut after = NextStep::ReadAgain;
        if self.paced {
            after = self.read_once(buffer, shared, sink);
        } else {
            let mut until = None;
            for _ in 0..READS_IN_A_ROW {
                after = self.read(buffer, shared, sink);
                if after != NextStep::ReadAgain
                    || shared.read_at >= *until.get_or_insert_with(|| shared.read_at.plus(SLICE))
                {
                    break;
                }
            }
        }
        if after == NextStep::Wait
            && let Some(error) = self.take_broken()
        {
            self.end(ConnectionEnd::io(&error), sink);
            return NextStep::Remove;
        }
        after
    }

    /// Reads once, as much as a slow reader may.
    #[cold]
    fn read_once(&mut self, buffer: &mut [u8], shared: &mut EngineState, sink: &mut impl EventSink) -> NextStep {
        let most = self.most;
        let after = self.read(buffer, shared, sink);
        self.most = most;
        after
    }

    /// Reads once.
    #[inline]
    fn read(&mut self, buffer: &mut [u8], shared: &mut EngineState, sink: &mut impl EventSink) -> NextStep {
        let most = buffer.len().min(self.most as usize);
        let buffer = &mut buffer[..most];
        match self.stream.read(buffer) {
            Ok(0) => {
                let cause = match self.take_broken() {
                    // The kernel reported the reset once, to the write.
                    Some(error) if error.kind() == ErrorKind::ConnectionReset => ConnectionEnd::io(&error),
                    _ => ConnectionEnd::eof(),
                };
                self.end(cause, sink);
                NextStep::Remove
            }
            Ok(bytes) => {
                let at = shared.clock.now();
                shared.read_at = at;
                if self.take(&mut buffer[..bytes], 1, at, shared, sink) {
                    NextStep::Remove
                } else if bytes < buffer.len() && self.stream.tells_what_is_left() && !self.must_read_on() {
                    NextStep::Wait
                } else {
                    NextStep::ReadAgain
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    // It was another socket's end, that of an address that did not answer.
                    self.to_the_end = false;
                    NextStep::Wait
                }
                ErrorKind::Interrupted => NextStep::ReadAgain,
                _ => {
                    self.end(ConnectionEnd::io(&error), sink);
                    NextStep::Remove
                }
            },
        }
    }

    /// Does what few connections need. True if the connection can be removed.
    #[cold]
    fn receive_pending(&mut self, shared: &mut EngineState, sink: &mut impl EventSink) -> bool {
        if self.unsent() > 0 || self.stream.holds() {
            self.write_rest(shared);
        }
        let Some(pending_io) = &mut self.pending_io else { return false };
        let mut early = if self.withheld { Vec::new() } else { std::mem::take(&mut pending_io.early) };
        // What TLS still holds is pushed when the kernel reports room.
        if pending_io.is_spent() && !self.stream.holds() {
            self.pending_io = None;
        }
        let at = shared.clock.now();
        !early.is_empty() && self.take(&mut early, 0, at, shared, sink)
    }

    /// Takes the bytes of `calls` reads. True if the connection can be removed.
    #[inline]
    fn take(
        &mut self,
        bytes: &mut [u8],
        calls: u64,
        at: Time,
        shared: &mut EngineState,
        sink: &mut impl EventSink,
    ) -> bool {
        let compressed = self.framing.as_ref().is_some_and(|framing| framing.compresses());
        let mut read = ReadBatch { calls, bytes: bytes.len() as u64, ..ReadBatch::default() };
        let mut input = Input::from(bytes);
        let mut odd = 0_u32;
        let violation = loop {
            if let Some(event) = self.take_whole(&mut input, at, &mut read, sink) {
                odd += 1;
                if !deliver(event, at, sink) {
                    break Some(Violation::NotUtf8);
                }
                continue;
            }
            if input.is_empty() {
                break None;
            }
            match self.decoder.next(&mut input) {
                Ok(Some(Event::Message(message))) => {
                    read.message(message.payload.len());
                    sink.message(at, event(message));
                }
                Ok(Some(event)) => {
                    read.controls += 1;
                    Self::control(event, at, &mut self.state, self.pending_io.as_deref_mut(), shared, sink);
                }
                Ok(None) => break None,
                Err(violation) => {
                    if let Some(message) =
                        self.decoder.broken_off(&input).filter(|_| self.state != ConnectionState::Gone)
                    {
                        sink.offence(at, event(message));
                    }
                    break Some(violation);
                }
            }
        };
        if !shared.replies.is_empty() {
            self.reply(shared);
        }
        sink.read(at, read);
        if (odd > 0 || compressed) && shared.clock.now() >= at.plus(SLICE) {
            self.most = (self.most.min(read.bytes.try_into().unwrap_or(u32::MAX)) / 4).max(LEAST_READ);
        } else if odd == 0 {
            self.most = self.most.saturating_mul(4);
        }
        if compressed {
            self.decoder.release();
        }
        violation.is_some_and(|violation| self.fail(violation, shared, sink))
    }

    /// Hands over whole messages while they are the expected ones. Returns the first that is not.
    #[inline]
    fn take_whole<'b>(
        &self,
        input: &mut Input<'b>,
        at: Time,
        read: &mut ReadBatch,
        sink: &mut impl EventSink,
    ) -> Option<ledger::MessageEvent<'b>> {
        sink.in_order(at, WholeMessages { decoder: &self.decoder, input, read })
    }

    /// Reports the end, unless that was done.
    fn end(&mut self, cause: ConnectionEnd, sink: &mut impl EventSink) {
        if self.state != ConnectionState::Gone {
            self.state = ConnectionState::Gone;
            sink.ended(cause);
        }
    }

    fn take_broken(&mut self) -> Option<io::Error> {
        self.pending_io.as_mut()?.broken.take()
    }
}

impl Drop for LeanConnection {
    fn drop(&mut self) {
        self.stream.say_farewell();
    }
}

/// What to do after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Read again, as more may have arrived.
    ReadAgain,
    /// Wait until the kernel reports something.
    Wait,
    /// Remove the connection.
    Remove,
}

/// Hands over a message that may not be the expected one. False if it is text and not UTF-8, which
/// ends the connection.
#[cold]
fn deliver(event: ledger::MessageEvent<'_>, at: Time, sink: &mut impl EventSink) -> bool {
    let lawful = event.kind == MessageKind::Binary || str::from_utf8(event.bytes).is_ok();
    if lawful {
        sink.message(at, event);
    } else {
        sink.offence(at, event);
    }
    lawful
}

#[cfg(test)]
mod tests;
