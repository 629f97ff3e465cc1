//! Answers the messages of an open connection: what each read brings goes out with one write.

use std::{
    convert::Infallible,
    mem,
    pin::pin,
    rc::Rc,
    task::{Context, Poll},
};

use frames::{Decoder, Encoder, Event, Input, Kind, Message, Role, Settings};
use tokio::task::yield_now;

use super::{
    context::{ConnectionContext, Workspace},
    ending::Ending,
    opened::Opened,
    send_buffer::SendBuffer,
    websocket::WebSocket,
};
use crate::{
    compression::Compressor,
    misbehaviour::{AnswerSender, FaultRecord, OwnedMessage},
    options::Limits,
    registry::EndRequest,
    rooms::Member,
};

/// Reads in a row before other connections get their turn.
///
/// The second read mostly finds nothing. A read of empty fragments takes a fifth of a millisecond,
/// so hundreds of peers that send nothing else make the others wait long enough.
const READS_IN_A_ROW: u32 = 2;

/// Bytes of answers that are written before the rest of a read is answered. A fixed reply may be
/// many times longer than the messages.
const WRITE_BYTES: usize = 128 * 1024;

/// Payload bytes of an echo that is not copied beside others. No single read brings so many.
const LONG: usize = 64 * 1024;

/// The open state of a connection.
pub(super) struct Echo {
    websocket: WebSocket,
    /// Sends the answers, where they don't go straight back.
    sender: Option<Box<AnswerSender>>,
    /// Compresses answers that go straight back, where the connection has agreed on that.
    compressor: Option<Box<Compressor>>,
    /// Its place in its room, where messages are broadcast and not answered.
    member: Option<Box<Member>>,
    context: Rc<ConnectionContext>,
}

impl Echo {
    /// A `sender` has a compressor of its own.
    pub(super) fn new(
        opened: Opened,
        sender: Option<Box<AnswerSender>>,
        compressor: Option<Box<Compressor>>,
        context: &Rc<ConnectionContext>,
    ) -> Self {
        let Limits { message_bytes, frames_per_message, .. } = context.limits;
        let settings = Settings {
            role: Role::Server,
            max_frame: message_bytes as u64,
            max_message: message_bytes as u64,
            max_frames: Some(frames_per_message),
        };
        let Opened { socket, unread, member, deflate } = opened;
        let decoder = match deflate {
            None => Decoder::new(settings),
            Some(parameters) => Decoder::with_inflater(settings, Compressor::inflater(parameters)),
        };
        let websocket = WebSocket { socket, decoder, unread, send_buffer: SendBuffer::default() };
        Self { websocket, sender, compressor, member, context: Rc::clone(context) }
    }

