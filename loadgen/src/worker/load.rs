//! Warm-up and measured phase, in the open and in the closed model.

use super::{Client, State, TICK, Worker, thread_cpu};
use crate::clock::Time;
use crate::engine::Engine;
use crate::ledger::Times;
use crate::pacer::Wait;
use crate::plan::{Load, Until};
use crate::recorder::{DropCause, Window};
use crate::schedule::{Agenda, Schedule};

/// How late a burst may be sent after the phase has ended; what is later still is dropped as behind schedule.
const GRACE: u64 = 100_000_000;

/// Bytes that are queued before they are written. A message's write time is taken just before the write, so a burst of
/// large messages is written in parts.
const WRITE_AT_ONCE: usize = 64 * 1024;

/// Bursts that are sent before replies get their turn, when more are due than there was time for.
const BURSTS_IN_A_ROW: u32 = 256;

/// Connections that are read in the closed model before the first of them is sent what its window has room for. With a read
/// between two writes, a server has done the one and fallen asleep when the other comes, and each write must wake it: a
/// twentieth of all that a message costs. More at once would only hold back replies' successors for longer.
const READ_TOGETHER: usize = 8;

/// Bytes a connection may have unsent before it counts as having its fill in flight: the target does not read.
const MAX_UNSENT: u64 = 1024 * 1024;

/// Silence after which a closed run that counts messages gives up on those in flight, however short its drain is.
const LEAST_SILENCE: u64 = 1_000_000_000;

/// Processor time at the beginning of the measured phase.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    cpu: Option<u64>,
    spun: u64,
    /// The phase is over, and what it took is known.
    read: bool,
}

impl<E: Engine> Worker<E> {
    /// Warm-up from `start`, then the measured phase.
    pub(super) async fn load(&mut self, start: Time) {
        let from = start.plus(self.orders.warmup);
        match self.orders.load {
            Load::Open { rate, burst, max_in_flight } => {
                let clients = self.orders.clients.try_into().expect("a plan has clients");
                let schedule = Schedule::new(clients, rate, burst);
                let (length, limit) = match self.orders.until {
                    Until::Elapsed(duration) => (nanos(duration), None),
                    Until::Messages(messages) => {
                        (schedule.length_of(messages.get()), Some((messages.get(), self.orders.warmup)))
                    }
                };
                let (worker, workers) = (self.orders.worker, self.orders.workers);
                let agenda = Agenda::new(schedule, worker, workers, self.orders.warmup + length, limit);
                self.begin(Window { from, to: from.plus(length) });
                self.open_model(start, agenda, max_in_flight.get()).await;
            }
            Load::Closed { window } => {
                let (to, messages) = match self.orders.until {
                    Until::Elapsed(duration) => (from.plus(nanos(duration)), u64::MAX),
                    Until::Messages(messages) => (Time::from_nanos(u64::MAX), messages.get()),
                };
                self.begin(Window { from, to });
                self.closed_model(start, window.get(), messages).await;
            }
        }
    }

    fn begin(&mut self, window: Window) {
        self.outcome.window = window;
        self.outcome.recorder.begin(window);
    }

    fn end(&mut self, to: Time) {
        // Stopped in the warm-up, nothing was measured.
        self.outcome.window = Window { from: self.outcome.window.from.min(to), to };
        self.outcome.recorder.end_window(self.outcome.window);
    }

    /// Notes the processor time when the measured phase begins, and what it took when it ends: what is counted in the
    /// window is divided by it, so neither what is sent late nor what comes late may be in it.
    fn meter(&mut self, meter: &mut Meter, now: Time) {
        if meter.cpu.is_none() && now >= self.outcome.window.from {
            *meter = Meter { cpu: Some(thread_cpu()), spun: self.spun, read: false };
        }
        if now >= self.outcome.window.to {
            self.read_meter(meter);
        }
    }

    fn read_meter(&mut self, meter: &mut Meter) {
        if let Some(cpu) = meter.cpu.filter(|_| !std::mem::replace(&mut meter.read, true)) {
            self.outcome.cpu = thread_cpu() - cpu;
            self.outcome.spun = self.spun - meter.spun;
        }
    }

    async fn open_model(&mut self, start: Time, mut agenda: Agenda, max_in_flight: u32) {
        let mut meter = Meter::default();
        // When polling began that has found nothing yet.
        let mut polling: Option<Time> = None;
        loop {
            let now = self.clock.now();
            self.tick(now);
            self.meter(&mut meter, now);
            if self.control.stopped() && now < self.outcome.window.to {
                agenda.cut(now.since(start));
                self.end(now);
            }
            let worked = self.send_due(start, now, &mut agenda, max_in_flight);
            let to = self.outcome.window.to;
            let due = agenda.peek().map_or(to, |burst| start.plus(burst.due));
            let read = self.receive_ready(Some(due).filter(|&due| due > now));
            if let Some(since) = polling.take().filter(|_| !worked && !read) {
                self.spun += now.since(since);
            }
            if self.open == 0 || (agenda.peek().is_none() && now >= to) || now >= to.plus(GRACE) {
                break;
            }
            polling = self.wait_for(due).await;
        }
        self.read_meter(&mut meter);
        while let Some(burst) = agenda.peek() {
            let dead = self.clients[self.slot(burst.client)].state == State::Gone;
            let why = if dead { DropCause::DeadConnection } else { DropCause::BehindSchedule };
            self.outcome.recorder.dropped(start.plus(burst.due), burst.messages.into(), why);
            agenda.advance();
        }
    }

