//! Opening the connections of a worker at the rate of the plan.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{State, Worker};
use crate::engine::{ConnectError, Dialed, Dialer, Engine};
use crate::pacer::Wait;

/// Connections that all workers together have under way at most: as many as the queue of a listener on Linux commonly holds
/// (`net.core.somaxconn`). More would not open sooner, and those that the queue can't take try again only after a second.
const UNDER_WAY: u32 = 4096;

type Dialing = JoinSet<(usize, Result<Dialed, ConnectError>)>;

impl<E: Engine> Worker<E> {
    /// Tries each connection once. When it returns, each is open or counted as failed.
    pub(super) async fn connect(&mut self, dialer: Dialer) {
        let dialer = Rc::new(dialer);
        let mut dialing = Dialing::new();
        let started = Instant::now();
        let most = (UNDER_WAY / self.orders.workers).max(1) as usize;
        for slot in 0..self.clients.len() {
            let client = self.clients[slot].ledger.client();
            // By the number among all clients, so that the workers keep the rate together.
            let due = started + Duration::from_secs_f64(f64::from(client) / self.orders.connect_rate.per_second());
            self.serve(due, most - 1, &mut dialing).await;
            if self.control.stopped() {
                return self.give_up(dialing);
            }
            let (dialer, source) = (Rc::clone(&dialer), self.orders.source.address(client));
            dialing.spawn_local(async move { (slot, dialer.dial(source).await) });
        }
        self.serve(started, 0, &mut dialing).await;
        self.give_up(dialing);
    }

    /// Takes connections as they open, and serves those that are open, until it is `due` and no more than `most` are under
    /// way, or the run is stopped.
    async fn serve(&mut self, due: Instant, most: usize, dialing: &mut Dialing) {
        loop {
            while let Some(dialed) = dialing.try_join_next() {
                self.dialed(dialed);
            }
            let early = Instant::now() < due;
            if self.control.stopped() || (!early && dialing.len() <= most) {
                return;
            }
            let tick = self.clock.now().plus(super::TICK);
            tokio::select! {
                biased;
                Some(dialed) = dialing.join_next() => self.dialed(dialed),
                () = tokio::time::sleep_until(due), if early => {}
                () = self.engine.wait(Wait::Until(tick)) => {}
            }
            self.receive_ready(None);
            self.report_progress();
        }
    }

    fn dialed(&mut self, dialed: Result<(usize, Result<Dialed, ConnectError>), tokio::task::JoinError>) {
        let Ok((slot, dialed)) = dialed else { return };
        let outcome = &mut self.outcome;
        match dialed {
            Ok(dialed) => {
                outcome.connections.opened += 1;
                outcome.connect.saturating_record(dialed.took);
                outcome.peer.get_or_insert(dialed.peer);
                self.clients[slot].local = dialed.local;
                self.clients[slot].state = State::Open;
                self.open += 1;
                self.engine.adopt(slot, dialed.opened);
            }
            Err(error) => {
                outcome.connections.failed += 1;
                outcome.failure.get_or_insert_with(|| error.detail.clone());
                *outcome.connections.errors.entry(error.kind).or_default() += 1;
            }
        }
    }

    /// Counts what is left, if the run was stopped, as failed.
    fn give_up(&mut self, mut dialing: Dialing) {
        dialing.abort_all();
        let connections = &mut self.outcome.connections;
        let untried = connections.requested - connections.opened - connections.failed;
        connections.failed += untried;
        if untried > 0 {
            *connections.errors.entry("interrupted".to_owned()).or_default() += untried;
        }
    }
}