    /// Answers messages until the connection ends. What is owed then is in the send buffer.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let context = Rc::clone(&self.context);
        let workspace = &mut *context.workspace.borrow_mut();
        let turn = self.take_turn(workspace, cx);
        if self.report_memory() && context.registry.is_over() {
            context.registry.relieve();
        }
        let Err(ending) = turn else { return Poll::Pending };
        self.deliver_rest(&ending, &mut workspace.frames);
        if let Some(sender) = &mut self.sender {
            if matches!(ending, Ending::Closed(_) | Ending::Asked(EndRequest::Idle | EndRequest::Shutdown)) {
                sender.send_rest(&mut workspace.frames);
            }
            sender.sent(workspace.frames.len());
        }
        self.websocket.send_buffer.keep(&mut workspace.frames);
        self.websocket.report_memory();
        Poll::Ready(ending)
    }

    /// The connection, and what was done wrong on it, once it ends.
    pub(super) fn into_parts(self) -> (WebSocket, Option<FaultRecord>) {
        let record = self.sender.map(|sender| {
            let (dropped, record) = sender.close();
            self.context.count(|stats| stats.faults.extend(dropped));
            record
        });
        (self.websocket, record)
    }

    /// Tells the registry how much memory the connection holds. Returns whether that is more than
    /// before.
    #[inline]
    fn report_memory(&self) -> bool {
        let of_sender = self.sender.as_ref().map_or(0, |sender| sender.held_bytes());
        let of_compressor = self.compressor.as_ref().map_or(0, |compressor| compressor.held_bytes());
        self.websocket.socket.tracked().holds(self.websocket.held_bytes() + of_sender + of_compressor)
    }

    /// Answers what is there, and has the task woken for more.
    fn take_turn(&mut self, workspace: &mut Workspace, cx: &mut Context<'_>) -> Result<(), Ending> {
        if let Some(request) = self.websocket.socket.tracked().end_request() {
            return Err(Ending::Asked(request));
        }
        self.flush(cx)?;
        for _ in 0..READS_IN_A_ROW {
            if self.context.registry.holds_back() {
                break;
            }
            let may_read = self.may_read();
            let came = may_read && self.read(workspace, cx)?;
            if self.member.is_some() {
                self.deliver(&mut workspace.frames, cx)?;
            }
            if let Some(sender) = &mut self.sender {
                sender.send_due(&mut workspace.frames, cx).map_err(Ending::Faulty)?;
            }
            self.send(&mut workspace.frames, cx)?;
            if !came && (may_read || !self.may_read()) {
                return self.check_stall(cx);
            }
        }
        // The task is woken again after the others, once the runtime has looked which of them are
        // ready.
        let _ = pin!(yield_now()).poll(cx);
        Ok(())
    }

    /// Whether the peer has taken enough of its answers, and few enough wait, to read more.
    #[inline]
    fn may_read(&self) -> bool {
        let waiting = self.sender.as_ref().map_or(0, |sender| sender.waiting_bytes());
        self.websocket.send_buffer.len().max(waiting) <= self.context.limits.unsent_bytes
            && self.member.as_ref().is_none_or(|member| member.may_publish())
    }

    /// Answers what a read brings. Returns false if there is nothing now.
    fn read(&mut self, workspace: &mut Workspace, cx: &mut Context<'_>) -> Result<bool, Ending> {
        let Workspace { read: space, frames } = workspace;
        if !self.websocket.unread.is_empty() {
            let mut unread = mem::take(&mut self.websocket.unread);
            self.answer(&mut unread, frames, cx)?;
            return Ok(true);
        }
        match self.websocket.socket.poll_read(cx, space) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(Ending::Broken(error)),
            Poll::Ready(Ok(0)) => Err(Ending::HalfClosed),
            Poll::Ready(Ok(read)) => {
                if let Some(sender) = &mut self.sender {
                    sender.begin_read();
                }
                self.answer(&mut space[..read], frames, cx)?;
                Ok(true)
            }
        }
    }

    /// Answers what is in `bytes`. Keeps the rest where the peer must take its answers first.
    fn answer(&mut self, bytes: &mut [u8], out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        let (mut input, mut messages) = (Input::from(bytes), 0);
        let result = loop {
            match self.websocket.decoder.next(&mut input) {
                Ok(Some(Event::Message(message))) if self.member.is_some() => {
                    messages += 1;
                    self.member.iter_mut().for_each(|member| member.publish(message));
                }
                Ok(Some(Event::Message(message))) if self.compressor.is_some() => {
                    messages += 1;
                    let (kind, payload) = match &self.context.reply {
                        None => (message.kind, message.payload),
                        Some(text) => (Kind::Text, text.as_bytes()),
                    };
                    self.compressor.iter_mut().for_each(|compressor| compressor.message(kind, payload, out));
                }
                Ok(Some(Event::Message(message))) => {
                    messages += 1;
                    match (&mut self.sender, &self.context.reply) {
                        (Some(sender), None) => sender.push(OwnedMessage::copy(message)),
                        (Some(sender), Some(text)) => sender.push(OwnedMessage::text(text)),
                        (None, None) if message.payload.len() < LONG => echo(message, out),
                        (None, None) => {
                            let (buffer, socket) = (&mut self.websocket.send_buffer, &mut self.websocket.socket);
                            let sent = buffer.send(out, socket, cx);
                            if let Err(error) = sent.and_then(|()| buffer.send_long(message, socket, cx)) {
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
                Err(violation) => break Err(Ending::Violation(violation)),
            }
            if out.len() > WRITE_BYTES || !self.may_hold(out) {
                if let Err(error) = self.send(out, cx) {
                    break Err(error);
                }
                if !self.may_read() {
                    self.websocket.unread = input.bytes().to_vec();
                    break Ok(());
                }
            }
        };
        // A message that came in pieces has been answered, so its memory is given back.
        self.websocket.decoder.release();
        self.context.count(|stats| stats.messages += messages);
        result
    }

    /// Sends what its room has for this connection now, where messages are broadcast.
    fn deliver(&mut self, out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        let Self { websocket: WebSocket { socket, send_buffer, .. }, sender, member, context, .. } = self;
        let Some(member) = member else { return Ok(()) };
        let limit = context.limits.unsent_bytes;
        member.announce();
        let mut deliveries = 0;
        let result = match sender {
            None => send_buffer.send(out, socket, cx).map_err(Ending::Broken).and_then(|()| {
                member.take_frames(false, |count, frames| {
                    if send_buffer.len() > limit {
                        return Err(Ending::TooSlow);
                    }
                    deliveries += count;
                    send_buffer.send_bytes(frames, socket, cx).map_err(Ending::Broken)
                })
            }),
            Some(sender) => {
                sender.send_due(out, cx).map_err(Ending::Faulty)?;
                if sender.waiting_bytes() > limit {
                    // Messages wait in the room until some of the delayed ones have gone out.
                    return Ok(());
                }
                member.take_messages(false, |broadcast| {
                    if send_buffer.len() > limit {
                        return Err(Ending::TooSlow);
                    }
                    deliveries += 1;
                    sender.push_broadcast(broadcast.message, broadcast.origin, broadcast.read);
                    Ok(())
                })
            }
        };
        context.count(|stats| stats.deliveries += deliveries);
        result
    }

    /// Keeps all that its room has for this connection, due or not, if a Close comes next.
    fn deliver_rest(&mut self, ending: &Ending, out: &mut Encoder) {
        let Self { websocket: WebSocket { send_buffer, .. }, sender, member, context, .. } = self;
        let Some(member) = member.as_mut().filter(|_| ending.gets_what_is_owed()) else { return };
        let mut deliveries = 0;
        let taken: Result<(), Infallible> = match sender {
            None => {
                send_buffer.keep(out);
                member.take_frames(true, |count, frames| {
                    deliveries += count;
                    send_buffer.append(frames);
                    Ok(())
                })
            }
            Some(sender) => member.take_messages(true, |broadcast| {
                deliveries += 1;
                sender.push_broadcast(broadcast.message, broadcast.origin, broadcast.read);
                Ok(())
            }),
        };
        let Ok(()) = taken;
        context.count(|stats| stats.deliveries += deliveries);
    }

    /// Whether the answers in `out` may wait with the others.
    #[inline]
    fn may_hold(&self, out: &Encoder) -> bool {
        self.websocket.send_buffer.len() + out.len() <= self.context.limits.unsent_bytes && self.may_read()
    }

    fn send(&mut self, out: &mut Encoder, cx: &mut Context<'_>) -> Result<(), Ending> {
        if let Some(sender) = &mut self.sender {
            sender.sent(out.len());
        }
        self.websocket.send_buffer.send(out, &mut self.websocket.socket, cx).map_err(Ending::Broken)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Ending> {
        self.websocket.send_buffer.flush(&mut self.websocket.socket, cx).map_err(Ending::Broken)
    }

    /// Fails if the peer has taken nothing for too long. Otherwise the task will be woken to check
    /// again.
    fn check_stall(&mut self, cx: &mut Context<'_>) -> Result<(), Ending> {
        let Limits { unsent_bytes, unsent_time, .. } = self.context.limits;
        let buffer = &mut self.websocket.send_buffer;
        let is_stalled = buffer.len() > unsent_bytes && buffer.poll_stall(unsent_time, cx).is_ready();
        if is_stalled { Err(Ending::Stalled) } else { Ok(()) }
    }
}

#[inline]
fn echo(message: Message<'_>, out: &mut Encoder) {
    out.message(message.kind, None, message.payload.len(), |echo| echo.copy_from_slice(message.payload));
}
