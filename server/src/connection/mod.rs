//! One connection from its first byte to its last: one task, which answers what each read brought with one write.

pub(crate) mod closing;
pub(crate) mod handshake;
pub(crate) mod log;
mod send_buffer;
mod socket;
mod unacknowledged;

use std::{
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

use frames::handshake::RequestReader;
use frames::{Decoder, Encoder, Event, Input, Kind, Message, Role, Settings};
use tokio::{net::TcpStream, task::yield_now, time::timeout};

use crate::{
    connection::closing::{Ending, finish},
    connection::handshake::{UpgradeRefusal, upgrade},
    connection::log::Log,
    connection::send_buffer::SendBuffer,
    connection::socket::TrackedSocket,
    misbehaviour::answer_queue::AnswerQueue,
    misbehaviour::answer_sender::AnswerSender,
    options::Limits,
    registry::{EndRequest, Registration, TrackedConnection},
    workers::worker::{Admission, Overload, Worker, Workspace},
};

/// Reads in a row after which other connections get their turn. The second one mostly finds nothing. A read of empty fragments
/// takes a fifth of a millisecond, so hundreds of peers that send nothing else have the others wait long enough as it is.
const READS_IN_A_ROW: u32 = 2;

/// Bytes of answers behind which a Close can wait for a peer that shall give back memory.
const FEW: usize = 64 * 1024;

/// Bytes of answers after which they are written although what was read has more: with a fixed reply, the answers to one
/// read may be many times its length.
const BURST: usize = 128 * 1024;

/// Payload bytes from which on an echo is not worth a copy beside those of others: about those that no single read brings.
const LONG: usize = 64 * 1024;

/// Serves a connection until it ends.
pub(crate) async fn serve(
    tcp: TcpStream,
    admission: Admission,
    entry: Registration,
    detour: Option<Box<AnswerQueue>>,
    log: Log,
    worker: Rc<Worker>,
) {
    poll_fn(|cx| {
        entry.watched.wake_with(cx.waker());
        Poll::Ready(())
    })
    .await;
    let socket = TrackedSocket::new(tcp, Rc::clone(&entry.watched));
    // First and last act are boxed, as their state would otherwise stay a part of every connection's memory.
    let Some((socket, behind)) = Box::pin(open(socket, admission.refusal, &log, &worker)).await else { return };
    let mut echo = Echo::new(socket, behind, detour, &worker);
    let ending = poll_fn(|cx| echo.poll(cx)).await;
    let record = echo.courier.take().map(|courier| courier.settle());
    log.ended(&ending);
    worker.count(|stats| match ending {
        Ending::Closed(_) | Ending::Reset | Ending::Hostile | Ending::EndRequest(EndRequest::Shutdown) => {}
        Ending::HalfClosed | Ending::Broken(_) => stats.broken += 1,
        Ending::Stalled => stats.stalled += 1,
        Ending::Fault(_) => stats.protocol_errors += 1,
        Ending::EndRequest(EndRequest::Idle) => stats.idled += 1,
        Ending::EndRequest(EndRequest::Memory) => stats.evicted += 1,
    });
    Box::pin(finish(echo.wire, ending, record, worker)).await;
}

/// The socket of a connection once the peer's handshake is answered, and what came behind that; none if it led to nothing and is
/// over.
async fn open(
    mut socket: TrackedSocket,
    overload: Option<Overload>,
    log: &Log,
    worker: &Worker,
) -> Option<(TrackedSocket, Vec<u8>)> {
    let (watched, limits, mut asked) = (Rc::clone(socket.watched()), &worker.limits, RequestReader::default());
    let handshake = upgrade(&mut socket, &mut asked, overload.is_some(), worker.page.as_deref(), limits.handshake);
    let opened = unless_noticed(&watched, pin!(handshake)).await;
    let refusal = match opened.unwrap_or_else(|notice| Err(UpgradeRefusal::Noticed(notice))) {
        Ok(behind) => {
            log.opened(asked.bytes());
            return Some((socket, behind));
        }
        Err(refusal) => refusal,
    };
    log.refused(asked.bytes(), &refusal, overload);
    drop(asked);
    worker.count(|stats| match refusal {
        UpgradeRefusal::Full => stats.refused += 1,
        UpgradeRefusal::Page => stats.pages += 1,
        UpgradeRefusal::Noticed(EndRequest::Memory) => stats.evicted += 1,
        UpgradeRefusal::TooSlow
        | UpgradeRefusal::Noticed(_)
        | UpgradeRefusal::Rejected(_)
        | UpgradeRefusal::Gone(_) => {
            stats.failed_handshakes += 1;
        }
    });
    watched.holds(0);
    // Nothing was promised before the handshake, so on a notice there is nothing to keep.
    if !matches!(refusal, UpgradeRefusal::Noticed(_)) {
        let _ = timeout(limits.closing, socket.linger()).await;
    }
    None
}

/// `future`, or the notice that comes before it is done.
async fn unless_noticed<T>(
    watched: &TrackedConnection,
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Result<T, EndRequest> {
    poll_fn(|cx| match watched.notice() {
        Some(notice) => Poll::Ready(Err(notice)),
        None => future.as_mut().poll(cx).map(Ok),
    })
    .await
}

/// Both directions of an open connection.
#[derive(Debug)]
pub(crate) struct WebSocket {
    pub(crate) socket: TrackedSocket,
    pub(crate) decoder: Decoder,
    /// What was read and must wait until the peer has taken more of its answers; nothing most of the time.
    pub(crate) unread: Vec<u8>,
    pub(crate) outbox: SendBuffer,
}

impl WebSocket {
    /// Tells the registry how much memory the connection holds for its peer; whether more than before.
    #[inline]
    pub(crate) fn count(&self) -> bool {
        self.socket.watched().holds(self.held())
    }

    #[inline]
    fn held(&self) -> usize {
        self.outbox.held() + self.decoder.held() + self.unread.len()
    }

    /// Gives back what can be done without, and everything if that is not enough: then false, and nothing can be said any more.
    pub(crate) fn give_back(&mut self) -> bool {
        self.decoder = Decoder::new(self.decoder.settings());
        self.unread = Vec::new();
        let few = self.outbox.held() <= FEW;
        if !few {
            self.outbox = SendBuffer::default();
        }
        // What is left counts no more: it is little and soon gone.
        self.socket.watched().holds(0);
        few
    }
}

/// The open state of a connection.
struct Echo {
    wire: WebSocket,
    /// Where answers don't go straight back.
    courier: Option<Box<AnswerSender>>,
    worker: Rc<Worker>,
}

impl Echo {
    /// `behind`: what came with the handshake.
    fn new(socket: TrackedSocket, behind: Vec<u8>, detour: Option<Box<AnswerQueue>>, worker: &Rc<Worker>) -> Self {
        let Limits { message_bytes, frames_per_message, .. } = worker.limits;
        let settings = Settings {
            role: Role::Server,
            max_frame: message_bytes as u64,
            max_message: message_bytes as u64,
            max_frames: Some(frames_per_message),
        };
        let courier = detour.map(|detour| {
            let watched = Rc::clone(socket.watched());
            Box::new(AnswerSender::new(detour, watched, Rc::clone(worker)))
        });
        let wire = WebSocket { socket, decoder: Decoder::new(settings), unread: behind, outbox: SendBuffer::default() };
        Self { wire, courier, worker: Rc::clone(worker) }
    }

    /// Answers messages until the connection shall end. What is owed then is in the outbox.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let worker = Rc::clone(&self.worker);
        let workspace = &mut *worker.workspace.borrow_mut();
        let turn = self.turn(workspace, cx);
        if self.count() && worker.registry.is_over() {
            worker.registry.relieve();
        }
        let Err(ending) = turn else { return Poll::Pending };
        if let Some(courier) = &mut self.courier {
            if matches!(ending, Ending::Closed(_) | Ending::EndRequest(EndRequest::Idle | EndRequest::Shutdown)) {
                courier.send_rest(&mut workspace.frames);
            }
            courier.sent(workspace.frames.len());
        }
        self.wire.outbox.keep(&mut workspace.frames);
        self.wire.count();
        Poll::Ready(ending)
    }

    /// Tells the registry how much memory the connection holds; whether more than before.
    #[inline]
    fn count(&self) -> bool {
        match &self.courier {
            None => self.wire.count(),
            Some(courier) => self.wire.socket.watched().holds(self.wire.held() + courier.held()),
        }
    }

    /// Answers what is there, and sees to it that the task is woken for more.
    fn turn(&mut self, workspace: &mut Workspace, cx: &mut Context<'_>) -> Result<(), Ending> {
        if let Some(notice) = self.wire.socket.watched().notice() {
            return Err(Ending::EndRequest(notice));
        }
        self.flush(cx)?;
        for _ in 0..READS_IN_A_ROW {
            if self.worker.registry.holds_back() {
                break;
            }
            let may_read = self.may_read();
            let came = may_read && self.read(workspace, cx)?;
            if let Some(courier) = &mut self.courier {
                courier.send_due(&mut workspace.frames, cx)?;
            }
            self.send(&mut workspace.frames, cx)?;
            if !came && (may_read || !self.may_read()) {
                return self.wait(cx);
            }
        }
        // Woken again after the others, and after it was looked which of them have become ready.
        let _ = pin!(yield_now()).poll(cx);
        Ok(())
    }

    /// Whether the peer has taken enough of its answers, and not too many wait, to get more.
    fn may_read(&self) -> bool {
        let waiting = self.courier.as_ref().map_or(0, |courier| courier.bytes());
        self.wire.outbox.len().max(waiting) <= self.worker.limits.unsent_bytes
    }

    /// Takes what a read brings; false if there is nothing now.
    fn read(&mut self, workspace: &mut Workspace, cx: &mut Context<'_>) -> Result<bool, Ending> {
        let Workspace { read: space, frames } = workspace;
        if !self.wire.unread.is_empty() {
            let mut unread = mem::take(&mut self.wire.unread);
            self.take(&mut unread, frames, cx)?;
            return Ok(true);
        }
        match self.wire.socket.poll_read(cx, space) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(Ending::Broken(error)),
            Poll::Ready(Ok(0)) => Err(Ending::HalfClosed),
            Poll::Ready(Ok(read)) => {
                if let Some(courier) = &mut self.courier {
                    courier.begin_read();
                }
                self.take(&mut space[..read], frames, cx)?;
                Ok(true)
            }
        }
    }

    /// Answers what is in `bytes`, and keeps what the peer has to wait for.
    fn take(&mut self, bytes: &mut [u8], out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        let (mut input, mut messages) = (Input::from(bytes), 0);
        let result = loop {
            match self.wire.decoder.next(&mut input) {
                Ok(Some(Event::Message(message))) => {
                    messages += 1;
                    match (&mut self.courier, &self.worker.reply) {
                        (Some(courier), _) => courier.take(message),
                        (None, None) if message.payload.len() < LONG => echo(message, out),
                        (None, None) => {
                            let (outbox, socket) = (&mut self.wire.outbox, &mut self.wire.socket);
                            let sent = outbox.send(out, socket, cx);
                            if let Err(error) = sent.and_then(|()| outbox.send_long(message, socket, cx)) {
                                break Err(Ending::Broken(error));
                            }
                        }
                        (None, Some(text)) => {
                            out.message(Kind::Text, None, text.len(), |reply| reply.copy_from_slice(text.as_bytes()));
                        }
                    }
                }
                Ok(Some(Event::Ping(payload))) => out.pong(None, payload),
                Ok(Some(Event::Pong(_))) => {}
                Ok(Some(Event::Close(close))) => {
                    let reason = |bytes| String::from_utf8_lossy(bytes).into_owned();
                    break Err(Ending::Closed(close.map(|close| (close.code, reason(close.reason)))));
                }
                Ok(None) => break Ok(()),
                Err(violation) => break Err(Ending::Fault(violation)),
            }
            if out.len() > BURST || !self.has_room(out) {
                if let Err(error) = self.send(out, cx) {
                    break Err(error);
                }
                if !self.may_read() {
                    self.wire.unread = input.bytes().to_vec();
                    break Ok(());
                }
            }
        };
        // A message that had to be put together has been answered.
        self.wire.decoder.release();
        self.worker.count(|stats| stats.messages += messages);
        result
    }

    /// Whether the answers in `out` may wait with the others.
    fn has_room(&self, out: &Encoder) -> bool {
        self.wire.outbox.len() + out.len() <= self.worker.limits.unsent_bytes && self.may_read()
    }

    fn send(&mut self, out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        if let Some(courier) = &mut self.courier {
            courier.sent(out.len());
        }
        self.wire.outbox.send(out, &mut self.wire.socket, cx).map_err(Ending::Broken)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Ending> {
        self.wire.outbox.flush(&mut self.wire.socket, cx).map_err(Ending::Broken)
    }

    /// Whatever wakes the task next, a peer that takes nothing for too long is not waited for.
    fn wait(&mut self, cx: &mut Context<'_>) -> Result<(), Ending> {
        let Limits { unsent_bytes, unsent_time, .. } = self.worker.limits;
        let stalled = self.wire.outbox.len() > unsent_bytes && self.wire.outbox.poll_stall(unsent_time, cx).is_ready();
        if stalled { Err(Ending::Stalled) } else { Ok(()) }
    }
}

#[inline]
fn echo(message: Message<'_>, out: &mut Encoder) {
    out.message(message.kind, None, message.payload.len(), |echo| echo.copy_from_slice(message.payload));
}
