//! When clients come and go: sessions, cuts, storms and backoff. Pure: time is an argument.
//!
//! ```text
//! command.rs  what is to be done: open, close, cut
//! client.rs   where one client is
//! sweep.rs    what goes over all clients: first openings, cuts from time to time, the stop
//! storms.rs   times at which many are cut at once, and who is
//! backoff.rs  how long a client waits before it tries again
//! timers.rs   ends of sessions and waits, in order
//! ```
//!
//! Clients are known by their indices in the group. So who is cut when does not depend on how many
//! workers there are.
//!
//! ```text
//! before ──> opening ──opened──> open ──close, cut──> ending ──ended──> away ──> opening
//!               └──failed──> away  └──ended──> away                       └─> gone
//! ```

mod backoff;
mod client;
mod command;
mod storms;
mod sweep;
#[cfg(test)]
mod tests;
mod timers;

use std::num::NonZeroU32;

pub(crate) use self::command::{AttemptCause, SessionCommand};
use self::{
    backoff::Backoff,
    client::{ClientSessions, ClientState},
    storms::Storms,
    sweep::{DropGrid, FirstOpenings},
    timers::Timers,
};

use crate::{
    clock::{Time, nanos},
    plan::{SessionLength, Sessions, Share},
};

/// A connection that was open for so long lets the backoff start anew. Nanoseconds.
const LONG_ENOUGH: u64 = 1_000_000_000;

/// Decides when the clients of one group on one worker open, close and are cut.
///
/// Clients that do not open later are opened by the worker before the load, without a command.
/// Times are counted from [`Self::begin`]. Until then only failed and ended connections are opened
/// again.
#[derive(Debug)]
pub(crate) struct SessionSchedule {
    rules: Sessions,
    share: Share,
    backoff: Option<Backoff>,
    measured_from: Time,
    clients: Vec<ClientSessions>,
    timers: Timers,
    openings: FirstOpenings,
    drops: Option<DropGrid>,
    storms: Storms,
    /// Slots that the storm or the stop has come to.
    swept: usize,
    /// Clients whose next attempt is to come.
    expected: usize,
    /// The group has stopped, or the load is over.
    stopped: bool,
    ended: bool,
}

impl SessionSchedule {
    /// The schedule of the clients of `share`, of a group of `clients`. `seed` is for this group
    /// alone.
    pub(crate) fn new(rules: &Sessions, share: &Share, clients: NonZeroU32, seed: u64) -> Self {
        let later = rules.opens_later();
        let state = if later { ClientState::Before } else { ClientState::Opening };
        Self {
            backoff: rules.reconnect.as_ref().map(|reconnect| Backoff::new(reconnect, seed)),
            measured_from: Time::NEVER,
            clients: vec![ClientSessions::new(state); share.slots.len()],
            timers: Timers::default(),
            openings: FirstOpenings::new(rules, share, clients),
            drops: rules.drop.map(|every| DropGrid::new(every, share, clients)),
            storms: Storms::new(&rules.storms, clients),
            swept: share.slots.start,
            expected: if later { share.slots.len() } else { 0 },
            stopped: false,
            ended: false,
            rules: rules.clone(),
            share: share.clone(),
        }
    }

    /// The measured phase begins then.
    pub(crate) fn begin(&mut self, measured_from: Time) {
        self.measured_from = measured_from;
        for slot in self.share.slots.clone() {
            self.set_timer(slot);
        }
    }

    /// What is to be done at `now`. Goes on as long as there is something.
    pub(crate) fn next(&mut self, now: Time) -> Option<SessionCommand> {
        if self.ended {
            return None;
        }
        if now >= self.stop() {
            return self.next_of_stop(now);
        }
        self.next_cut(now).or_else(|| self.next_timer(now)).or_else(|| self.next_first_opening(now))
    }

    /// When [`Self::next`] must be asked again, unless something happens before.
    pub(crate) fn wake(&self) -> Time {
        if self.ended {
            return Time::NEVER;
        }
        let timer = self.timers.wake();
        if self.stopped {
            let unswept = self.swept < self.share.slots.end;
            return if unswept { Time::default() } else { timer };
        }
        let drop = self.drops.as_ref().map_or(Time::NEVER, |drops| drops.wake(self.measured_from));
        let first = self.openings.wake(self.measured_from);
        timer.min(drop).min(first).min(self.storms.wake(self.measured_from)).min(self.stop())
    }

