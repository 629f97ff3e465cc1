//! The bursts of one worker, in the order of their due times.

use std::sync::Arc;

use super::{Schedule, Senders, Times, arrival_queue::ArrivalQueue, senders::Round};

/// A burst on a worker's agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Number of the client that sends it, as the schedule knows it.
    pub client: u32,
    /// Due time, in nanoseconds since the start of the warm-up.
    pub due: u64,
    /// Messages in it.
    pub messages: u32,
}

/// The bursts of one worker, in the order of their due times.
#[derive(Clone, Debug)]
pub struct Agenda {
    schedule: Schedule,
    order: Order,
    /// What is due at or after this is not on the agenda.
    end: u64,
    /// If a number of messages ends the run: measured messages per client, and the first instant
    /// that counts.
    limit: Option<(u64, u64)>,
    next: Option<Burst>,
}

/// Whose burst is next.
#[derive(Clone, Debug)]
enum Order {
    /// Nobody's: the worker has no senders.
    Nobody,
    /// Clients take turns, round after round.
    Turns { senders: Round, count: usize, round: u64, client: u32 },
    /// That of the client whose time comes first.
    Soonest(Box<ArrivalQueue>),
}

impl Agenda {
    /// The agenda of these senders, until `end`. With `limit = (messages, from)`, a client sends at
    /// most `messages` of those due at or after `from`. The limit may cut its last burst short.
    pub fn new(schedule: Schedule, senders: &Senders, end: u64, limit: Option<(u64, u64)>) -> Self {
        let mut agenda = Self::without_end(schedule, senders);
        agenda.begin(end, limit);
        agenda
    }

    /// An agenda on which nothing is yet. What takes time is done here.
    pub(super) fn without_end(schedule: Schedule, senders: &Senders) -> Self {
        let order = match (&schedule.times, Round::new(senders)) {
            (_, None) => Order::Nobody,
            (Times::Poisson(times), _) => Order::Soonest(ArrivalQueue::new(Arc::clone(times), senders).into()),
            (_, Some((round, client))) => Order::Turns { senders: round, count: senders.count(), round: 0, client },
        };
        Self { schedule, order, end: 0, limit: None, next: None }
    }

    /// Lets it begin, until `end` and with a limit.
    pub(super) fn begin(&mut self, end: u64, limit: Option<(u64, u64)>) {
        (self.end, self.limit) = (end, limit);
        self.next = self.burst();
    }

    /// The next burst; none at the end of the agenda.
    pub fn peek(&self) -> Option<Burst> {
        self.next
    }

    /// Goes on to the burst after [`Self::peek`].
    pub fn advance(&mut self) {
        match &mut self.order {
            Order::Nobody => {}
            Order::Turns { senders, round, client, .. } => {
                *client = senders.after(*client).unwrap_or_else(|| {
                    *round += 1;
                    senders.restart()
                });
            }
            Order::Soonest(queue) => queue.advance(),
        }
        self.next = self.burst();
    }

    /// Removes what is due at or after `end`.
    pub fn cut(&mut self, end: u64) {
        self.end = self.end.min(end);
        self.next = self.next.filter(|burst| burst.due < self.end);
    }

    /// The clients that have something on it.
    pub(super) fn clients(&self) -> Vec<u32> {
        match &self.order {
            Order::Nobody => Vec::new(),
            Order::Turns { count, .. } => {
                let mut agenda = self.clone();
                // A burst of each client.
                let bursts = std::iter::from_fn(|| {
                    let burst = agenda.peek()?;
                    agenda.advance();
                    Some(burst)
                });
                bursts.take(*count).filter(|burst| burst.messages > 0).map(|burst| burst.client).collect()
            }
            Order::Soonest(queue) => queue.clients_before(self.end),
        }
    }

    fn burst(&self) -> Option<Burst> {
        let (client, number, due) = match &self.order {
            Order::Nobody => return None,
            Order::Turns { round, client, .. } => {
                let slot = round * u64::from(self.schedule.clients) + u64::from(*client);
                (*client, *round, self.schedule.slot_due(slot))
            }
            Order::Soonest(queue) => queue.peek()?,
        };
        if due >= self.end {
            return None;
        }
        let messages = match self.limit {
            Some((limit, from)) if due >= from => {
                let before = self.schedule.messages_before(client, from);
                let index = number * u64::from(self.schedule.burst) - before;
                u32::try_from(limit.saturating_sub(index)).unwrap_or(u32::MAX).min(self.schedule.burst)
            }
            _ => self.schedule.burst,
        };
        Some(Burst { client, due, messages })
    }
}
