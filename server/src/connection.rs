//! One connection from its first byte to its last: one task, which reads what there is, answers it, and flushes once.

use std::{
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use futures_util::{Sink, Stream};
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    closing::{Ending, finish, linger},
    handshake::{Refusal, upgrade},
    options::Limits,
    registry::{Entry, Notice, Watched},
    socket::Socket,
    worker::{Permit, Worker},
};

/// Bytes read at once, and nearly all the memory of an idle connection. The WebSocket library zeroes this much before each
/// read, so a large one costs more time than it saves.
const READ_BUFFER: usize = 4 * 1024;

/// Bytes of echoes after which the library writes without waiting for the flush: a burst larger than this is on its way
/// back before its end has come.
const WRITE_BUFFER: usize = 16 * 1024;

/// Room in the write buffer for pongs and the Close frame on top of the echoes, in bytes.
const CONTROL_FRAMES: usize = 4 * 1024;

/// Serves a connection until it ends.
pub(crate) async fn serve(tcp: TcpStream, permit: Option<Permit>, entry: Entry, worker: Rc<Worker>) {
    poll_fn(|cx| {
        entry.watched.wake_with(cx.waker());
        Poll::Ready(())
    })
    .await;
    let limits = &worker.limits;
    let mut socket = Socket::new(tcp, Rc::clone(&entry.watched));
    // Boxed, as its state would otherwise stay a part of every connection's memory.
    let handshake = Box::pin(upgrade(&mut socket, permit.is_none(), limits.handshake));
    match unless_noticed(&entry.watched, handshake).await {
        Ok(Ok(())) => {}
        // Nothing was promised before the handshake, so there is nothing to keep.
        Err(_) => return worker.count(|stats| stats.failed_handshakes += 1),
        Ok(Err(refusal)) => {
            worker.count(|stats| match refusal {
                Refusal::Full => stats.refused += 1,
                Refusal::Failed => stats.failed_handshakes += 1,
            });
            let _ = timeout(limits.closing, linger(&mut socket)).await;
            return;
        }
    }

    socket.count_frames(limits.frames_per_message);
    let stream = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config(&worker))).await;
    let mut echo = Echo { stream, unflushed: false, stall: None, watched: &entry.watched, worker: &worker };
    let ending = poll_fn(|cx| echo.poll(cx)).await;
    worker.count(|stats| match ending {
        Ending::Closed | Ending::Notice(Notice::Shutdown) => {}
        Ending::HalfClosed | Ending::Broken => stats.broken += 1,
        Ending::Stalled => stats.stalled += 1,
        Ending::Fault(..) => stats.protocol_errors += 1,
        Ending::Notice(Notice::Idle) => stats.idled += 1,
    });
    Box::pin(finish(echo.stream, ending, limits.closing)).await;
}

/// `future`, or the notice that comes before it is done.
async fn unless_noticed<T>(watched: &Watched, mut future: Pin<Box<impl Future<Output = T>>>) -> Result<T, Notice> {
    poll_fn(|cx| match watched.notice() {
        Some(notice) => Poll::Ready(Err(notice)),
        None => future.as_mut().poll(cx).map(Ok),
    })
    .await
}

fn config(worker: &Worker) -> WebSocketConfig {
    let Limits { message_bytes, unsent_bytes, .. } = worker.limits;
    // Echoes are accepted while no more than `unsent_bytes` wait, so one more message must always fit.
    let largest = message_bytes.max(worker.reply.as_ref().map_or(0, Message::len));
    let room = unsent_bytes.saturating_add(largest).saturating_add(WRITE_BUFFER + CONTROL_FRAMES);
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(room)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes))
}

/// The open state of a connection.
struct Echo<'a> {
    stream: WebSocketStream<Socket>,
    /// Something was written into the WebSocket that may not have left it.
    unflushed: bool,
    /// Runs while the peer takes nothing and owes us reading.
    stall: Option<Stall>,
    watched: &'a Watched,
    worker: &'a Worker,
}

/// A peer over its limit that has taken no byte since `written`.
struct Stall {
    written: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Echo<'_> {
    /// Answers messages until the connection shall end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        if let Some(notice) = self.watched.notice() {
            return Poll::Ready(Ending::Notice(notice));
        }
        // Left over from the last poll, which may have ended for want of budget: a peer that always has more to read must
        // not delay what it is owed.
        if self.unflushed && self.poll_flush(cx).is_err() {
            return Poll::Ready(Ending::Broken);
        }
        loop {
            let may_read = self.may_read();
            if may_read && let Poll::Ready(message) = Pin::new(&mut self.stream).poll_next(cx) {
                match message {
                    Some(Ok(message)) => {
                        if let Some(ending) = self.answer(message) {
                            return Poll::Ready(ending);
                        }
                        continue;
                    }
                    Some(Err(error)) => return Poll::Ready(error.into()),
                    None => return Poll::Ready(Ending::Closed),
                }
            }
            if self.unflushed && self.poll_flush(cx).is_err() {
                return Poll::Ready(Ending::Broken);
            }
            if may_read {
                return Poll::Pending;
            }
            if !self.may_read() {
                return self.poll_stall(cx);
            }
        }
    }

    /// Whether the peer has taken enough of its echoes to get more.
    fn may_read(&self) -> bool {
        self.stream.get_ref().unsent() <= self.worker.limits.unsent_bytes
    }

    /// Queues the answer to a message. `Some` if it was the last.
    fn answer(&mut self, message: Message) -> Option<Ending> {
        let reply = match message {
            Message::Close(_) => return Some(Ending::Closed),
            Message::Ping(payload) => {
                // The library queues the pong itself and writes it at the next read or flush.
                self.owe(payload.len());
                return None;
            }
            Message::Pong(_) | Message::Frame(_) => return None,
            message => self.worker.reply.clone().unwrap_or(message),
        };
        self.worker.count(|stats| stats.messages += 1);
        self.owe(reply.len());
        // Without `poll_ready`, which flushes once the socket is full: this sink buffers up to its maximum regardless, and
        // `may_read` keeps it below that.
        Pin::new(&mut self.stream).start_send(reply).err().map(|_| Ending::Broken)
    }

    fn owe(&mut self, payload: usize) {
        self.unflushed = true;
        self.stream.get_mut().owe(frame_bytes(payload));
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Result<(), ()> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.unflushed = false;
                self.stall = None;
                self.stream.get_mut().settled();
                Ok(())
            }
            Poll::Ready(Err(_)) => Err(()),
            Poll::Pending => Ok(()),
        }
    }

    /// Completes when the peer has taken nothing for too long.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let written = self.stream.get_ref().written();
        if self.stall.as_ref().is_none_or(|stall| stall.written != written) {
            self.stall = Some(Stall { written, deadline: Box::pin(sleep(self.worker.limits.stall)) });
        }
        let stall = self.stall.as_mut().expect("set above");
        ready!(stall.deadline.as_mut().poll(cx));
        Poll::Ready(Ending::Stalled)
    }
}

/// Bytes of an unmasked frame (RFC 6455 section 5.2).
fn frame_bytes(payload: usize) -> usize {
    let header = match payload {
        0..126 => 2,
        126..65_536 => 4,
        _ => 10,
    };
    header + payload
}
