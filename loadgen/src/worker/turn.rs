//! One turn of the loop: look at the clock, do what is due, receive, and wait.

use super::{
    Worker,
    client_sink::{ClientSink, ConnectionChange, LedgerAccount},
    clients::Client,
    control::TICK,
};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::CloseCause,
    schedule::pacer::{SLICE, Wait},
};

/// Connections that are read before the first of them is written. With a read between two writes, a
/// server falls asleep in between, and each write must wake it. That costs a twentieth of a
/// message. Reading more would only delay the next messages.
const READ_TOGETHER: usize = 8;

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Begins a turn. Now and then reports to the run.
    pub(super) fn begin_turn(&mut self) -> Time {
        let now = self.clock.now();
        self.pacer.awake(now);
        self.watch_for_stops(now);
        if self.link.is_tick(now) {
            self.stops.worked(self.clock.processor_time());
            self.hand_over_seconds(now);
            self.tell_connections();
            self.report_progress();
            self.tell_so_far(now);
        }
        self.measured.turn(now, &self.clock);
        if self.link.notices_stop(now) {
            self.cut(now);
        }
        now
    }

    /// Does what is due at `now`, and receives.
    pub(super) fn work(&mut self, now: Time) {
        let mut any = self.come_and_go(now);
        any |= self.do_what_is_due(now);
        any |= self.ping_due(now) | self.resume_reading(now);
        any |= self.receive_ready(now);
        self.measured.found(any, now);
    }

    /// When the next command of a driver is due, or its load ends.
    fn next_due(&self, now: Time) -> Time {
        let running = self.groups.iter().filter(|group| !group.driver.is_over(now, group.progress));
        running.map(|group| group.driver.wake()).min().unwrap_or(Time::NEVER)
    }

    /// Receives on the connections that are ready now, and does what that makes due. Ends after
    /// about a [`SLICE`], or after a read at or past the time at which something else is due; the
    /// others stay ready. True if there was one.
    fn receive_ready(&mut self, now: Time) -> bool {
        let (mut any, mut until) = (false, None);
        // What is overdue waits for a slice, or it would starve the connections.
        let due = Some(self.next_due(now)).filter(|&due| due > now);
        let mut read = std::mem::take(&mut self.read_together);
        self.engine.begin_turn();
        let mut over = false;
        while !over {
            while !over
                && read.len() < READ_TOGETHER
                && let Some(slot) = self.engine.next_ready()
            {
                let last = self.receive(slot);
                read.push((slot, last.unwrap_or(now)));
                if let Some(last) = last {
                    let slice = *until.get_or_insert_with(|| last.plus(SLICE));
                    over = last >= slice || due.is_some_and(|due| last >= due);
                }
            }
            if read.is_empty() {
                break;
            }
            any = true;
            for (slot, at) in read.drain(..) {
                self.replied(slot, at);
            }
        }
        self.read_together = read;
        any
    }

    /// Receives on one connection. Returns when its last read was, if there was one.
    fn receive(&mut self, slot: usize) -> Option<Time> {
        let Self { engine, groups, clients, .. } = self;
        let client = &mut clients.all[slot];
        let group = &mut groups[client.group as usize];
        if group.has_rooms {
            return self.receive_in_room(slot);
        }
        let before = client.ledger.in_flight();
        let recorder = &mut group.outcome.recorder;
        recorder.unread_since(engine.unread_since());
        let dialogue = group.dialogue.as_deref_mut();
        let account = LedgerAccount { client, recorder, expectation: &group.config.expectation };
        let mut sink = ClientSink::new(slot, account, dialogue);
        engine.receive(slot, &mut sink);
        let ClientSink { last, bytes, change, .. } = sink;
        let came = before - client.ledger.in_flight();
        if came > 0 {
            group.progress.last_reply = last.unwrap_or(group.progress.last_reply);
            group.progress.in_flight -= u64::from(came);
        }
        let has_sessions = group.sessions.is_some();
        if change.is_some() || group.dialogue.is_some() {
            self.say_and_change(slot, last, change);
        }
        self.has_read(slot, bytes, last);
        if has_sessions && came > 0 {
            self.replied_in_session(slot, last.unwrap_or_default());
        }
        last
    }

    /// Says what a client that was read at `last` has to say, and handles what became of its
    /// connection.
    pub(super) fn say_and_change(&mut self, slot: usize, last: Option<Time>, change: Option<Box<ConnectionChange>>) {
        let group = &self.groups[self.clients.group_of(slot)];
        if group.dialogue.as_ref().is_some_and(|dialogue| !dialogue.to_say.is_empty()) {
            self.say(slot, change.as_ref().is_some_and(|change| change.ended.is_some()));
        }
        if let Some(change) = change {
            self.changed(slot, last, *change);
        }
    }

    /// Waits until something is due, a connection is ready, or `latest` has come. Watches the time
    /// up to the next turn, and within this one, for stops.
    pub(super) fn rest(&mut self, latest: Time) {
        let now = self.clock.now();
        self.watch_for_stops(now);
        let latest = latest
            .min(self.link.next_tick)
            .min(self.next_coming_or_going())
            .min(self.next_ping())
            .min(self.next_reading())
            .max(now);
        let due = self.next_due(now);
        let wait = match self.pacer.wait(now, due) {
            Some(Wait::Until(time)) => Wait::Until(time.min(latest)),
            Some(Wait::Poll) => {
                self.measured.spinning = Some(now);
                Wait::Poll
            }
            None => Wait::Poll,
        };
        if let Wait::Until(until) = wait {
            // While nothing is due, as in connecting, a turn may be late by a tick.
            self.stops.wait(if due < Time::NEVER { until } else { now.plus(TICK) });
        }
        self.engine.wait(wait);
    }

    #[inline]
    pub(super) fn watch_for_stops(&mut self, now: Time) {
        if let Some(expected) = self.stops.turn(now) {
            self.stops.late(expected, now, self.clock.processor_time(), self.measured.window);
        }
    }

    /// Gives every message that a client still has in flight its fate. `cause` says what ended its
    /// session.
    pub(super) fn settle(&mut self, slot: usize, at: Time, cause: CloseCause) {
        let Client { ledger, local, group, .. } = &mut self.clients.all[slot];
        let group = &mut self.groups[*group as usize];
        group.progress.in_flight -= u64::from(ledger.in_flight());
        let by_plan = group.config.read.is_some();
        let cause = if by_plan { CloseCause::ByPlan } else { cause };
        group.outcome.settle(&group.config.expectation, ledger, *local, at, cause);
    }
}
