//! The engine on tokio and tokio-tungstenite.
//!
//! tungstenite fills its read buffer with zeros before every read, so that buffer is small. A burst
//! is queued whole and written by one flush. A connection is read until it is pending. Its waker
//! puts its number on a list, so a turn costs what is ready, not what is open.

mod connection;
mod ready_list;
mod timer;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    time::Duration,
};

use bytes::BytesMut;
use frames::Payloads;
use futures_util::FutureExt;
use tokio_tungstenite::tungstenite::{
    Message, Utf8Bytes,
    protocol::{Role, frame::coding::CloseCode},
};

use self::{
    connection::{ClientWebSocket, TungsteniteConnection, config},
    ready_list::{ConnectionWaker, ReadyList},
    timer::AsyncTimer,
};
use super::{
    ConnectionEnd, Engine, EventSink,
    held_bytes::HeldBytes,
    unread_since::{PollResult, RunQueue, SocketPoll, UnreadSince},
};
use crate::{
    clock::{Clock as _, RealClock, Time},
    message::MessageKind,
    schedule::pacer::Wait,
    transport::OpenConnection,
};

/// Connections that tokio's event loop reports in one poll.
const EVENTS_PER_POLL: usize = 1024;

/// Moves messages with tokio-tungstenite.
pub(crate) struct Tungstenite {
    connections: Vec<Option<TungsteniteConnection>>,
    ready: Arc<ReadyList>,
    /// Connections to visit in this turn, last first.
    turn: Vec<usize>,
    timer: AsyncTimer,
    /// When the bytes of this turn arrived at the earliest.
    unread_since: UnreadSince,
    run_queue: RunQueue,
    clock: RealClock,
    held_bytes: HeldBytes,
    /// Connections that held too much and were ended. The worker does not know of them.
    unreported_ends: Vec<(usize, ConnectionEnd)>,
    /// Messages are written here before they are queued. The memory is reused.
    scratch: BytesMut,
    /// Their kinds and lengths.
    burst: (Vec<MessageKind>, Vec<usize>),
}

impl Tungstenite {
    /// An engine for `connections` connections. Must be called in a tokio runtime.
    pub(crate) fn new(connections: usize, clock: RealClock) -> io::Result<Self> {
        Ok(Self {
            connections: std::iter::repeat_with(|| None).take(connections).collect(),
            ready: Arc::default(),
            turn: Vec::new(),
            timer: AsyncTimer::new()?,
            unread_since: UnreadSince::default(),
            run_queue: RunQueue::of_this_thread(),
            clock,
            held_bytes: HeldBytes::new(),
            unreported_ends: Vec::new(),
            scratch: BytesMut::new(),
            burst: Default::default(),
        })
    }

    /// Counts the bytes that a connection holds. Ends the one that holds most if all together hold
    /// too much.
    fn count(&mut self, slot: usize) {
        let held = self.connections[slot].as_ref().map_or(0, TungsteniteConnection::held);
        if let Some((largest, cause)) = self.held_bytes.update(slot, held)
            && let Some(connection) = self.connections[largest].take()
        {
            self.unreported_ends.push((largest, cause));
            connection.waker.wake();
        }
    }

    /// Reports the end of a connection to the worker.
    #[cold]
    fn report_end(&mut self, slot: usize, sink: &mut impl EventSink) {
        if let Some(at) = self.unreported_ends.iter().position(|&(of, _)| of == slot) {
            let (_, cause) = self.unreported_ends.swap_remove(at);
            sink.ended(cause);
        }
    }

    /// Lets the event loop poll the sockets, without waiting.
    async fn yield_to_the_loop(&mut self) {
        if self.has_ready() {
            self.unread_since.leave_unread(); // What they have came before that unread_since.
        }
        let began = self.clock.now();
        tokio::task::yield_now().await;
        self.unread_since.take(&self.poll(began, began, None));
    }

    fn has_ready(&self) -> bool {
        !self.turn.is_empty() || !self.ready.list().is_empty()
    }

    /// What the event loop reported since `began`.
    fn poll(&self, began: Time, ended: Time, until: Option<Time>) -> SocketPoll {
        let sockets = self.ready.list().len();
        let result = if sockets < EVENTS_PER_POLL { PollResult::Complete } else { PollResult::Partial };
        SocketPoll { began, ended, until, delayed: None, result, sockets }
    }

    async fn sleep(&mut self, until: Time) {
        if self.has_ready() {
            // The event loop must run all the same, or the ready connections would starve the
            // others.
            return self.yield_to_the_loop().await;
        }
        let _ = self.run_queue.since_last();
        let began = self.clock.now();
        self.wait_for_ready(until).await;
        let mut poll = self.poll(began, self.clock.now(), Some(until));
        if poll.is_long() {
            // Tokio hides that a signal interrupted a wait. But then the thread got a core more
            // than once.
            let waited = self.run_queue.since_last().filter(|waited| waited.turns <= 1);
            poll.delayed = waited.map(|waited| waited.delayed);
        }
        self.unread_since.take(&poll);
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
        let OpenConnection { stream, early_bytes, limits } = opened;
        self.held_bytes.limit(limits.memory);
        let wrapped = ClientWebSocket::from_partially_read(stream, early_bytes, Role::Client, Some(config(limits)))
            .now_or_never();
        let socket = wrapped.expect("there is nothing that it could wait for");
        let signal = Arc::new(ConnectionWaker { slot, listed: AtomicBool::new(false), ready: Arc::clone(&self.ready) });
        let waker = Waker::from(Arc::clone(&signal));
        // Frames may have come with the handshake, and the waker must be registered.
        waker.wake_by_ref();
        self.connections[slot] = Some(TungsteniteConnection {
            queued: socket.get_ref().counters.written_bytes,
            reported_writes: socket.get_ref().counters.writes,
            socket,
            pongs: 0,
            waker,
            signal,
            blocked: false,
            broken: None,
            ended: false,
            whole_at: 0,
            max_message: limits.max_message,
        });
    }

    async fn wait_async(&mut self, wait: Wait) {
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
        self.unread_since.since()
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
        messages: impl ExactSizeIterator<Item = (MessageKind, usize)>,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        let Some(connection) = &mut self.connections[slot] else { return };
        let (kinds, lengths) = &mut self.burst;
        kinds.clear();
        lengths.clear();
        for (kind, length) in messages {
            kinds.push(kind);
            lengths.push(length);
        }
        self.scratch.resize(lengths.iter().sum(), 0);
        fill(Payloads::bare(&mut self.scratch, lengths));
        for (&kind, &length) in kinds.iter().zip(&*lengths) {
            let bytes = self.scratch.split_to(length).freeze();
            let message = match kind {
                MessageKind::Text => Message::Text(Utf8Bytes::try_from(bytes).expect("text payloads are UTF-8")),
                MessageKind::Binary => Message::Binary(bytes),
            };
            connection.queue(message, length);
        }
    }

    fn flush(&mut self, slot: usize) -> u64 {
        let Some(connection) = &mut self.connections[slot] else { return 0 };
        connection.flush();
        let writes = connection.counters().writes;
        let new = writes - std::mem::replace(&mut connection.reported_writes, writes);
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