    /// Waits until `due`, the next tick, or a connection is ready. Since when, if it polls.
    async fn wait_for(&mut self, due: Time) -> Option<Time> {
        let now = self.clock.now();
        let wait = self.pacer.wait(now, due)?;
        let wait = match wait {
            Wait::Until(time) => Wait::Until(time.min(self.next_tick.max(now))),
            Wait::Poll => Wait::Poll,
        };
        self.engine.wait(wait).await;
        match wait {
            Wait::Poll => Some(now),
            Wait::Until(_) => {
                self.pacer.awake(self.clock.now());
                None
            }
        }
    }

    /// Sends the bursts that are due at `now`. Whether there was one.
    fn send_due(&mut self, start: Time, now: Time, agenda: &mut Agenda, max_in_flight: u32) -> bool {
        let mut bursts = 0;
        while let Some(burst) = agenda.peek().filter(|burst| bursts < BURSTS_IN_A_ROW && start.plus(burst.due) <= now) {
            agenda.advance();
            bursts += 1;
            let (slot, due) = (self.slot(burst.client), start.plus(burst.due));
            let Client { ledger, state, .. } = &self.clients[slot];
            if *state != State::Open {
                self.outcome.recorder.dropped(due, burst.messages.into(), DropCause::DeadConnection);
                continue;
            }
            let unsent = self.engine.unsent(slot) > MAX_UNSENT;
            let room = if unsent { 0 } else { max_in_flight.saturating_sub(ledger.in_flight()) };
            let sent = burst.messages.min(room);
            if sent > 0 {
                self.send(slot, due, sent);
            }
            if sent < burst.messages {
                self.outcome.recorder.dropped(due, (burst.messages - sent).into(), DropCause::InFlightCap);
            }
        }
        bursts > 0
    }

    fn slot(&self, client: u32) -> usize {
        (client / self.orders.workers) as usize
    }

    /// Sends `messages` messages on a connection, all due at `due`.
    fn send(&mut self, slot: usize, due: Time, messages: u32) {
        let Client { ledger, .. } = &mut self.clients[slot];
        let series = self.orders.terms.payload.of(ledger.client());
        let size = series.size();
        let at_once = u32::try_from(WRITE_AT_ONCE / size).unwrap_or(u32::MAX).max(1);
        let mut left = messages;
        while left > 0 {
            let part = left.min(at_once);
            left -= part;
            let first = ledger.next_sequence();
            self.checksums.clear();
            let kinds = (0..part).map(|index| series.kind(first + u64::from(index)));
            self.engine.queue(slot, size, kinds, |payloads| {
                series.encode_all(first, payloads, |checksum| self.checksums.push(checksum));
            });
            let times = Times { due, written: self.clock.now() };
            ledger.sent_together(times, &self.checksums);
            for _ in self.checksums.len()..part as usize {
                // Those that the engine could not take, since the connection has just ended.
                ledger.sent(times);
            }
            let writes = self.engine.flush(slot);
            self.outcome.recorder.sent(times, part.into(), size as u64, writes);
        }
        self.in_flight += u64::from(messages);
    }

    async fn closed_model(&mut self, start: Time, window: u32, messages: u64) {
        let mut meter = Meter::default();
        // Measured messages that each client may still send, when their number ends the run.
        let mut left = vec![messages; if messages == u64::MAX { 0 } else { self.clients.len() }];
        let mut filled = false;
        let mut read = Vec::with_capacity(READ_TOGETHER);
        // With nothing but pings for as long as a drain may last, the rest is lost; but a drain may be cut to nothing, and
        // a reply takes its time.
        self.heard = start;
        let silence = self.orders.drain.max(LEAST_SILENCE);
        loop {
            let now = self.clock.now();
            self.tick(now);
            self.meter(&mut meter, now);
            if self.control.stopped() && now < self.outcome.window.to {
                self.end(now);
            }
            let sending = now < self.outcome.window.to;
            if sending && !filled && now >= start {
                filled = true;
                for slot in 0..self.clients.len() {
                    self.refill(slot, now, window, &mut left);
                }
            }
            self.engine.begin_turn();
            loop {
                let ready = std::iter::from_fn(|| self.engine.next_ready().map(|slot| (slot, self.receive(slot))));
                read.extend(ready.take(READ_TOGETHER));
                if read.is_empty() {
                    break;
                }
                for (slot, at) in read.drain(..) {
                    let at = at.unwrap_or(now);
                    if filled && at < self.outcome.window.to {
                        self.refill(slot, at, window, &mut left);
                    }
                }
            }
            let counted = filled && !left.is_empty();
            let over = self.in_flight == 0 && left.iter().all(|&left| left == 0);
            let done = counted && (over || now.since(self.heard) >= silence);
            if done {
                self.end(self.heard.max(self.outcome.window.from));
                self.draining = Some(self.heard);
            }
            if done || !sending || self.open == 0 {
                break;
            }
            let wake = if filled { self.outcome.window.to } else { start };
            self.engine.wait(Wait::Until(wake.min(now.plus(TICK)))).await;
        }
        if self.outcome.window.to == Time::from_nanos(u64::MAX) {
            // All connections died before their messages were sent: the phase ends here, and not in five hundred years.
            self.end(self.clock.now());
        }
        self.read_meter(&mut meter);
    }

    /// Sends what the window of a client has room for. A reply at `due` made the room.
    fn refill(&mut self, slot: usize, due: Time, window: u32, left: &mut [u64]) {
        let Client { ledger, state, .. } = &self.clients[slot];
        if *state != State::Open {
            if let Some(left) = left.get_mut(slot) {
                *left = 0;
            }
            return;
        }
        let mut room = window.saturating_sub(ledger.in_flight());
        if let Some(left) = left.get_mut(slot).filter(|_| due >= self.outcome.window.from) {
            room = room.min(u32::try_from(*left).unwrap_or(u32::MAX));
            *left -= u64::from(room);
        }
        if room > 0 {
            self.send(slot, due, room);
        }
    }
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
