//! The engine on tokio and tokio-tungstenite.
//!
//! What its tuning rests on: tungstenite fills its read buffer with zeros before every read, so that buffer is small;
//! a burst is queued whole and written by one flush; a connection is read until it is pending. A connection's waker puts
//! its number on a list, so a turn costs what is ready, not what is open.

mod timer;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::BytesMut;
use frames::Payloads;
use futures_util::task::AtomicWaker;
use futures_util::{FutureExt, Sink as _, Stream as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use self::timer::AsyncTimer;
use super::held_bytes::HeldBytes;
use super::unread_since::{PollResult, RunQueue, SocketPoll, UnreadSince};
use super::{ConnectionEnd, Engine, EventSink, ReadBatch};
use crate::clock::{Clock, Time};
use crate::ledger::MessageEvent;
use crate::message::MessageKind;
use crate::schedule::pacer::{SLICE, Wait};
use crate::transport::{ConnectionLimits, CountedStream, OpenConnection, StreamCounters, Transport};

/// Connections that tokio's event loop tells of in one look.
const TOLD_AT_ONCE: usize = 1024;

/// Messages between two looks at the clock.
const BETWEEN_LOOKS: u32 = 64;

/// Bytes of pongs that may wait for a peer that does not read. Then its pings are not read either: the library keeps a pong
/// for each.
const MAX_PONGS: u64 = 64 * 1024;

/// Connections on tokio-tungstenite.
pub(crate) struct Tungstenite {
    connections: Vec<Option<TungsteniteConnection>>,
    ready: Arc<ReadyList>,
    /// Connections of this turn that are still to be looked at, last first.
    turn: Vec<usize>,
    timer: AsyncTimer,
    /// What the looks of tokio's event loop tell of when bytes came.
    look: UnreadSince,
    run_queue: RunQueue,
    clock: Clock,
    held_bytes: HeldBytes,
    /// Connections that held too much and are no more, of which the worker was not told.
    unreported_ends: Vec<(usize, ConnectionEnd)>,
    /// Where messages are written before they are queued; its memory is used again as soon as they are.
    scratch: BytesMut,
}

type WebSocket = WebSocketStream<CountedStream<Transport>>;

struct TungsteniteConnection {
    socket: WebSocket,
    waker: Waker,
    signal: Arc<ConnectionWaker>,
    /// Bytes of frames that were queued, pongs included.
    queued: u64,
    /// Bytes of pongs that were queued since everything was last written.
    pongs: u64,
    /// Writes that [`Engine::flush`] has told of.
    told: u64,
    /// A flush could not write everything.
    blocked: bool,
    /// Writing failed; what can still be read is read first.
    broken: Option<Error>,
    /// The end was reported; what remains is to answer the peer's close.
    ended: bool,
    /// Bytes that were read when the last message was whole, and of control frames since.
    whole_at: u64,
    max_message: usize,
}

/// The numbers of connections that were woken, and the worker that waits for one.
#[derive(Default)]
struct ReadyList {
    list: Mutex<Vec<usize>>,
    worker: AtomicWaker,
}

impl ReadyList {
    fn list(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        // Nothing that holds the lock can panic half-way.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes one connection.
struct ConnectionWaker {
    slot: usize,
    listed: AtomicBool,
    ready: Arc<ReadyList>,
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            self.ready.list().push(self.slot);
            self.ready.worker.wake();
        }
    }
}

impl Tungstenite {
    /// An engine for `connections` connections. Must be called in a tokio runtime.
    pub(crate) fn new(connections: usize, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            connections: std::iter::repeat_with(|| None).take(connections).collect(),
            ready: Arc::default(),
            turn: Vec::new(),
            timer: AsyncTimer::new()?,
            look: UnreadSince::default(),
            run_queue: RunQueue::of_this_thread(),
            clock,
            held_bytes: HeldBytes::new(),
            unreported_ends: Vec::new(),
            scratch: BytesMut::new(),
        })
    }

    /// Counts what a connection holds, and ends the one that holds most if that is too much for all together.
    fn count(&mut self, slot: usize) {
        let held = self.connections[slot].as_ref().map_or(0, TungsteniteConnection::held);
        if let Some((largest, cause)) = self.held_bytes.update(slot, held)
            && let Some(connection) = self.connections[largest].take()
        {
            self.unreported_ends.push((largest, cause));
            connection.waker.wake();
        }
    }

    /// Tells of a connection that is no more.
    #[cold]
    fn report_end(&mut self, slot: usize, sink: &mut impl EventSink) {
        if let Some(at) = self.unreported_ends.iter().position(|&(of, _)| of == slot) {
            let (_, cause) = self.unreported_ends.swap_remove(at);
            sink.ended(cause);
        }
    }

    /// Gives the event loop its turn: it looks at the sockets, and does not wait.
    async fn yield_to_the_loop(&mut self) {
        if self.has_ready() {
            self.look.hold(); // What they have came before that look.
        }
        let began = self.clock.now();
        tokio::task::yield_now().await;
        self.look.take(&self.poll(began, began, None));
    }

    fn has_ready(&self) -> bool {
        !self.turn.is_empty() || !self.ready.list().is_empty()
    }

    /// What the event loop told since `began`.
    fn poll(&self, began: Time, ended: Time, until: Option<Time>) -> SocketPoll {
        let sockets = self.ready.list().len();
        let told = if sockets < TOLD_AT_ONCE { PollResult::All } else { PollResult::Some };
        SocketPoll { began, ended, until, delayed: None, told, sockets }
    }

    async fn sleep(&mut self, until: Time) {
        if self.has_ready() {
            // The event loop must have its turn all the same, or those who are ready would starve the others.
            return self.yield_to_the_loop().await;
        }
        let _ = self.run_queue.since_last();
        let began = self.clock.now();
        self.wait_for_ready(until).await;
        let mut poll = self.poll(began, self.clock.now(), Some(until));
        if poll.is_long() {
            // Tokio does not tell of a wait that a stop interrupted; but then the thread got a core more than once.
            let waited = self.run_queue.since_last().filter(|waited| waited.turns <= 1);
            poll.delayed = waited.map(|waited| waited.delayed);
        }
        self.look.take(&poll);
    }

    async fn wait_for_ready(&mut self, until: Time) {
        self.timer.set(Duration::from_nanos(until.since(self.clock.now())));
        std::future::poll_fn(|cx| {
            self.ready.worker.register(cx.waker());
            if self.ready.list().is_empty() { self.timer.poll(cx) } else { Poll::Ready(()) }
        })
        .await;
    }
}

