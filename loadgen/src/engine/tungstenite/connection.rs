//! One connection on tungstenite.

use std::io::ErrorKind;

use bytes::Bytes;
use tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    error::ProtocolError,
    protocol::{
        CloseFrame, Role, WebSocketConfig,
        frame::{
            Frame,
            coding::{CloseCode, Data as OpData, OpCode},
        },
    },
};

use super::counted_stream::{CountedStream, Left, StreamCounters};
use crate::{
    clock::{Clock as _, RealClock, Time},
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger::MessageEvent,
    message::MessageKind,
    schedule::pacer::SLICE,
    transport::ConnectionLimits,
};

/// Messages between two checks of the clock.
const BETWEEN_CHECKS: u32 = 64;

/// Bytes of pongs that may wait for a peer that does not read. Beyond, its pings are not read, as
/// the library keeps a pong for each.
const MAX_PONGS: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) struct TungsteniteConnection {
    socket: WebSocket<CountedStream>,
    /// Bytes of frames that were queued, pongs included.
    queued: u64,
    /// Bytes of pongs queued since everything was last written.
    pongs: u64,
    /// Writes that [`Engine::flush`](crate::engine::Engine::flush) has returned.
    reported_writes: u64,
    /// A flush could not write everything.
    blocked: bool,
    /// Why the library takes no more messages. What has arrived is still read first.
    broken: Option<Error>,
    /// The end was reported. The peer's Close may still have to be answered.
    ended: bool,
    /// Reads are withheld.
    withheld: bool,
    /// Bytes read when the last message was whole, plus control frames since.
    whole_at: u64,
    max_message: usize,
}

/// What to do after a connection was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Read again in the next turn: something is left that the kernel does not report.
    ReadAgain,
    /// Wait until the kernel reports something.
    Wait,
    /// Remove the connection.
    Remove,
}

impl TungsteniteConnection {
    pub(super) fn new(stream: CountedStream, early: Vec<u8>, limits: ConnectionLimits) -> Self {
        Self {
            socket: WebSocket::from_partially_read(stream, early, Role::Client, Some(config(limits))),
            queued: 0,
            pongs: 0,
            reported_writes: 0,
            blocked: false,
            broken: None,
            ended: false,
            withheld: false,
            whole_at: 0,
            max_message: limits.max_message,
        }
    }

    fn counters(&self) -> StreamCounters {
        self.socket.get_ref().counters
    }

    /// The stream has ended or failed.
    pub(super) fn read_to_the_end(&mut self) {
        self.socket.get_mut().read_to_the_end();
    }

    /// Withholds reads, or lets them go on.
    pub(super) fn set_reading(&mut self, reading: bool) {
        self.withheld = !reading;
    }

    /// Whether reads are withheld.
    pub(super) fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// Whether a turn reads once only.
    pub(super) fn is_paced(&self) -> bool {
        self.socket.get_ref().is_paced()
    }

    /// Whether the end was reported.
    pub(super) fn is_gone(&self) -> bool {
        self.ended
    }

    /// Closes the connection with a TCP reset.
    pub(super) fn reset(mut self) {
        self.socket.get_mut().reset();
    }

