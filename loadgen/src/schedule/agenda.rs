//! The bursts of one worker, in the order of their due times.

use super::Schedule;
use crate::plan::Share;

/// A burst on a worker's agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Client that sends it.
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
    /// The worker's clients: `block` in a row, then a `gap`, from `first` to before `beyond`.
    first: u32,
    block: u32,
    gap: u32,
    beyond: u32,
    /// Clients in a row from `first` on, and from `client` on.
    first_row: u32,
    row: u32,
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
    /// The agenda of the clients of `share`, until `end`. With `limit = (messages, from)`, a client
    /// sends at most `messages` of those due at or after `from`. The limit may cut its last burst
    /// short.
    pub fn new(schedule: Schedule, share: &Share, end: u64, limit: Option<(u64, u64)>) -> Self {
        let (first, block) = (share.first, share.block.get());
        let row = block - first % block;
        // Of a share without clients, nothing is due.
        let (end, beyond) = match share.slots.clone().next_back() {
            Some(last) => (end, share.index(last) + 1),
            None => (0, 0),
        };
        let mut agenda = Self {
            schedule,
            first,
            block,
            gap: share.step.get() - block,
            beyond,
            first_row: row,
            row,
            end,
            limit,
            round: 0,
            client: first,
            next: None,
        };
        agenda.next = agenda.burst();
        agenda
    }

    /// The next burst; none at the end of the agenda.
    pub fn peek(&self) -> Option<Burst> {
        self.next
    }

    /// Goes on to the burst after [`Self::peek`].
    pub fn advance(&mut self) {
        self.client = self.client.saturating_add(1);
        self.row -= 1;
        if self.row == 0 {
            self.client = self.client.saturating_add(self.gap);
            self.row = self.block;
        }
        if self.client >= self.beyond {
            (self.client, self.row) = (self.first, self.first_row);
            self.round += 1;
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