impl Engine for Tungstenite {
    fn adopt(&mut self, slot: usize, opened: OpenConnection) {
        let OpenConnection { wire, behind, bounds } = opened;
        self.held_bytes.limit(bounds.memory);
        let wrapped = WebSocket::from_partially_read(wire, behind, Role::Client, Some(config(bounds))).now_or_never();
        let socket = wrapped.expect("there is nothing that it could wait for");
        let signal = Arc::new(ConnectionWaker { slot, listed: AtomicBool::new(false), ready: Arc::clone(&self.ready) });
        let waker = Waker::from(Arc::clone(&signal));
        // Frames may have come with the handshake, and the waker must be registered.
        waker.wake_by_ref();
        self.connections[slot] = Some(TungsteniteConnection {
            queued: socket.get_ref().passed.written_bytes,
            told: socket.get_ref().passed.writes,
            socket,
            pongs: 0,
            waker,
            signal,
            blocked: false,
            broken: None,
            ended: false,
            whole_at: 0,
            max_message: bounds.max_message,
        });
    }

    async fn wait(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => self.yield_to_the_loop().await,
            Wait::Until(time) => self.sleep(time).await,
        }
    }

    fn begin_turn(&mut self) {
        if self.turn.is_empty() {
            std::mem::swap(&mut self.turn, &mut *self.ready.list());
            self.turn.reverse();
        }
    }

    fn next_ready(&mut self) -> Option<usize> {
        self.turn.pop()
    }

    fn unread_since(&self) -> Time {
        self.look.since()
    }

    fn receive(&mut self, slot: usize, sink: &mut impl EventSink) {
        let Some(connection) = &mut self.connections[slot] else { return self.report_end(slot, sink) };
        connection.signal.listed.store(false, Ordering::Release);
        if connection.blocked {
            connection.flush();
        }
        if connection.receive(self.clock, sink) {
            self.connections[slot] = None;
        }
        self.count(slot);
    }

    fn queue(
        &mut self,
        slot: usize,
        len: usize,
        kinds: impl ExactSizeIterator<Item = MessageKind>,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        let Some(connection) = &mut self.connections[slot] else { return };
        self.scratch.resize(len * kinds.len(), 0);
        fill(Payloads::unmasked(&mut self.scratch, kinds.len()));
        for kind in kinds {
            let bytes = self.scratch.split_to(len).freeze();
            let message = match kind {
                MessageKind::Text => Message::Text(Utf8Bytes::try_from(bytes).expect("text payloads are UTF-8")),
                MessageKind::Binary => Message::Binary(bytes),
            };
            connection.queue(message, len);
        }
    }

    fn flush(&mut self, slot: usize) -> u64 {
        let Some(connection) = &mut self.connections[slot] else { return 0 };
        connection.flush();
        let writes = connection.passed().writes;
        let new = writes - std::mem::replace(&mut connection.told, writes);
        if connection.blocked {
            self.count(slot);
        }
        new
    }

    fn unsent(&self, slot: usize) -> u64 {
        self.connections[slot].as_ref().map_or(0, TungsteniteConnection::unsent)
    }

    fn close(&mut self, slot: usize) {
        let Some(connection) = &mut self.connections[slot] else { return };
        connection.send_close(CloseCode::Normal);
    }
}

impl TungsteniteConnection {
    fn passed(&self) -> StreamCounters {
        self.socket.get_ref().passed
    }

    fn unsent(&self) -> u64 {
        self.queued.saturating_sub(self.passed().written_bytes)
    }

