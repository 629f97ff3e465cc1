//! Opening the connections of a worker at the rate of the plan.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{State, Worker};
use crate::engine::{ConnectError, Dialed, Dialer, Engine};
use crate::pacer::Wait;

type Dialing = JoinSet<(usize, Result<Dialed, ConnectError>)>;

impl<E: Engine> Worker<E> {
    /// Tries each connection once. When it returns, each is open or counted as failed.
    pub(super) async fn connect(&mut self, dialer: Dialer) {
        let dialer = Rc::new(dialer);
        let mut dialing = Dialing::new();
        let started = Instant::now();
        for slot in 0..self.clients.len() {
            let client = self.clients[slot].ledger.client();
            // By the number among all clients, so that the workers keep the rate together.
            let due = started + Duration::from_secs_f64(f64::from(client) / self.orders.connect_rate.per_second());
            self.serve_until(due, &mut dialing).await;
            if self.control.stopped() {
                return self.give_up(dialing);
            }
            let (dialer, source) = (Rc::clone(&dialer), self.orders.source.address(client));
            dialing.spawn_local(async move { (slot, dialer.dial(source).await) });
        }
        while !dialing.is_empty() {
            self.serve_until(Instant::now() + Duration::from_millis(20), &mut dialing).await;
            if self.control.stopped() {
                return self.give_up(dialing);
            }
        }
    }

    /// Takes connections as they open, and serves those that are open, until `due` or nothing is left to wait for.
    async fn serve_until(&mut self, due: Instant, dialing: &mut Dialing) {
        while Instant::now() < due && !self.control.stopped() {
            let tick = self.clock.now().plus(super::TICK);
            tokio::select! {
                biased;
                Some(dialed) = dialing.join_next() => self.dialed(dialed),
                () = tokio::time::sleep_until(due) => {}
                () = self.engine.wait(Wait::Until(tick)) => {}
            }
            self.receive_ready(None);
            self.report_progress();
        }
        while let Some(dialed) = dialing.try_join_next() {
            self.dialed(dialed);
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

    /// Counts what has not opened as failed.
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