    /// A client is open at `at`, and has joined.
    pub(crate) fn opened(&mut self, slot: usize, at: Time) {
        self.expect(slot, ClientState::Open);
        let left = match self.rules.session {
            Some(SessionLength::Messages(messages)) => u32::try_from(messages.get()).unwrap_or(u32::MAX),
            _ => u32::MAX,
        };
        let client = self.client(slot);
        (client.at, client.left) = (at, left);
        self.set_timer(slot);
    }

    /// The attempt to open a client failed at `at`.
    pub(crate) fn failed(&mut self, slot: usize, at: Time) {
        self.away(slot, at, AttemptCause::Failure);
    }

    /// The connection of a client is over at `at`, whoever ended it.
    pub(crate) fn ended(&mut self, slot: usize, at: Time) {
        let client = self.client(slot);
        let cause = match client.state {
            ClientState::Open => AttemptCause::Death,
            ClientState::Ending(cause) => cause,
            ClientState::Opening => AttemptCause::Failure,
            ClientState::Before | ClientState::Away(_) | ClientState::Gone => return,
        };
        if cause != AttemptCause::Failure && at.since(client.at) >= LONG_ENOUGH {
            client.failures = 0;
        }
        self.away(slot, at, cause);
    }

    /// A client has sent so many messages.
    pub(crate) fn sent(&mut self, slot: usize, messages: u32) {
        if matches!(self.rules.session, Some(SessionLength::Messages(_))) {
            let client = self.client(slot);
            client.left = client.left.saturating_sub(messages);
            if client.left == 0 {
                self.set_timer(slot);
            }
        }
    }

    /// Messages that the session of a client has room for; `u32::MAX` if nothing bounds that.
    pub(crate) fn left_in_session(&self, slot: usize) -> u32 {
        self.clients[slot - self.share.slots.start].left
    }

    /// Whether a client that is not open will be, as far as the plan is concerned: it waits for its
    /// first attempt or for another one.
    pub(crate) fn returns(&self, slot: usize) -> bool {
        !self.stopped && self.clients[slot - self.share.slots.start].is_expected()
    }

    /// Whether there is a client that [`Self::returns`].
    pub(crate) fn somebody_returns(&self) -> bool {
        !self.stopped && self.expected > 0
    }

    /// Why the plan ends the session of a client, after a command to close or to cut it.
    pub(crate) fn ending(&self, slot: usize) -> Option<AttemptCause> {
        match self.clients[slot - self.share.slots.start].state {
            ClientState::Ending(cause) => Some(cause),
            _ => None,
        }
    }

    /// The load is over: nothing opens, closes or is cut any more.
    pub(crate) fn end(&mut self) {
        (self.ended, self.stopped) = (true, true);
        self.timers.clear();
    }

    fn client(&mut self, slot: usize) -> &mut ClientSessions {
        &mut self.clients[slot - self.share.slots.start]
    }

    /// Changes the state of a client.
    fn expect(&mut self, slot: usize, state: ClientState) {
        let client = &mut self.clients[slot - self.share.slots.start];
        self.expected -= usize::from(client.is_expected());
        client.state = state;
        self.expected += usize::from(client.is_expected());
    }

    /// When the group stops.
    fn stop(&self) -> Time {
        self.rules.stop.map_or(Time::NEVER, |stop| self.measured_from.plus(nanos(stop)))
    }

    /// A client is away from `at` on, and waits if it may come back.
    fn away(&mut self, slot: usize, at: Time, cause: AttemptCause) {
        let index = self.share.index(slot);
        let client = &mut self.clients[slot - self.share.slots.start];
        let back = self.backoff.filter(|_| !self.stopped).map(|backoff| {
            let wait = backoff.wait(index, client.waits, client.failures.into());
            (client.waits, client.failures) = (client.waits.wrapping_add(1), client.failures.saturating_add(1));
            at.plus(wait)
        });
        client.left = u32::MAX;
        let state = match back.filter(|back| *back < self.stop()) {
            Some(back) => {
                self.client(slot).at = back;
                ClientState::Away(cause)
            }
            None => ClientState::Gone,
        };
        self.expect(slot, state);
        self.set_timer(slot);
    }

