//! The next burst of each client, the soonest first, where each has a process of its own.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use super::{
    Senders,
    poisson::{ClientBursts, PoissonTimes},
};

/// The next burst of each client of a worker, the soonest first.
#[derive(Clone, Debug)]
pub(super) struct ArrivalQueue {
    times: Arc<PoissonTimes>,
    queue: BinaryHeap<Reverse<Arrival>>,
    /// The bursts of each sender, in their order.
    bursts: Vec<ClientBursts>,
    senders: Senders,
}

/// A burst that is due. Of two at one time, that of the sender before comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Arrival {
    due: u64,
    /// Which of the senders.
    nth: u32,
}

impl ArrivalQueue {
    pub(super) fn new(times: Arc<PoissonTimes>, senders: &Senders) -> Self {
        let bursts: Vec<_> = senders.numbers().map(|number| times.bursts(number)).collect();
        let first = |(nth, bursts): (u32, &ClientBursts)| Reverse(Arrival { due: bursts.due(&times), nth });
        let queue = (0..).zip(&bursts).map(first).collect();
        Self { times, queue, bursts, senders: senders.clone() }
    }

    /// The next burst: its client, which of the client's it is, and when it is due.
    pub(super) fn peek(&self) -> Option<(u32, u64, u64)> {
        let Reverse(Arrival { due, nth }) = *self.queue.peek()?;
        Some((self.senders.number(nth), self.bursts[nth as usize].number(), due))
    }

    pub(super) fn advance(&mut self) {
        let Some(mut next) = self.queue.peek_mut() else { return };
        let bursts = &mut self.bursts[next.0.nth as usize];
        bursts.advance();
        next.0.due = bursts.due(&self.times);
    }

    /// Clients of which something is due before `end`.
    pub(super) fn clients_before(&self, end: u64) -> Vec<u32> {
        let due = self.queue.iter().filter(|Reverse(arrival)| arrival.due < end);
        due.map(|Reverse(arrival)| self.senders.number(arrival.nth)).collect()
    }
}
