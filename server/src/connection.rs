//! One connection from its first byte to its last: one task, which reads what there is, answers it, and flushes once.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};

use futures_util::{Sink, Stream};
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{
            Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use crate::{
    closing::{Ending, finish, linger},
    detour::Detour,
    fault::{Fault, FaultKind, Misrouted, Step},
    handshake::{Refusal, upgrade},
    log::Log,
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
pub(crate) async fn serve(
    tcp: TcpStream,
    permit: Option<Permit>,
    entry: Entry,
    detour: Option<Box<Detour>>,
    log: Log,
    worker: Rc<Worker>,
) {
    poll_fn(|cx| {
        entry.watched.wake_with(cx.waker());
        Poll::Ready(())
    })
    .await;
    let limits = &worker.limits;
    let mut socket = Socket::new(tcp, Rc::clone(&entry.watched));
    // Boxed, as its state would otherwise stay a part of every connection's memory.
    let handshake = Box::pin(upgrade(&mut socket, permit.is_none(), worker.page.as_deref(), limits.handshake));
    match unless_noticed(&entry.watched, handshake).await.unwrap_or_else(|notice| Err(Refusal::Noticed(notice))) {
        Ok(()) => log.opened(socket.head()),
        Err(refusal) => {
            log.refused(socket.head(), &refusal);
            worker.count(|stats| match refusal {
                Refusal::Full => stats.refused += 1,
                Refusal::Page => stats.pages += 1,
                Refusal::TooSlow | Refusal::Noticed(_) | Refusal::Failed(_) => stats.failed_handshakes += 1,
            });
            if let Refusal::Noticed(_) = refusal {
                // Nothing was promised before the handshake, so there is nothing to keep.
                return;
            }
            let _ = timeout(limits.closing, linger(&mut socket)).await;
            return;
        }
    }

    socket.count_frames(limits.frames_per_message);
    let stream = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config(&worker))).await;
    let mut echo = Echo {
        stream,
        unflushed: false,
        stall: None,
        detour,
        armed: None,
        last_words: Vec::new(),
        watched: &entry.watched,
        worker: &worker,
    };
    entry.watched.take_mail_from_others(true);
    let ending = poll_fn(|cx| echo.poll(cx)).await;
    echo.settle();
    log.ended(&ending);
    worker.count(|stats| match ending {
        Ending::Closed(_) | Ending::Reset | Ending::Hostile | Ending::Notice(Notice::Shutdown) => {}
        Ending::HalfClosed | Ending::Broken(_) => stats.broken += 1,
        Ending::Stalled => stats.stalled += 1,
        Ending::Fault { .. } => stats.protocol_errors += 1,
        Ending::Notice(Notice::Idle) => stats.idled += 1,
    });
    Box::pin(finish(echo.stream, ending, &echo.last_words, limits.closing)).await;
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
    /// The way of answers that don't go straight back.
    detour: Option<Box<Detour>>,
    /// When the timer will wake us for it.
    armed: Option<Instant>,
    /// Frames for [`finish`].
    last_words: Vec<u8>,
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
            self.send_rest();
            return Poll::Ready(Ending::Notice(notice));
        }
        // Left over from the last poll, which may have ended for want of budget: a peer that always has more to read must
        // not delay what it is owed.
        if self.unflushed
            && let Err(error) = self.poll_flush(cx)
        {
            return Poll::Ready(Ending::Broken(error));
        }
        loop {
            let may_read = self.may_read();
            if may_read && let Poll::Ready(message) = Pin::new(&mut self.stream).poll_next(cx) {
                match message {
                    Some(Ok(message)) => {
                        if let Some(ending) = self.take(message) {
                            return Poll::Ready(ending);
                        }
                        continue;
                    }
                    Some(Err(error)) => return Poll::Ready(error.into()),
                    None => return Poll::Ready(Ending::Closed(None)),
                }
            }
            if let Some(ending) = self.send_due(cx) {
                return Poll::Ready(ending);
            }
            if self.unflushed
                && let Err(error) = self.poll_flush(cx)
            {
                return Poll::Ready(Ending::Broken(error));
            }
            if may_read {
                return Poll::Pending;
            }
            if !self.may_read() {
                return if self.has_taken_enough() { Poll::Pending } else { self.poll_stall(cx) };
            }
        }
    }

    /// Whether the peer has taken enough of its echoes, and not too many wait, to get more.
    fn may_read(&self) -> bool {
        let waiting = self.detour.as_ref().map_or(0, |detour| detour.bytes());
        self.has_taken_enough() && waiting <= self.worker.limits.unsent_bytes
    }

    fn has_taken_enough(&self) -> bool {
        self.stream.get_ref().unsent() <= self.worker.limits.unsent_bytes
    }

    /// Takes a message, and answers it or leaves that to the detour. `Some` if it was the last.
    fn take(&mut self, message: Message) -> Option<Ending> {
        let answer = match message {
            Message::Close(frame) => {
                self.say_last_words();
                return Some(Ending::Closed(frame));
            }
            Message::Ping(payload) => {
                // The library queues the pong itself and writes it at the next read or flush.
                self.owe(payload.len());
                return None;
            }
            Message::Pong(_) | Message::Frame(_) => return None,
            message => self.worker.reply.clone().unwrap_or(message),
        };
        self.worker.count(|stats| stats.messages += 1);
        match &mut self.detour {
            Some(detour) => {
                detour.take(answer, self.stream.get_ref().reads(), Instant::now());
                None
            }
            None => self.send(answer),
        }
    }

    /// Queues a message. `Some` if that failed.
    fn send(&mut self, message: Message) -> Option<Ending> {
        self.owe(message.len());
        // Without `poll_ready`, which flushes once the socket is full: this sink buffers up to its maximum regardless, and
        // `may_read` keeps it below that.
        Pin::new(&mut self.stream).start_send(message).err().map(Ending::Broken)
    }

    /// Sends what is due on the detour, and sees to it that this is called again when more is. `Some` if the connection
    /// ends with that.
    fn send_due(&mut self, cx: &mut Context<'_>) -> Option<Ending> {
        self.detour.as_ref()?;
        for misrouted in self.watched.mail() {
            self.record(FaultKind::Misroute, &misrouted, Some(self.watched.peer));
            if let Some(ending) = self.send(misrouted.answer) {
                return Some(ending);
            }
        }
        while let Some(step) = self.detour.as_mut()?.next(Instant::now()) {
            let ending = match step {
                Step::Send(answer) => self.send(answer),
                Step::Misroute(misrouted) => match self.worker.registry.neighbour(misrouted.peer, misrouted.lot) {
                    Some(neighbour) => {
                        neighbour.post(misrouted);
                        None
                    }
                    None => self.send(misrouted.answer),
                },
                Step::Reset => Some(Ending::Reset),
                Step::Close => Some(Ending::Hostile),
                Step::SendLate(_) => unreachable!("it waits for the peer's Close"),
            };
            if ending.is_some() {
                return ending;
            }
        }
        let due = self.detour.as_ref()?.due();
        if let Some(at) = due
            && self.armed != due
        {
            self.worker.wake_at(at, cx.waker());
        }
        self.armed = due;
        None
    }

    /// Sends what is left on the detour, due or not, as far as it would have been sent before the peer's Close.
    fn send_rest(&mut self) {
        let rest = self.detour.as_mut().map(|detour| detour.rest()).unwrap_or_default();
        for answer in rest {
            if self.send(answer).is_some() {
                return;
            }
        }
    }

    /// The peer has sent its Close, after which the WebSocket sends nothing but its own: what is left on the detour goes
    /// around it.
    fn say_last_words(&mut self) {
        let rest = self.detour.as_mut().map(|detour| detour.rest()).unwrap_or_default();
        if self.unflushed {
            // They would have to go between frames that the WebSocket has yet to write. A peer that closes before it has
            // what it is owed does not want it.
            return;
        }
        for answer in rest {
            let opcode = if answer.is_text() { Data::Text } else { Data::Binary };
            let frame = Frame::message(answer.into_data(), OpCode::Data(opcode), true);
            frame.format(&mut self.last_words).expect("memory takes everything");
        }
    }

    /// The connection takes and sends no messages any more: writes down what was done wrong on it.
    fn settle(&mut self) {
        self.watched.take_mail_from_others(false);
        for misrouted in self.watched.mail() {
            self.record(FaultKind::Drop, &misrouted, None);
        }
        if let Some(detour) = &mut self.detour {
            self.worker.count(|stats| stats.faults.extend(detour.take_faults()));
        }
    }

    fn record(&self, kind: FaultKind, misrouted: &Misrouted, to: Option<SocketAddr>) {
        let fault = Fault { peer: misrouted.peer, message: misrouted.message, kind, with: None, to };
        self.worker.count(|stats| stats.faults.push(fault));
    }

    fn owe(&mut self, payload: usize) {
        self.unflushed = true;
        self.stream.get_mut().owe(frame_bytes(payload));
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.unflushed = false;
                self.stall = None;
                self.stream.get_mut().settled();
                Ok(())
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(()),
        }
    }

    /// Completes when the peer has taken nothing for too long.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let written = self.stream.get_ref().written();
        if self.stall.as_ref().is_none_or(|stall| stall.written != written) {
            self.stall = Some(Stall { written, deadline: Box::pin(sleep(self.worker.limits.unsent_time)) });
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
