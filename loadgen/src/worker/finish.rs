//! Drains, then closes every connection with a handshake.

use super::{ClientState, Worker, WorkerEvent};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    plan::Expect,
    schedule::pacer::Wait,
};

/// Longest wait for the next peer to answer the closing handshake. Many together take their time.
const CLOSE_TIMEOUT: u64 = 2_000_000_000;

/// Longest wait for all peers: a base, and more for each client of the run.
const LONGEST_CLOSE: u64 = 6_000_000_000;
const CLOSE_EACH: u64 = 10_000;

/// Silence to wait for after the last reply, where replies do not name their message.
const SURPLUS_SILENCE: u64 = 200_000_000;

/// Longest wait for that silence.
const LONGEST_SURPLUS: u64 = 2_000_000_000;

/// After a signal, the longest wait for messages in flight, and for closing handshakes. The report
/// comes within two seconds.
const STOPPED_DRAIN: u64 = 750_000_000;
const STOPPED_CLOSE: u64 = 500_000_000;

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Waits for messages in flight, as long as the plan says. After a signal, only for a moment.
    pub(super) async fn drain(&mut self) {
        let planned = self.draining.unwrap_or_else(|| self.clock.now()).plus(self.config.drain);
        while self.in_flight > 0 && self.open > 0 {
            let now = self.clock.now();
            self.tick(now);
            self.is_stopped(now);
            let until = self.stopped.map_or(planned, |at| planned.min(at.plus(STOPPED_DRAIN)));
            if now >= until {
                self.cut_short = now < planned;
                break;
            }
            self.receive_ready(None);
            if self.in_flight > 0 {
                self.rest(now, Wait::Until(until.min(now.plus(super::TICK)))).await;
            }
        }
        if self.config.expectation.expect != Expect::Echo {
            self.await_surplus().await;
        }
    }

    /// Waits until no more replies come. A surplus reply is taken for the reply to the next
    /// message, so it shows only once all messages have theirs. Many servers send nothing more
    /// after a Close.
    async fn await_surplus(&mut self) {
        let start = self.clock.now();
        let silence = SURPLUS_SILENCE.min(self.config.drain);
        let longest = LONGEST_SURPLUS.min(self.config.drain);
        while self.open > 0 {
            let now = self.clock.now();
            self.tick(now);
            let over = now.since(self.last_reply.max(start)) >= silence || now.since(start) >= longest;
            if over || self.is_stopped(now) {
                break;
            }
            self.receive_ready(None);
            self.rest(now, Wait::Until(now.plus(super::TICK))).await;
        }
    }

    /// Closes every connection. Messages before the peer's Close still count: a duplicate of the
    /// last message would come there.
    pub(super) async fn close(&mut self) {
        let now = self.clock.now();
        for slot in 0..self.clients.len() {
            if self.clients[slot].state == ClientState::Open {
                self.begin_close(slot, now);
            }
        }
        let (mut left, mut until) = (self.closing, now.plus(CLOSE_TIMEOUT));
        let mut latest = now.plus(LONGEST_CLOSE + CLOSE_EACH * u64::from(self.config.clients));
        if self.stopped.is_some() {
            latest = now.plus(STOPPED_CLOSE);
        }
        loop {
            self.receive_ready(None);
            let now = self.clock.now();
            if self.stopped.is_none() && self.is_stopped(now) {
                latest = latest.min(now.plus(STOPPED_CLOSE));
            }
            if self.closing < left {
                (left, until) = (self.closing, now.plus(CLOSE_TIMEOUT));
            }
            until = until.min(latest);
            if self.closing == 0 || now >= until {
                break;
            }
            self.engine.wait_async(Wait::Until(until.min(now.plus(super::TICK)))).await;
        }
        for slot in 0..self.clients.len() {
            self.settle(slot, until, false);
        }
        self.hand_over_seconds(self.clock.now());
        for (group, outcome) in self.outcome.groups.iter_mut().enumerate() {
            if let Some(row) = outcome.recorder.last_row() {
                let _ = self.events.send(WorkerEvent::Second { group, row });
            }
        }
        self.tell_connections();
        self.report_progress();
    }

    fn begin_close(&mut self, slot: usize, now: Time) {
        self.open -= 1;
        self.closing += 1;
        let client = &mut self.clients[slot];
        client.state = ClientState::Closing;
        if client.ledger.in_flight() > 0 {
            client.state = ClientState::Settled;
            let lost = u64::from(client.ledger.in_flight());
            self.settle(slot, now, self.cut_short);
            self.in_flight -= lost;
        }
        self.engine.close(slot);
    }
}
