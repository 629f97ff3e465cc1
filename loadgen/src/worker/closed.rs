//! Warm-up and measured phase in the closed model: a reply lets the next message go.

use std::collections::VecDeque;

use super::{
    Client, ClientState, TICK, Worker,
    load::{CpuMeter, MAX_UNSENT},
};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    schedule::pacer::{SLICE, Wait},
};

/// Connections that are read before the first of them is written. With a read between two writes, a
/// server falls asleep in between, and each write must wake it. That costs a twentieth of a
/// message. Reading more would only delay the next messages.
const READ_TOGETHER: usize = 8;

/// Silence after which a run of a number of messages gives up on those in flight, even with a
/// shorter drain.
const LEAST_SILENCE: u64 = 1_000_000_000;

/// Bytes that fill a window at once. The rest of a large window follows after other connections.
const FILL: usize = 256 * 1024;

/// The windows of a worker's clients.
struct Windows {
    /// Messages in flight per client.
    size: u32,
    /// Measured messages that each client may still send. Empty if time ends the run.
    left: Vec<u64>,
    /// Clients whose window has room and whose connection takes more.
    unfilled: VecDeque<usize>,
    /// Connections that were read together, and when. Empty between turns.
    read: Vec<(usize, Option<Time>)>,
}

impl<E: Engine, C: Clock> Worker<E, C> {
    pub(super) async fn closed_model(&mut self, start: Time, window: u32, messages: u64) {
        let mut meter = CpuMeter::default();
        let counted = messages < u64::MAX;
        let left = vec![messages; if counted { self.clients.len() } else { 0 }];
        let mut windows = Windows { size: window, left, unfilled: VecDeque::new(), read: Vec::new() };
        let mut begun = false;
        // After silence as long as the drain, the rest is lost. But a drain may be zero, and a
        // reply takes time.
        self.last_reply = start;
        let silence = self.config.drain.max(LEAST_SILENCE);
        loop {
            let now = self.clock.now();
            self.tick(now);
            self.meter(&mut meter, now);
            if self.is_stopped(now) && now < self.outcome.window.to {
                self.end(now);
            }
            let sending = now < self.outcome.window.to;
            if sending && !begun && now >= start {
                begun = true;
                windows.unfilled.extend(0..self.clients.len());
            }
            if sending {
                self.fill(&mut windows, now);
            }
            self.read_and_refill(&mut windows, now, begun);
            let over = self.in_flight == 0 && windows.left.iter().all(|&left| left == 0);
            let done = begun && counted && (over || now.since(self.last_reply) >= silence);
            if done {
                self.end(self.last_reply.max(self.outcome.window.from));
                self.draining = Some(self.last_reply);
            }
            if done || !sending || self.open == 0 {
                break;
            }
            let wake = if begun { self.outcome.window.to } else { start };
            let idle = windows.unfilled.is_empty();
            let wait = if idle { Wait::Until(wake.min(now.plus(TICK))) } else { Wait::Poll };
            self.rest(self.clock.now(), wait).await;
        }
        if self.open == 0 {
            // This includes clients that left before the first message was due.
            for slot in (0..windows.left.len()).filter(|&slot| windows.left[slot] > 0) {
                self.missed(slot);
            }
            self.end_phase_now();
        }
        self.read_meter(&mut meter);
    }

    /// Fills windows that have room, for about a [`SLICE`].
    fn fill(&mut self, windows: &mut Windows, now: Time) {
        let until = now.plus(SLICE);
        for _ in 0..windows.unfilled.len() {
            let due = self.clock.now();
            if due >= until {
                break;
            }
            if let Some(slot) = windows.unfilled.pop_front() {
                self.refill(slot, due, windows);
            }
        }
    }

    /// Receives for about a [`SLICE`], and sends new messages for the replies.
    fn read_and_refill(&mut self, windows: &mut Windows, now: Time, begun: bool) {
        let (mut read, until) = (std::mem::take(&mut windows.read), now.plus(SLICE));
        self.engine.begin_turn();
        loop {
            let ready = std::iter::from_fn(|| self.engine.next_ready().map(|slot| (slot, self.receive(slot))));
            read.extend(ready.take(READ_TOGETHER));
            let Some(&(_, last)) = read.last() else { break };
            for (slot, at) in read.drain(..) {
                let at = at.unwrap_or(now);
                if begun && at < self.outcome.window.to {
                    self.refill(slot, at, windows);
                }
            }
            if last.is_some_and(|last| last >= until) {
                break;
            }
        }
        windows.read = read;
    }

    /// Sends as much as the window of a client has room for. A reply at `due` made the room.
    fn refill(&mut self, slot: usize, due: Time, windows: &mut Windows) {
        let Client { ledger, state, .. } = &self.clients[slot];
        let left = windows.left.get_mut(slot);
        if *state != ClientState::Open {
            let planned = left.is_some_and(|left| std::mem::take(left) > 0);
            if planned {
                self.missed(slot);
            }
            return;
        }
        let mut room = windows.size.saturating_sub(ledger.in_flight());
        let counts = due >= self.outcome.window.from;
        if let Some(&mut left) = left.filter(|_| counts) {
            room = room.min(u32::try_from(left).unwrap_or(u32::MAX));
        }
        if room == 0 {
            return;
        }
        let fill = u32::try_from(FILL / self.config.expectation.payload.size()).unwrap_or(u32::MAX).max(1);
        if self.engine.unsent(slot) > MAX_UNSENT {
            return; // It is ready again once it takes more.
        }
        let sent = self.send(slot, due, room.min(fill), MAX_UNSENT);
        if let Some(left) = windows.left.get_mut(slot).filter(|_| counts) {
            *left -= u64::from(sent);
        }
        if sent < room {
            windows.unfilled.push_back(slot);
        }
    }
}
