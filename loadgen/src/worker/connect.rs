//! Opens the connections of a worker at the rate of the plan.

use std::{rc::Rc, time::Duration};

use reports::judge::OwnFailure;
use tokio::{task::JoinSet, time::Instant};

use super::{ClientState, Worker};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    schedule::pacer::Wait,
    transport::{ConnectError, DialedConnection, Dialer},
};

/// Connections that all workers together are opening at once, at most. As many fit the queue of a
/// listener on Linux (`net.core.somaxconn`). More would not open sooner, and those beyond the queue
/// try again after a second.
const UNDER_WAY: u32 = 4096;

/// A time-out says nothing about the target if the worker was stopped for at least this fraction of
/// the time: one in `STANDSTILL`.
const STANDSTILL: u64 = 10;

/// Connections that are being opened.
struct Attempts {
    under_way: JoinSet<(usize, Attempt)>,
}

/// An attempt to open a connection.
struct Attempt {
    began: Time,
    /// How long the worker had been stopped in all when the attempt began, in nanoseconds.
    stopped: u64,
    dialed: Result<DialedConnection, ConnectError>,
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Tries each connection once. Then each is open or counted as failed.
    pub(super) async fn connect(&mut self, dialer: Dialer) {
        let dialer = Rc::new(dialer);
        let mut dialing = Attempts { under_way: JoinSet::new() };
        let started = Instant::now();
        let most = (UNDER_WAY / self.config.workers).max(1) as usize;
        for slot in 0..self.clients.len() {
            let client = self.clients[slot].ledger.client();
            // Numbered over all clients, so that the workers keep the rate together.
            let due = started + Duration::from_secs_f64(f64::from(client) / self.config.connect_rate.per_second());
            self.serve(due, most - 1, &mut dialing).await;
            if self.is_stopped(self.clock.now()) {
                return self.finish(dialing);
            }
            let (dialer, source) = (Rc::clone(&dialer), self.config.source.address(client));
            let (began, stopped) = (self.clock.now(), self.stops.all);
            dialing
                .under_way
                .spawn_local(async move { (slot, Attempt { began, stopped, dialed: dialer.dial(source).await }) });
        }
        self.serve(started, 0, &mut dialing).await;
        self.finish(dialing);
    }

    /// Takes opened connections and serves them. Ends when it is `due` and at most `most` attempts
    /// are left, or when the run is stopped.
    async fn serve(&mut self, due: Instant, most: usize, dialing: &mut Attempts) {
        loop {
            while let Some(dialed) = dialing.under_way.try_join_next() {
                self.dialed(dialed);
            }
            let early = Instant::now() < due;
            if self.is_stopped(self.clock.now()) || (!early && dialing.under_way.len() <= most) {
                return;
            }
            let now = self.clock.now();
            self.watch_for_stops(now);
            let tick = now.plus(super::TICK);
            self.stops.wait(tick);
            tokio::select! {
                biased;
                Some(dialed) = dialing.under_way.join_next() => self.dialed(dialed),
                () = tokio::time::sleep_until(due), if early => {}
                () = self.engine.wait_async(Wait::Until(tick)) => {}
            }
            self.receive_ready(None);
            self.report_progress();
            if now >= self.next_tick {
                self.next_tick = tick;
                self.tell_connections();
            }
        }
    }

    fn dialed(&mut self, dialed: Result<(usize, Attempt), tokio::task::JoinError>) {
        let Ok((slot, Attempt { began, stopped, dialed })) = dialed else { return };
        let now = self.clock.now();
        self.watch_for_stops(now);
        let stood_still = (self.stops.all - stopped).saturating_mul(STANDSTILL) >= now.since(began);
        let outcome = &mut self.outcome.groups[0];
        match dialed {
            Ok(dialed) => {
                outcome.connections.opened += 1;
                outcome.openings.connect.add(dialed.took);
                outcome.peer.get_or_insert(dialed.peer);
                self.clients[slot].local = dialed.local;
                self.clients[slot].state = ClientState::Open;
                self.open += 1;
                self.engine.adopt(slot, dialed.opened);
            }
            Err(error) => {
                // Nobody knows whether the answer would have been in time.
                let own = error.kind == "timeout" && stood_still;
                let kind = if own { OwnFailure::TimeoutStopped.name() } else { error.kind.as_str() };
                outcome.failed(kind, &error.detail);
            }
        }
    }

    /// Ends connecting. If the run was stopped, the rest counts as failed.
    fn finish(&mut self, mut dialing: Attempts) {
        dialing.under_way.abort_all();
        let outcome = &mut self.outcome.groups[0];
        // Nothing is added from now on.
        outcome.openings.pack();
        let connections = &mut outcome.connections;
        let untried = connections.requested - connections.opened - connections.failed;
        connections.failed += untried;
        if untried > 0 {
            *connections.errors.entry(OwnFailure::Interrupted.name().to_owned()).or_default() += untried;
        }
    }
}