    /// Whether writing has failed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some() || self.socket.get_ref().broken.is_some()
    }

    /// Whether a flush could not write everything.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Writes since the last call.
    pub(super) fn take_writes(&mut self) -> u64 {
        let writes = self.counters().writes;
        writes - std::mem::replace(&mut self.reported_writes, writes)
    }

    pub(super) fn unsent(&self) -> u64 {
        self.queued.saturating_sub(self.counters().written_bytes)
    }

    /// About how many bytes the connection holds: the message that is not whole, and what the
    /// transport has not taken. The library does not tell, so empty fragments count although it
    /// keeps nothing of them.
    pub(super) fn held(&self) -> usize {
        let unfinished = self.counters().read_bytes.saturating_sub(self.whole_at);
        usize::try_from(unfinished).unwrap_or(usize::MAX).min(self.max_message)
            + usize::try_from(self.unsent()).unwrap_or(usize::MAX)
    }

    /// Queues a message, in fragments if the route wants that.
    pub(super) fn queue_message(&mut self, kind: MessageKind, payload: Bytes) {
        let most = self.socket.get_ref().fragment().map(|most| most.get() as usize);
        let Some(most) = most.filter(|&most| payload.len() > most) else {
            let len = payload.len();
            let message = match kind {
                MessageKind::Text => Message::Text(Utf8Bytes::try_from(payload).expect("text payloads are UTF-8")),
                MessageKind::Binary => Message::Binary(payload),
            };
            return self.queue(message, len);
        };
        let mut opcode = match kind {
            MessageKind::Text => OpData::Text,
            MessageKind::Binary => OpData::Binary,
        };
        let mut rest = payload;
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(most));
            let len = part.len();
            self.queue(Message::Frame(Frame::message(part, OpCode::Data(opcode), rest.is_empty())), len);
            opcode = OpData::Continue;
        }
    }

    /// Sends a ping.
    pub(super) fn ping(&mut self, payload: &[u8]) -> bool {
        if self.ended || !self.socket.can_write() {
            return false;
        }
        self.queue(Message::Ping(Bytes::copy_from_slice(payload)), payload.len());
        self.flush();
        true
    }

    fn queue(&mut self, message: Message, len: usize) {
        // RFC 6455, section 5.2: two bytes, the mask, and two or eight bytes for a longer length.
        let header = match len {
            0..126 => 6,
            126..65_536 => 8,
            _ => 14,
        };
        self.queued += (header + len) as u64;
        match self.socket.write(message) {
            Ok(()) => {}
            // It was taken, and is written later.
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.fail(error),
        }
    }

    pub(super) fn flush(&mut self) {
        match self.socket.flush() {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => self.blocked = true,
            Ok(()) | Err(Error::ConnectionClosed) => {
                self.blocked = false;
                (self.pongs, self.queued) = (0, self.counters().written_bytes);
            }
            Err(error) => self.fail(error),
        }
    }

    pub(super) fn send_close(&mut self, code: CloseCode) {
        self.socket.get_mut().read_freely();
        let frame = CloseFrame { code, reason: Utf8Bytes::default() };
        self.queue(Message::Close(Some(frame)), 2);
        self.flush();
    }

    fn fail(&mut self, error: Error) {
        self.blocked = false;
        self.broken.get_or_insert(error);
    }

    /// Why writing failed, once.
    fn take_broken(&mut self) -> Option<Error> {
        let of_stream = self.socket.get_mut().broken.take().map(Error::Io);
        of_stream.or(self.broken.take())
    }

    /// Whether too many pongs wait for the peer, after another try to write them.
    fn must_not_read(&mut self) -> bool {
        if self.pongs > MAX_PONGS {
            self.flush();
        }
        self.pongs > MAX_PONGS && !self.is_broken()
    }

    /// Finishes pending writes, and reads until the socket is empty or for about a [`SLICE`].
    pub(super) fn receive(&mut self, clock: RealClock, sink: &mut impl EventSink) -> NextStep {
        if self.blocked {
            self.flush();
        }
        if self.withheld && !self.is_broken() {
            return NextStep::Wait;
        }
        self.socket.get_mut().resume();
        let next = self.read_messages(clock, sink);
        // A read may make TLS answer.
        if next != NextStep::Remove && self.socket.get_ref().holds() {
            self.flush();
        }
        next
    }

    fn read_messages(&mut self, clock: RealClock, sink: &mut impl EventSink) -> NextStep {
        let mut counted = self.counters();
        let mut read = ReadBatch::default();
        let (mut taken, mut until) = (0_u32, None);
        let next = loop {
            // Bytes that were read and not handed over are not reported by the kernel.
            if taken > 0 && taken.is_multiple_of(BETWEEN_CHECKS) && is_over(clock, &mut until) {
                break NextStep::ReadAgain;
            }
            if self.must_not_read() {
                break NextStep::Wait;
            }
            let message = self.socket.read();
            let counters = self.counters();
            if counters.reads != counted.reads {
                if read.calls > 0 {
                    sink.read(counted.read_at, read);
                }
                let (calls, bytes) = (counters.reads - counted.reads, counters.read_bytes - counted.read_bytes);
                read = ReadBatch { calls, bytes, ..ReadBatch::default() };
                counted = counters;
            }
            match message {
                Ok(message) => {
                    taken = taken.wrapping_add(1);
                    self.take(&message, counted.read_at, &mut read, sink);
                }
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    if self.socket.get_ref().left() == Left::Something {
                        break NextStep::ReadAgain;
                    }
                    let Some(error) = self.take_broken() else { break NextStep::Wait };
                    self.report(read, counted.read_at, Some(connection_end(&error)), sink);
                    return NextStep::Remove;
                }
                Err(error) => {
                    let cause = self.end_after(&error);
                    self.report(read, counted.read_at, Some(cause), sink);
                    return NextStep::Remove;
                }
            }
        };
        self.report(read, counted.read_at, None, sink);
        next
    }

    /// Reports the last reads, and the end unless that was done.
    fn report(&mut self, read: ReadBatch, at: Time, end: Option<ConnectionEnd>, sink: &mut impl EventSink) {
        if read != ReadBatch::default() {
            sink.read(at, read);
        }
        if let Some(cause) = end.filter(|_| !self.ended) {
            self.ended = true;
            sink.ended(cause);
        }
    }

    /// Why reading ended with `error`. Tells the peer if it made it.
    fn end_after(&mut self, error: &Error) -> ConnectionEnd {
        if let Some(code) = close_code(error) {
            self.send_close(code);
        }
        match (error, self.take_broken()) {
            (Error::ConnectionClosed | Error::AlreadyClosed, _) => ConnectionEnd::eof(),
            // The kernel reported the reset once, to the write. A read sees an ordinary end.
            (Error::Protocol(ProtocolError::ResetWithoutClosingHandshake), Some(Error::Io(reported_writes)))
                if reported_writes.kind() == ErrorKind::ConnectionReset =>
            {
                ConnectionEnd::io(&reported_writes)
            }
            _ => connection_end(error),
        }
    }

    fn take(&mut self, message: &Message, at: Time, read: &mut ReadBatch, sink: &mut impl EventSink) {
        let event = match message {
            Message::Text(text) => MessageEvent { kind: MessageKind::Text, bytes: text.as_bytes() },
            Message::Binary(bytes) => MessageEvent { kind: MessageKind::Binary, bytes },
            // The library answers pings with the next read or write.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                self.whole_at += 2 + message.len() as u64;
                match message {
                    Message::Ping(payload) => {
                        let pong = 6 + payload.len() as u64;
                        self.pongs += pong;
                        self.queued += pong;
                    }
                    Message::Pong(payload) => sink.pong(at, payload),
                    _ => {}
                }
                read.controls += 1;
                return;
            }
            Message::Close(frame) => {
                read.controls += 1;
                // The answer is sent, and then the peer closes TCP: RFC 6455, section 7.1.1.
                if !self.ended {
                    self.ended = true;
                    let content = frame.as_ref().map(|frame| (frame.code.into(), frame.reason.as_bytes()));
                    sink.ended(ConnectionEnd::closed(content));
                }
                return;
            }
        };
        self.whole_at = self.counters().read_bytes;
        read.message(event.bytes.len());
        sink.message(at, event);
    }
}

/// Whether the slice is over that began with the first call.
fn is_over(clock: RealClock, until: &mut Option<Time>) -> bool {
    let now = clock.now();
    now >= *until.get_or_insert_with(|| now.plus(SLICE))
}

fn config(limits: ConnectionLimits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(limits.read_buffer)
        // Nothing is written before the flush, since a write's time is taken just before it.
        .write_buffer_size(usize::MAX - 1)
        .max_message_size(Some(limits.max_message))
        .max_frame_size(Some(limits.max_message))
}

/// Names an error.
fn connection_end(error: &Error) -> ConnectionEnd {
    let kind = match error {
        Error::ConnectionClosed | Error::AlreadyClosed => "closed",
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => "eof",
        Error::Protocol(_) => "protocol_error",
        Error::Utf8(_) => "invalid_utf8",
        Error::Capacity(_) => "message_too_big",
        Error::Io(error) => crate::transport::io_kind(error),
        _ => "other",
    };
    ConnectionEnd::new(kind, &error.to_string())
}

/// The code of our Close when the peer made an error: RFC 6455, section 7.4.1.
fn close_code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
}
