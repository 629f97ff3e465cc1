//! One connection: what it must keep of its peer's bytes and its own, and the duties of a client.

mod extra;
mod whole;

use std::io::{self, ErrorKind};

use frames::{Decoder, Event, Input, Role, Settings, Violation, ViolationKind};

use self::extra::Extra;
use self::whole::{Whole, event};
use super::Shared;
use super::link::Link;
use crate::clock::Time;
use crate::engine::{Cause, Read, Sink};
use crate::ledger;
use crate::message::Kind;
use crate::schedule::pacer::SLICE;
use crate::transport::Bounds;

/// Reads of a connection in a turn, after which others get theirs.
const READS_IN_A_ROW: u32 = 16;

/// Bytes of the first read of a connection, and of the shortest there is. A read with messages that are not those that must come,
/// of which each takes a closer look, must be done with in about a [`SLICE`]: the next is shorter where it was not, and
/// longer again after one without such messages.
const FIRST_READ: u32 = 1024;
const LEAST_READ: u32 = 256;

#[derive(Debug)]
pub(super) struct Connection {
    link: Link,
    decoder: Decoder,
    state: State,
    /// Read until the end of the stream has come.
    to_the_end: bool,
    /// Bytes of the next read at most.
    most: u32,
    /// What most connections have no need of most of the time.
    extra: Option<Box<Extra>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// This end has sent its Close.
    Closing,
    /// The end was told; what remains is that the server closes TCP (RFC 6455, section 7.1.1).
    Ended,
}

impl Connection {
    pub(super) fn new(link: Link, early: Vec<u8>, bounds: Bounds) -> Self {
        let limit = bounds.max_message as u64;
        let settings = Settings { role: Role::Client, max_frame: limit, max_message: limit, max_frames: None };
        let extra = (!early.is_empty()).then(|| Box::new(Extra { early, ..Extra::default() }));
        Self { link, decoder: Decoder::new(settings), state: State::Open, to_the_end: false, most: FIRST_READ, extra }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// The stream is over: there is its end to be read behind what is there, so a read that brings less than it might
    /// have is not the last.
    #[cold]
    pub(super) fn read_to_the_end(&mut self) {
        self.to_the_end = true;
    }

    #[inline]
    pub(super) fn is_broken(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.broken.is_some())
    }

    /// Whether the stream may hold its end, or a Close, behind a read that did not fill its buffer.
    #[inline]
    fn must_read_on(&self) -> bool {
        self.to_the_end || self.is_broken()
    }

    /// Whether something could not be written.
    #[inline]
    pub(super) fn is_troubled(&self) -> bool {
        self.extra.is_some()
    }

