//! Warm-up and measured phase: what both models share, and the open model.

use std::sync::atomic::Ordering;

use super::{Client, ClientState, Worker};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::SendTimes,
    plan::{Load, Until},
    schedule::{Agenda, Schedule, pacer::Wait},
    worker::recorder::{DropCause, Window},
};

/// How late a burst may be sent after the phase has ended. Later ones are dropped as behind
/// schedule.
const GRACE: u64 = 100_000_000;

/// Bytes that are queued before they are written. A message's write time is taken just before the
/// write, so a burst of large messages is written in parts.
const WRITE_AT_ONCE: usize = 64 * 1024;

/// Bursts that are sent before replies are read, if the worker is behind.
const BURSTS_IN_A_ROW: u32 = 256;

/// Bytes that a connection may have unsent. Beyond, the target does not read, and the client's
/// in-flight cap counts as reached.
pub(super) const MAX_UNSENT: u64 = 1024 * 1024;

/// Bytes that a connection may have unsent before a burst is cut short. Leaves room for large
/// messages and bounds large bursts.
const MAX_UNSENT_BURST: u64 = 64 * MAX_UNSENT;

/// Processor time at the beginning of the measured phase.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CpuMeter {
    cpu: Option<u64>,
    spun: u64,
    /// The phase is over, and its processor time is known.
    read: bool,
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Runs the warm-up from `start` on, then the measured phase.
    pub(super) async fn load(&mut self, start: Time) {
        let from = start.plus(self.config.warmup);
        match self.config.load {
            Load::Open { rate, burst, max_in_flight } => {
                let clients = self.config.clients.try_into().expect("a plan has clients");
                let schedule = Schedule::new(clients, rate, burst);
                let (length, limit) = match self.config.until {
                    Until::Elapsed(duration) => (nanos(duration), None),
                    Until::Messages(messages) => {
                        (schedule.length_of(messages.get()), Some((messages.get(), self.config.warmup)))
                    }
                };
                let (worker, workers) = (self.config.worker, self.config.workers);
                let agenda = Agenda::new(schedule, worker, workers, self.config.warmup + length, limit);
                self.begin(Window { from, to: from.plus(length) });
                self.open_model(start, agenda, max_in_flight.get()).await;
            }
            Load::Closed { window } => {
                let (to, messages) = match self.config.until {
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
        self.outcome.groups[0].recorder.begin(window);
    }

    pub(super) fn end(&mut self, to: Time) {
        // If stopped in the warm-up, nothing was measured.
        self.outcome.window = Window { from: self.outcome.window.from.min(to), to };
        self.outcome.groups[0].recorder.end_window(self.outcome.window);
    }

    /// Reads the processor time at the beginning and at the end of the measured phase. Rates are
    /// divided by it, so work outside the window must not count.
    pub(super) fn meter(&mut self, meter: &mut CpuMeter, now: Time) {
        if meter.cpu.is_none() && now >= self.outcome.window.from {
            *meter = CpuMeter { cpu: Some(self.clock.processor_time()), spun: self.spun, read: false };
        }
        if now >= self.outcome.window.to {
            self.read_meter(meter);
        }
    }

    pub(super) fn read_meter(&mut self, meter: &mut CpuMeter) {
        if let Some(cpu) = meter.cpu.filter(|_| !std::mem::replace(&mut meter.read, true)) {
            self.outcome.cpu = self.clock.processor_time() - cpu;
            self.outcome.spun = self.spun - meter.spun;
        }
    }

    async fn open_model(&mut self, start: Time, mut agenda: Agenda, max_in_flight: u32) {
        let mut meter = CpuMeter::default();
        // When polling began that has found nothing yet.
        let mut polling: Option<Time> = None;
        loop {
            let now = self.clock.now();
            self.tick(now);
            self.meter(&mut meter, now);
            if self.is_stopped(now) && now < self.outcome.window.to {
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
            if self.is_without_connections(&agenda) {
                self.end_without_connections(&mut agenda, start);
                break;
            }
            if (agenda.peek().is_none() && now >= to) || now >= to.plus(GRACE) {
                break;
            }
            polling = self.wait_for(due).await;
        }
        self.read_meter(&mut meter);
        while let Some(burst) = agenda.peek() {
            let slot = self.slot(burst.client);
            let dead = self.clients[slot].state != ClientState::Open;
            let why = if dead { DropCause::DeadConnection } else { DropCause::BehindSchedule };
            self.dropped(slot, start.plus(burst.due), burst.messages, why);
            agenda.advance();
        }
    }

    /// Whether no worker has a connection left, and messages are planned or a connection died. A
    /// worker without connections goes on while another has some, and drops what is due.
    fn is_without_connections(&mut self, agenda: &Agenda) -> bool {
        if self.open > 0 {
            return false;
        }
        if !std::mem::replace(&mut self.without_connections, true) {
            self.control.without_connections.fetch_add(1, Ordering::AcqRel);
        }
        let over = agenda.peek().is_none() && self.outcome.groups[0].connections.died == 0;
        !over && self.control.without_connections.load(Ordering::Acquire) >= self.config.workers
    }

    /// Ends the measured phase, as nobody is left to send to. What is not due yet is not dropped,
    /// but the clients with planned messages have died.
    fn end_without_connections(&mut self, agenda: &mut Agenda, start: Time) {
        let mut rest = agenda.clone();
        for _ in 0..self.clients.len() {
            let Some(burst) = rest.peek() else { break };
            if burst.messages > 0 {
                self.missed(self.slot(burst.client));
            }
            rest.advance();
        }
        let now = self.clock.now();
        agenda.cut(now.since(start));
        self.end_phase_now();
    }

    /// Ends the measured phase now, unless it has ended.
    pub(super) fn end_phase_now(&mut self) {
        let now = self.clock.now();
        if now < self.outcome.window.to {
            self.end(now);
        }
    }

    /// Waits until `due`, the next tick, or a ready connection. If it polled, returns since when.
    async fn wait_for(&mut self, due: Time) -> Option<Time> {
        let now = self.clock.now();
        let wait = self.pacer.wait(now, due)?;
        let wait = match wait {
            Wait::Until(time) => Wait::Until(time.min(self.next_tick.max(now))),
            Wait::Poll => Wait::Poll,
        };
        self.rest(now, wait).await;
        match wait {
            Wait::Poll => Some(now),
            Wait::Until(_) => {
                self.pacer.awake(self.clock.now());
                None
            }
        }
    }

    /// Sends the bursts that are due at `now`. True if there was one.
    fn send_due(&mut self, start: Time, now: Time, agenda: &mut Agenda, max_in_flight: u32) -> bool {
        let mut bursts = 0;
        while let Some(burst) = agenda.peek().filter(|burst| bursts < BURSTS_IN_A_ROW && start.plus(burst.due) <= now) {
            agenda.advance();
            bursts += 1;
            let (slot, due) = (self.slot(burst.client), start.plus(burst.due));
            let Client { ledger, state, .. } = &self.clients[slot];
            if *state != ClientState::Open {
                self.dropped(slot, due, burst.messages, DropCause::DeadConnection);
                if burst.messages > 0 {
                    self.missed(slot);
                }
                continue;
            }
            let unsent = self.engine.unsent(slot) > MAX_UNSENT;
            let room = if unsent { 0 } else { max_in_flight.saturating_sub(ledger.in_flight()) };
            let sent = self.send(slot, due, burst.messages.min(room), MAX_UNSENT_BURST);
            if sent < burst.messages {
                self.dropped(slot, due, burst.messages - sent, DropCause::InFlightCap);
            }
        }
        bursts > 0
    }

    /// Drops messages of a client that were due at `due`. They take their sequences.
    fn dropped(&mut self, slot: usize, due: Time, messages: u32, why: DropCause) {
        self.clients[slot].ledger.skip(messages.into());
        self.outcome.groups[0].recorder.dropped(due, messages.into(), why);
    }

    pub(super) fn slot(&self, client: u32) -> usize {
        (client / self.config.workers) as usize
    }

    /// Sends `messages` messages on a connection, all due at `due`. Stops once more than
    /// `most_unsent` bytes are unsent. Returns how many were sent.
    pub(super) fn send(&mut self, slot: usize, due: Time, messages: u32, most_unsent: u64) -> u32 {
        let Client { ledger, .. } = &mut self.clients[slot];
        let series = self.config.expectation.payload.of(ledger.client());
        let size = series.size();
        let at_once = u32::try_from(WRITE_AT_ONCE / size.max(1)).unwrap_or(u32::MAX).max(1);
        let mut left = messages;
        while left > 0 && (left == messages || self.engine.unsent(slot) <= most_unsent) {
            let part = left.min(at_once);
            left -= part;
            let first = ledger.next_sequence();
            self.checksums.clear();
            let messages = (0..part).map(|index| (series.kind(first + u64::from(index)), size));
            self.engine.queue(slot, messages, |payloads| {
                series.encode_all(first, payloads, |checksum| self.checksums.push(checksum));
            });
            let times = SendTimes { due, written: self.clock.now() };
            ledger.sent_together(times, &self.checksums);
            for _ in self.checksums.len()..part as usize {
                // The engine could not take these, as the connection has just ended.
                ledger.sent(times);
            }
            let writes = self.engine.flush(slot);
            self.outcome.groups[0].recorder.wrote(times.written, self.clock.now());
            self.outcome.groups[0].recorder.sent(times, part.into(), size as u64, writes);
        }
        self.in_flight += u64::from(messages - left);
        messages - left
    }
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