    /// When something is to be done with a client that no sweep does.
    fn timer(&self, client: &ClientSessions) -> Time {
        match (client.state, self.rules.session) {
            (ClientState::Away(_), _) => client.at,
            (ClientState::Open, _) if self.stopped || client.left == 0 => Time::default(),
            (ClientState::Open, Some(SessionLength::Elapsed(length))) if self.measured_from != Time::NEVER => {
                session_end(client.at, nanos(length), self.measured_from)
            }
            _ => Time::NEVER,
        }
    }

    fn set_timer(&mut self, slot: usize) {
        let place = slot - self.share.slots.start;
        let at = self.timer(&self.clients[place]);
        if at == Time::NEVER || self.ended {
            return;
        }
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let mut timers = std::mem::take(&mut self.timers);
        timers.set(number, at, self.clients.len(), |place, at| self.timer(&self.clients[place as usize]) == at);
        self.timers = timers;
    }

    fn next_timer(&mut self, now: Time) -> Option<SessionCommand> {
        while let Some((place, at)) = self.timers.pop(now) {
            let client = self.clients[place as usize];
            if self.timer(&client) != at {
                continue;
            }
            let slot = self.share.slots.start + place as usize;
            if let ClientState::Away(after) = client.state {
                self.expect(slot, ClientState::Opening);
                return Some(SessionCommand::Open { slot, after });
            }
            self.expect(slot, ClientState::Ending(AttemptCause::Session));
            return Some(SessionCommand::Close(slot));
        }
        None
    }

    fn next_first_opening(&mut self, now: Time) -> Option<SessionCommand> {
        while let Some(slot) = self.openings.next(now, self.measured_from) {
            if self.client(slot).state == ClientState::Before {
                self.expect(slot, ClientState::Opening);
                return Some(SessionCommand::Open { slot, after: AttemptCause::Start });
            }
        }
        None
    }

    fn next_cut(&mut self, now: Time) -> Option<SessionCommand> {
        while let Some(slot) = self.drops.as_mut().and_then(|drops| drops.next(now, self.measured_from)) {
            if let Some(command) = self.cut(slot, AttemptCause::Drop) {
                return Some(command);
            }
        }
        while now >= self.storms.wake(self.measured_from) {
            while self.swept < self.share.slots.end {
                let slot = self.swept;
                self.swept += 1;
                if self.storms.hits(self.share.index(slot))
                    && let Some(command) = self.cut(slot, AttemptCause::Storm)
                {
                    return Some(command);
                }
            }
            self.storms.pass();
            self.swept = self.share.slots.start;
        }
        None
    }

    /// Cuts a client if it is open.
    fn cut(&mut self, slot: usize, cause: AttemptCause) -> Option<SessionCommand> {
        (self.client(slot).state == ClientState::Open).then(|| {
            self.expect(slot, ClientState::Ending(cause));
            SessionCommand::Cut(slot)
        })
    }

    /// The group has stopped: who is open closes, and nobody opens.
    fn next_of_stop(&mut self, now: Time) -> Option<SessionCommand> {
        if !std::mem::replace(&mut self.stopped, true) {
            self.swept = self.share.slots.start;
        }
        while self.swept < self.share.slots.end {
            let slot = self.swept;
            self.swept += 1;
            match self.client(slot).state {
                ClientState::Open => {
                    self.expect(slot, ClientState::Ending(AttemptCause::Session));
                    return Some(SessionCommand::Close(slot));
                }
                ClientState::Before | ClientState::Away(_) => self.expect(slot, ClientState::Gone),
                ClientState::Opening | ClientState::Ending(_) | ClientState::Gone => {}
            }
        }
        self.next_timer(now)
    }
}

/// When a session ends that began at `opened`. One that began before the measured phase ends in it,
/// as if the client had done whole sessions before. So clients that opened one after the other
/// close one after the other.
fn session_end(opened: Time, length: u64, measured_from: Time) -> Time {
    let sessions = measured_from.since(opened).div_ceil(length.max(1)).max(1);
    opened.plus(sessions.saturating_mul(length))
}