    /// Bytes of a message that has not come whole, and those that the transport has not taken.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.decoder.held() + self.unsent()
    }

    /// Bytes that the transport has not taken.
    pub(super) fn unsent(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.unsent.len() - extra.taken)
    }

    /// Writes since the last call.
    pub(super) fn take_writes(&mut self) -> u64 {
        self.extra.as_mut().map_or(0, |extra| std::mem::take(&mut extra.writes))
    }

    /// Writes `bytes` behind what is unsent; how many writes that took. What the transport does not take is kept.
    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> u64 {
        if self.extra.is_some() && (self.unsent() > 0 || self.is_broken()) {
            self.keep(bytes);
            return 0;
        }
        match self.link.write(bytes) {
            Ok(taken) if taken == bytes.len() && !self.link.holds() => 1,
            Ok(taken) => {
                self.keep(&bytes[taken..]);
                1
            }
            Err(error) => {
                self.not_written(error, bytes);
                0
            }
        }
    }

    #[cold]
    fn keep(&mut self, bytes: &[u8]) {
        let extra = self.extra.get_or_insert_default();
        if extra.broken.is_none() {
            if extra.taken > extra.unsent.len() / 2 {
                extra.unsent.drain(..extra.taken);
                extra.taken = 0;
            }
            extra.unsent.extend_from_slice(bytes);
        }
    }

    #[cold]
    fn not_written(&mut self, error: io::Error, bytes: &[u8]) {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => self.keep(bytes),
            _ => {
                let extra = self.extra.get_or_insert_default();
                extra.unsent = Vec::new();
                extra.taken = 0;
                extra.broken.get_or_insert(error);
            }
        }
    }

    /// Writes what is unsent, as far as the transport takes it, then the pong that waited for that.
    #[cold]
    fn write_rest(&mut self, shared: &mut Shared) {
        while let Some(extra) = self.extra.as_mut().filter(|extra| extra.taken < extra.unsent.len()) {
            match self.link.write(&extra.unsent[extra.taken..]) {
                Ok(taken) => {
                    extra.taken += taken;
                    extra.writes += 1;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    if error.kind() != ErrorKind::WouldBlock {
                        self.not_written(error, &[]);
                    }
                    return;
                }
            }
        }
        if let Err(error) = self.link.push() {
            return self.not_written(error, &[]);
        }
        let Some(extra) = &mut self.extra else { return };
        extra.unsent = Vec::new();
        extra.taken = 0;
        if let Some(payload) = extra.ping.take().filter(|_| self.state == State::Open) {
            shared.replies.pong(Some(shared.masks.draw()), &payload);
            self.reply(shared);
        }
    }

    /// Writes the control frames that were encoded.
    fn reply(&mut self, shared: &mut Shared) {
        let writes = self.write(shared.replies.bytes());
        shared.replies.clear();
        if writes > 0 {
            self.extra.get_or_insert_default().writes += writes;
        }
    }

    /// Begins the closing handshake.
    pub(super) fn close(&mut self, code: u16, shared: &mut Shared) {
        if self.state == State::Open {
            self.state = State::Closing;
            shared.replies.close(Some(shared.masks.draw()), Some((code, "")));
            self.reply(shared);
        }
    }

    /// Finishes what could not be written, and reads what is there. [`After::More`] if that was not all, and the kernel
    /// might not tell of the rest.
    pub(super) fn receive(&mut self, buffer: &mut [u8], shared: &mut Shared, sink: &mut impl Sink) -> After {
        if self.extra.is_some() && self.receive_extra(shared, sink) {
            return After::Over;
        }
        let (mut after, mut until) = (After::More, None);
        for _ in 0..READS_IN_A_ROW {
            after = self.read(buffer, shared, sink);
            if after != After::More || shared.read_at >= *until.get_or_insert_with(|| shared.read_at.plus(SLICE)) {
                break;
            }
        }
        if after == After::Nothing
            && let Some(error) = self.take_broken()
        {
            self.end(Cause::io(&error), sink);
            return After::Over;
        }
        after
    }

    /// Reads once.
    #[inline]
    fn read(&mut self, buffer: &mut [u8], shared: &mut Shared, sink: &mut impl Sink) -> After {
        let most = buffer.len().min(self.most as usize);
        let buffer = &mut buffer[..most];
        match self.link.read(buffer) {
            Ok(0) => {
                let cause = match self.take_broken() {
                    // The kernel has told of the reset once, to the write.
                    Some(error) if error.kind() == ErrorKind::ConnectionReset => Cause::io(&error),
                    _ => Cause::eof(),
                };
                self.end(cause, sink);
                After::Over
            }
            Ok(bytes) => {
                let at = shared.clock.now();
                shared.read_at = at;
                if self.take(&mut buffer[..bytes], 1, at, shared, sink) {
                    After::Over
                } else if bytes < buffer.len() && self.link.tells_what_is_left() && !self.must_read_on() {
                    After::Nothing
                } else {
                    After::More
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => After::Nothing,
                ErrorKind::Interrupted => After::More,
                _ => {
                    self.end(Cause::io(&error), sink);
                    After::Over
                }
            },
        }
    }

    /// What only few connections have to do. True when the connection can be forgotten.
    #[cold]
    fn receive_extra(&mut self, shared: &mut Shared, sink: &mut impl Sink) -> bool {
        if self.unsent() > 0 || self.link.holds() {
            self.write_rest(shared);
        }
        let Some(extra) = &mut self.extra else { return false };
        let mut early = std::mem::take(&mut extra.early);
        if extra.is_spent() {
            self.extra = None;
        }
        let at = shared.clock.now();
        !early.is_empty() && self.take(&mut early, 0, at, shared, sink)
    }

    /// Takes what `calls` reads brought; true when the connection can be forgotten.
    #[inline]
    fn take(&mut self, bytes: &mut [u8], calls: u64, at: Time, shared: &mut Shared, sink: &mut impl Sink) -> bool {
        let mut read = Read { calls, bytes: bytes.len() as u64, ..Read::default() };
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
                    Self::control(event, &mut self.state, self.extra.as_deref_mut(), shared, sink);
                }
                Ok(None) => break None,
                Err(violation) => {
                    if let Some(message) = self.decoder.broken_off(&input).filter(|_| self.state != State::Ended) {
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
        if odd == 0 {
            self.most = self.most.saturating_mul(4);
        } else if shared.clock.now() >= at.plus(SLICE) {
            self.most = (self.most.min(read.bytes.try_into().unwrap_or(u32::MAX)) / 4).max(LEAST_READ);
        }
        violation.is_some_and(|violation| self.fail(violation, shared, sink))
    }

    /// Takes whole messages for as long as they are those that must come; the first that is not, if there is one.
    #[inline]
    fn take_whole<'b>(
        &self,
        input: &mut Input<'b>,
        at: Time,
        read: &mut Read,
        sink: &mut impl Sink,
    ) -> Option<ledger::Event<'b>> {
        sink.in_order(at, Whole { decoder: &self.decoder, input, read })
    }

    /// Does what a control frame asks for.
    #[cold]
    fn control(
        event: Event<'_>,
        state: &mut State,
        extra: Option<&mut Extra>,
        shared: &mut Shared,
        sink: &mut impl Sink,
    ) {
        match event {
            Event::Ping(payload) if *state == State::Open => match extra {
                // Of several pings that wait, the last is the one to answer: RFC 6455, section 5.5.3.
                Some(extra) if extra.is_blocked() => extra.ping = Some(payload.to_vec()),
                _ => shared.replies.pong(Some(shared.masks.draw()), payload),
            },
            Event::Message(_) | Event::Ping(_) | Event::Pong(_) => {}
            Event::Close(close) => {
                if *state == State::Open {
                    let content = close.map(|close| (close.code, str::from_utf8(close.reason).unwrap_or_default()));
                    shared.replies.close(Some(shared.masks.draw()), content);
                }
                *state = State::Ended;
                sink.ended(Cause::closed(close.map(|close| (close.code, close.reason))));
            }
        }
    }

    /// The server broke a rule; true when the connection can be forgotten.
    #[cold]
    fn fail(&mut self, violation: Violation, shared: &mut Shared, sink: &mut impl Sink) -> bool {
        if let Violation::ForbiddenCode(code) = violation
            && self.state == State::Open
        {
            // It is the server that closes, whatever it says.
            shared.replies.close(Some(shared.masks.draw()), Some((1002, "Protocol violation")));
            self.reply(shared);
            let detail = format!("closed by the server with {code}, which must not be sent");
            self.end(Cause::new("closed_1002", &detail), sink);
            return false;
        }
        self.close(violation.close_code(), shared);
        let kind = match violation.kind() {
            ViolationKind::Protocol => "protocol_error",
            ViolationKind::Encoding => "invalid_utf8",
            ViolationKind::Size => "message_too_big",
        };
        self.end(Cause::new(kind, &violation.to_string()), sink);
        true
    }

    /// Tells how it ended, unless that was told.
    fn end(&mut self, cause: Cause, sink: &mut impl Sink) {
        if self.state != State::Ended {
            self.state = State::Ended;
            sink.ended(cause);
        }
    }

    fn take_broken(&mut self) -> Option<io::Error> {
        self.extra.as_mut()?.broken.take()
    }
}

/// What to do after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Read again: more may be there.
    More,
    /// Wait until the kernel tells.
    Nothing,
    /// Forget the connection.
    Over,
}

/// Hands over a message that need not be what must come next; false if it is text that is not UTF-8, which ends the connection.
#[cold]
fn deliver(event: ledger::Event<'_>, at: Time, sink: &mut impl Sink) -> bool {
    let lawful = event.kind == Kind::Binary || str::from_utf8(event.bytes).is_ok();
    if lawful {
        sink.message(at, event);
    } else {
        sink.offence(at, event);
    }
    lawful
}

#[cfg(test)]
mod tests;
