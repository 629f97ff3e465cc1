//! The bursts of one worker, in the order of their due times.

use super::{Schedule, Senders, senders::Round};

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
    /// Goes through the worker's senders. None without senders.
    senders: Option<Round>,
    /// What is due at or after this is not on the agenda.
    end: u64,
    /// If a number of messages ends the run: measured messages per client, and the first instant
    /// that counts.
    limit: Option<(u64, u64)>,
    round: u64,
    client: u32,
    next: Option<Burst>,
}

impl Agenda {
    /// The agenda of these senders, until `end`. With `limit = (messages, from)`, a client sends at
    /// most `messages` of those due at or after `from`. The limit may cut its last burst short.
    pub fn new(schedule: Schedule, senders: &Senders, end: u64, limit: Option<(u64, u64)>) -> Self {
        let (senders, client) = Round::new(senders).unzip();
        // Of a share without clients, nothing is due.
        let end = if senders.is_some() { end } else { 0 };
        let client = client.unwrap_or(0);
        let mut agenda = Self { schedule, senders, end, limit, round: 0, client, next: None };
        agenda.next = agenda.burst();
        agenda
    }

    /// The next burst; none at the end of the agenda.
    pub fn peek(&self) -> Option<Burst> {
        self.next
    }

    /// Goes on to the burst after [`Self::peek`].
    pub fn advance(&mut self) {
        if let Some(senders) = &mut self.senders {
            self.client = senders.after(self.client).unwrap_or_else(|| {
                self.round += 1;
                senders.restart()
            });
        }
        self.next = self.burst();
    }

    /// Removes what is due at or after `end`.
    pub fn cut(&mut self, end: u64) {
        self.end = self.end.min(end);
        self.next = self.next.filter(|burst| burst.due < self.end);
    }

    fn burst(&self) -> Option<Burst> {
        let slot = self.round * u64::from(self.schedule.clients) + u64::from(self.client);
        let due = self.schedule.slot_due(slot);
        if due >= self.end {
            return None;
        }
        let messages = match self.limit {
            Some((limit, from)) if due >= from => {
                let before = self.schedule.messages_before(self.client, from);
                let index = self.round * u64::from(self.schedule.burst) - before;
                u32::try_from(limit.saturating_sub(index)).unwrap_or(u32::MAX).min(self.schedule.burst)
            }
            _ => self.schedule.burst,
        };
        Some(Burst { client: self.client, due, messages })
    }
}
