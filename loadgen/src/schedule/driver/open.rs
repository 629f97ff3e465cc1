//! The open model: messages are due at fixed times, however slow the replies are.

use super::command::{ClientView, Command, DropCause, DropCommand, Presence, SendCommand};
use crate::{
    clock::Time,
    schedule::{Agenda, Burst, Schedule, Senders},
};

/// How late a burst may be sent after the phase has ended, in nanoseconds. Later ones are dropped
/// as behind schedule.
const GRACE: u64 = 100_000_000;

/// Drives clients in the open model.
#[derive(Debug)]
pub(crate) struct OpenDriver {
    senders: Senders,
    max_in_flight: u32,
    /// Length of the measured phase in nanoseconds.
    length: u64,
    /// Messages of each client in it, if they end it.
    messages: Option<u64>,
    start: Time,
    end: Time,
    /// Empty until the load begins.
    agenda: Agenda,
    /// The part of a burst that was not sent.
    rest: Option<DropCommand>,
    /// The part of a burst after that, which its session has no room for.
    beyond: Option<DropCommand>,
}

impl OpenDriver {
    /// Sends by `schedule` for `length` nanoseconds after the warm-up.
    pub(crate) fn elapsed(schedule: Schedule, senders: impl Into<Senders>, max_in_flight: u32, length: u64) -> Self {
        let senders = senders.into();
        Self {
            agenda: Agenda::without_end(schedule, &senders),
            senders,
            max_in_flight,
            length,
            messages: None,
            start: Time::NEVER,
            end: Time::NEVER,
            rest: None,
            beyond: None,
        }
    }

    /// Sends by `schedule` until each client has sent `messages` after the warm-up.
    pub(crate) fn counted(schedule: Schedule, senders: impl Into<Senders>, max_in_flight: u32, messages: u64) -> Self {
        let length = schedule.length_of(messages);
        Self { messages: Some(messages), ..Self::elapsed(schedule, senders, max_in_flight, length) }
    }

    pub(super) fn begin(&mut self, start: Time, warmup: u64) {
        let length = warmup.saturating_add(self.length);
        let limit = self.messages.map(|messages| (messages, warmup));
        self.agenda.begin(length, limit);
        (self.start, self.end) = (start, start.plus(length));
    }

    pub(super) fn end(&self) -> Time {
        self.end
    }

    #[inline]
    pub(super) fn next(&mut self, now: Time, view: impl Fn(usize) -> ClientView) -> Option<Command> {
        if let Some(rest) = self.take_rest() {
            return Some(Command::Drop(rest));
        }
        let (slot, due, mut messages) = self.take(now)?;
        let ClientView { presence, blocked, in_flight, in_session } = view(slot);
        let drop = |messages, cause| DropCommand { slot, due, messages, cause };
        match presence {
            Presence::Open => {}
            Presence::Before => return Some(Command::Skip { slot, messages }),
            Presence::Away => return Some(Command::Drop(drop(messages, DropCause::Away))),
            Presence::Gone => return Some(Command::Drop(drop(messages, DropCause::DeadConnection))),
        }
        if messages > in_session {
            let beyond = drop(messages - in_session, DropCause::Away);
            if in_session == 0 {
                return Some(Command::Drop(beyond));
            }
            (self.beyond, messages) = (Some(beyond), in_session);
        }
        let room = if blocked { 0 } else { self.max_in_flight.saturating_sub(in_flight) };
        Some(match messages.min(room) {
            0 => Command::Drop(drop(messages, DropCause::InFlightCap)),
            send => Command::Send(SendCommand { slot, due, messages: send, wanted: messages }),
        })
    }

    #[inline]
    pub(super) fn sent(&mut self, command: &SendCommand, sent: u32) {
        let &SendCommand { slot, due, wanted, .. } = command;
        if sent < wanted {
            self.rest = Some(DropCommand { slot, due, messages: wanted - sent, cause: DropCause::InFlightCap });
        }
    }

    #[inline]
    pub(super) fn wake(&self) -> Time {
        self.peek().map_or(self.end, |burst| self.start.plus(burst.due))
    }

    #[inline]
    pub(super) fn is_over(&self, now: Time) -> bool {
        now >= self.end && (self.is_spent() || now >= self.end.plus(GRACE))
    }

    pub(super) fn cut(&mut self, now: Time) {
        self.agenda.cut(now.since(self.start));
        self.end = self.end.min(now);
    }

    pub(super) fn is_spent(&self) -> bool {
        self.peek().is_none()
    }

    pub(super) fn planned(&self) -> Vec<usize> {
        self.agenda.clients().into_iter().map(|client| self.senders.slot(client)).collect()
    }

    pub(super) fn next_left(&mut self, view: impl Fn(usize) -> ClientView) -> Option<Command> {
        if let Some(rest) = self.take_rest() {
            return Some(Command::Drop(rest));
        }
        let (slot, due, messages) = self.take(Time::NEVER)?;
        let ClientView { presence, in_session, .. } = view(slot);
        let cause = match presence {
            Presence::Before => return Some(Command::Skip { slot, messages }),
            Presence::Open if in_session > 0 => DropCause::BehindSchedule,
            Presence::Open | Presence::Away => DropCause::Away,
            Presence::Gone => DropCause::DeadConnection,
        };
        Some(Command::Drop(DropCommand { slot, due, messages, cause }))
    }

    /// Takes a part of the last burst that was not sent, in the order of the sequences.
    #[inline]
    fn take_rest(&mut self) -> Option<DropCommand> {
        self.rest.take().or_else(|| self.beyond.take())
    }

    fn peek(&self) -> Option<Burst> {
        self.agenda.peek()
    }

    /// Takes the next burst that is due at `now` and has messages.
    #[inline]
    fn take(&mut self, now: Time) -> Option<(usize, Time, u32)> {
        loop {
            let Burst { client, due, messages } = self.agenda.peek()?;
            let due = self.start.plus(due);
            if due > now {
                return None;
            }
            self.agenda.advance();
            if messages > 0 {
                return Some((self.senders.slot(client), due, messages));
            }
        }
    }
}