    /// Bytes of a message that has not come whole, about, and those that the transport has not taken. The library does not tell:
    /// empty fragments, of which it keeps nothing, are taken for bytes.
    fn held(&self) -> usize {
        let unfinished = self.passed().read_bytes.saturating_sub(self.whole_at);
        usize::try_from(unfinished).unwrap_or(usize::MAX).min(self.max_message)
            + usize::try_from(self.unsent()).unwrap_or(usize::MAX)
    }

    fn queue(&mut self, message: Message, len: usize) {
        // RFC 6455, section 5.2: two bytes, the mask, and two or eight of length where seven bits don't hold it.
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

    fn flush(&mut self) {
        match Pin::new(&mut self.socket).poll_flush(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => self.blocked = true,
            Poll::Ready(Ok(())) => {
                self.blocked = false;
                (self.pongs, self.queued) = (0, self.passed().written_bytes);
            }
            Poll::Ready(Err(error)) => self.fail(error),
        }
    }

    fn send_close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code, reason: Utf8Bytes::default() };
        self.queue(Message::Close(Some(frame)), 2);
        self.flush();
    }

    fn fail(&mut self, error: Error) {
        self.blocked = false;
        self.broken.get_or_insert(error);
        self.waker.wake_by_ref();
    }

    /// Whether too many pongs wait for the peer to read, after another try to write them.
    fn must_not_read(&mut self) -> bool {
        if self.pongs > MAX_PONGS {
            self.flush();
        }
        self.pongs > MAX_PONGS && self.broken.is_none()
    }

    /// Reads until the socket is pending, or for about a [`SLICE`]; true when the connection can be forgotten.
    fn receive(&mut self, clock: Clock, sink: &mut impl EventSink) -> bool {
        let mut seen = self.passed();
        let mut read = ReadBatch::default();
        let (mut taken, mut until) = (0_u32, None);
        loop {
            let look = taken > 0 && taken.is_multiple_of(BETWEEN_LOOKS);
            let over = look && is_over(clock, &mut until);
            if over {
                // What was read and not handed over yet wakes nobody.
                self.waker.wake_by_ref();
            }
            if over || self.must_not_read() {
                if read != ReadBatch::default() {
                    sink.read(seen.read_at, read);
                }
                return false;
            }
            let polled = Pin::new(&mut self.socket).poll_next(&mut Context::from_waker(&self.waker));
            let passed = self.passed();
            if passed.reads != seen.reads {
                if read.calls > 0 {
                    sink.read(seen.read_at, read);
                }
                let (calls, bytes) = (passed.reads - seen.reads, passed.read_bytes - seen.read_bytes);
                read = ReadBatch { calls, bytes, ..ReadBatch::default() };
                seen = passed;
            }
            let end = match polled {
                Poll::Ready(Some(Ok(message))) => {
                    taken = taken.wrapping_add(1);
                    self.take(&message, seen.read_at, &mut read, sink);
                    continue;
                }
                Poll::Pending => self.broken.take().map(|error| cause_of(&error)),
                Poll::Ready(Some(Err(error))) => {
                    if let Some(code) = close_code(&error) {
                        self.send_close(code);
                    }
                    Some(self.cause_of_end(&error))
                }
                Poll::Ready(None) => Some(ConnectionEnd::eof()),
            };
            if read != ReadBatch::default() {
                sink.read(seen.read_at, read);
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
    fn cause_of_end(&mut self, error: &Error) -> ConnectionEnd {
        match (error, self.broken.take()) {
            // The kernel has told of the reset once, to the write; to the read it is an end like any other.
            (Error::Protocol(ProtocolError::ResetWithoutClosingHandshake), Some(Error::Io(told)))
                if told.kind() == io::ErrorKind::ConnectionReset =>
            {
                ConnectionEnd::io(&told)
            }
            _ => cause_of(error),
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
                // The answer goes out, and the peer closes TCP: RFC 6455, section 7.1.1.
                if !self.ended {
                    self.ended = true;
                    let content = frame.as_ref().map(|frame| (frame.code.into(), frame.reason.as_bytes()));
                    sink.ended(ConnectionEnd::closed(content));
                }
                return;
            }
        };
        self.whole_at = self.passed().read_bytes;
        read.message(event.bytes.len());
        sink.message(at, event);
    }
}

/// Whether a slice that began with the first call is over.
fn is_over(clock: Clock, until: &mut Option<Time>) -> bool {
    let now = clock.now();
    now >= *until.get_or_insert_with(|| now.plus(SLICE))
}

fn config(bounds: ConnectionLimits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(bounds.read_buffer)
        // Nothing is written before the flush: the time of a write is taken just before it.
        .write_buffer_size(usize::MAX - 1)
        .max_message_size(Some(bounds.max_message))
        .max_frame_size(Some(bounds.max_message))
}

/// Names an error.
fn cause_of(error: &Error) -> ConnectionEnd {
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

/// What this end says when it fails the connection because of an error of the peer: RFC 6455, section 7.4.1.
fn close_code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
}
