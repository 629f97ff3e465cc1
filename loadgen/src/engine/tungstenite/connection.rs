//! One connection on tokio-tungstenite.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::{Sink as _, Stream as _};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::ProtocolError,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::ready_list::ConnectionWaker;
use crate::{
    clock::{Clock as _, RealClock, Time},
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger::MessageEvent,
    message::MessageKind,
    schedule::pacer::SLICE,
    transport::{ConnectionLimits, CountedStream, StreamCounters, Transport},
};

/// Messages between two checks of the clock.
const BETWEEN_CHECKS: u32 = 64;

/// Bytes of pongs that may wait for a peer that does not read. Beyond, its pings are not read, as
/// the library keeps a pong for each.
const MAX_PONGS: u64 = 64 * 1024;

pub(super) type ClientWebSocket = WebSocketStream<CountedStream<Transport>>;

pub(super) struct TungsteniteConnection {
    pub(super) socket: ClientWebSocket,
    pub(super) waker: Waker,
    pub(super) signal: Arc<ConnectionWaker>,
    /// Bytes of frames that were queued, pongs included.
    pub(super) queued: u64,
    /// Bytes of pongs queued since everything was last written.
    pub(super) pongs: u64,
    /// Writes that [`Engine::flush`](crate::engine::Engine::flush) has returned.
    pub(super) reported_writes: u64,
    /// A flush could not write everything.
    pub(super) blocked: bool,
    /// Why writing failed. What has arrived is still read first.
    pub(super) broken: Option<Error>,
    /// The end was reported. The peer's Close may still have to be answered.
    pub(super) ended: bool,
    /// Bytes read when the last message was whole, plus control frames since.
    pub(super) whole_at: u64,
    pub(super) max_message: usize,
}

impl TungsteniteConnection {
    pub(super) fn counters(&self) -> StreamCounters {
        self.socket.get_ref().counters
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

    pub(super) fn queue(&mut self, message: Message, len: usize) {
        // RFC 6455, section 5.2: two bytes, the mask, and two or eight bytes for a longer length.
        let header = match len {
            0..126 => 6,
            126..65_536 => 8,
            _ => 14,
        };
        self.queued += (header + len) as u64;
        if let Err(error) = Pin::new(&mut self.socket).start_send(message) {
            self.fail(error);
        }
    }

    pub(super) fn flush(&mut self) {
        match Pin::new(&mut self.socket).poll_flush(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => self.blocked = true,
            Poll::Ready(Ok(())) => {
                self.blocked = false;
                (self.pongs, self.queued) = (0, self.counters().written_bytes);
            }
            Poll::Ready(Err(error)) => self.fail(error),
        }
    }

    pub(super) fn send_close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code, reason: Utf8Bytes::default() };
        self.queue(Message::Close(Some(frame)), 2);
        self.flush();
    }

    fn fail(&mut self, error: Error) {
        self.blocked = false;
        self.broken.get_or_insert(error);
        self.waker.wake_by_ref();
    }

    /// Whether too many pongs wait for the peer, after another try to write them.
    fn must_not_read(&mut self) -> bool {
        if self.pongs > MAX_PONGS {
            self.flush();
        }
        self.pongs > MAX_PONGS && self.broken.is_none()
    }

    /// Reads until the socket is empty, or for about a [`SLICE`]. True if the connection can be
    /// removed.
    pub(super) fn receive(&mut self, clock: RealClock, sink: &mut impl EventSink) -> bool {
        let mut counted = self.counters();
        let mut read = ReadBatch::default();
        let (mut taken, mut until) = (0_u32, None);
        loop {
            let unread_since = taken > 0 && taken.is_multiple_of(BETWEEN_CHECKS);
            let over = unread_since && is_over(clock, &mut until);
            if over {
                // Bytes that were read and not handed over wake nobody.
                self.waker.wake_by_ref();
            }
            if over || self.must_not_read() {
                if read != ReadBatch::default() {
                    sink.read(counted.read_at, read);
                }
                return false;
            }
            let polled = Pin::new(&mut self.socket).poll_next(&mut Context::from_waker(&self.waker));
            let counters = self.counters();
            if counters.reads != counted.reads {
                if read.calls > 0 {
                    sink.read(counted.read_at, read);
                }
                let (calls, bytes) = (counters.reads - counted.reads, counters.read_bytes - counted.read_bytes);
                read = ReadBatch { calls, bytes, ..ReadBatch::default() };
                counted = counters;
            }
            let end = match polled {
                Poll::Ready(Some(Ok(message))) => {
                    taken = taken.wrapping_add(1);
                    self.take(&message, counted.read_at, &mut read, sink);
                    continue;
                }
                Poll::Pending => self.broken.take().map(|error| connection_end(&error)),
                Poll::Ready(Some(Err(error))) => {
                    if let Some(code) = close_code(&error) {
                        self.send_close(code);
                    }
                    Some(self.end_after(&error))
                }
                Poll::Ready(None) => Some(ConnectionEnd::eof()),
            };
            if read != ReadBatch::default() {
                sink.read(counted.read_at, read);
            }
            let over = end.is_some();
            if let Some(cause) = end.filter(|_| !self.ended) {
                self.ended = true;
                sink.ended(cause);
            }
            return over;
        }
    }

    /// Why reading ended with `error`.
    fn end_after(&mut self, error: &Error) -> ConnectionEnd {
        match (error, self.broken.take()) {
            // The kernel reported the reset once, to the write. A read sees an ordinary end.
            (Error::Protocol(ProtocolError::ResetWithoutClosingHandshake), Some(Error::Io(reported_writes)))
                if reported_writes.kind() == io::ErrorKind::ConnectionReset =>
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
            // tungstenite answers pings with the next read or write.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                self.whole_at += 2 + message.len() as u64;
                if let Message::Ping(payload) = message {
                    let pong = 6 + payload.len() as u64;
                    self.pongs += pong;
                    self.queued += pong;
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

pub(super) fn config(limits: ConnectionLimits) -> WebSocketConfig {
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
