//! When the clients of a group ping, and which pings were answered. Pure: time is an argument.
//!
//! A ping carries what is to be known of it, so an answer is told from a pong that nobody asked
//! for. A client takes eight bytes.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    num::NonZeroU32,
    time::Duration,
};

use super::{Agenda, Schedule, Senders};
use crate::{
    clock::Time,
    plan::{Rate, Share},
};

/// Bytes of a ping's payload: the number of the ping, when it was written, and a checksum.
const PAYLOAD: usize = 4 + 8 + 8;

/// The payload of a ping.
pub(crate) type PingPayload = [u8; PAYLOAD];

/// Pings of the clients of a group on a worker.
#[derive(Debug)]
pub(crate) struct GroupPings {
    schedule: Schedule,
    senders: Senders,
    first_slot: usize,
    start: Time,
    /// Empty until the load begins.
    agenda: Option<Agenda>,
    /// By slot, from the first one of the group on.
    clients: Box<[PingCounters]>,
    /// Slots that may await a pong, once the load is over.
    waiting: Option<Vec<usize>>,
}

/// Numbers of pings. They wrap around.
#[derive(Clone, Copy, Debug, Default)]
struct PingCounters {
    /// How many were sent.
    sent: u32,
    /// Number of the last one that was answered, or that no answer can come to any more.
    settled: u32,
}

impl GroupPings {
    /// Each of `clients` clients pings `every` so often, evenly spread. Those of this `share` are
    /// on this worker.
    pub(crate) fn new(clients: NonZeroU32, every: Duration, share: Share) -> Self {
        let slowest = Rate::new(1e-6).expect("a rate");
        let rate = Rate::new((1.0 / every.as_secs_f64()).min(Rate::MAX_TOTAL)).unwrap_or(slowest);
        Self {
            schedule: Schedule::new(clients, rate, NonZeroU32::MIN),
            first_slot: share.slots.start,
            clients: vec![PingCounters::default(); share.slots.len()].into(),
            senders: share.into(),
            start: Time::NEVER,
            agenda: None,
            waiting: None,
        }
    }

    /// The load begins at `start` and ends before `end`.
    pub(crate) fn begin(&mut self, start: Time, end: Time) {
        self.start = start;
        self.agenda = Some(Agenda::new(self.schedule.clone(), &self.senders, end.since(start), None));
    }

    /// Nobody pings from `now` on.
    pub(crate) fn cut(&mut self, now: Time) {
        if let Some(agenda) = &mut self.agenda {
            agenda.cut(now.since(self.start));
        }
    }

    /// When the next ping is due.
    pub(crate) fn wake(&self) -> Time {
        let next = self.agenda.as_ref().and_then(Agenda::peek);
        next.map_or(Time::NEVER, |ping| self.start.plus(ping.due))
    }

    /// Takes the next client whose ping is due at `now`.
    pub(crate) fn next(&mut self, now: Time) -> Option<usize> {
        if self.wake() > now {
            return None;
        }
        let agenda = self.agenda.as_mut()?;
        let ping = agenda.peek()?;
        agenda.advance();
        Some(self.senders.slot(ping.client))
    }

    /// The next ping of the client in a slot, which has the number `client` in the run. It is
    /// written at `at`.
    pub(crate) fn payload(&mut self, slot: usize, client: u32, at: Time) -> PingPayload {
        let counters = &mut self.clients[slot - self.first_slot];
        counters.sent = counters.sent.wrapping_add(1);
        encode(client, counters.sent, at)
    }

    /// The ping could not be sent.
    pub(crate) fn not_sent(&mut self, slot: usize) {
        let counters = &mut self.clients[slot - self.first_slot];
        counters.sent = counters.sent.wrapping_sub(1);
    }

    /// Takes a pong. Returns when the ping was written that it answers; none if nobody sent that,
    /// or it was answered before. A pong may answer several pings at once (RFC 6455, section
    /// 5.5.3). It counts for the last.
    pub(crate) fn pong(&mut self, slot: usize, client: u32, payload: &[u8]) -> Option<Time> {
        let (number, at) = decode(client, payload)?;
        let PingCounters { sent, settled } = &mut self.clients[slot - self.first_slot];
        let unsettled = sent.wrapping_sub(*settled);
        if !(1..=unsettled).contains(&number.wrapping_sub(*settled)) {
            return None;
        }
        *settled = number;
        Some(at)
    }

    /// A new connection of a client is open. Nothing can answer the pings of the one before.
    pub(crate) fn opened(&mut self, slot: usize) {
        let counters = &mut self.clients[slot - self.first_slot];
        counters.settled = counters.sent;
    }

    /// Whether a client that `is_open` awaits a pong, once the load is over.
    pub(crate) fn await_pongs(&mut self, is_open: impl Fn(usize) -> bool) -> bool {
        let Self { clients, waiting, first_slot, .. } = self;
        let awaits = |slot: &usize| clients[slot - *first_slot].sent != clients[slot - *first_slot].settled;
        let waiting = waiting.get_or_insert_with(|| (*first_slot..).take(clients.len()).filter(awaits).collect());
        while waiting.pop_if(|slot| !awaits(slot) || !is_open(*slot)).is_some() {}
        !waiting.is_empty()
    }
}

fn encode(client: u32, number: u32, at: Time) -> PingPayload {
    let mut payload = [0; PAYLOAD];
    payload[..4].copy_from_slice(&number.to_be_bytes());
    payload[4..12].copy_from_slice(&at.as_nanos().to_be_bytes());
    payload[12..].copy_from_slice(&checksum(client, number, at).to_be_bytes());
    payload
}

fn decode(client: u32, payload: &[u8]) -> Option<(u32, Time)> {
    let (number, rest) = payload.split_first_chunk()?;
    let (at, rest) = rest.split_first_chunk()?;
    let (number, at) = (u32::from_be_bytes(*number), Time::from_nanos(u64::from_be_bytes(*at)));
    (rest == checksum(client, number, at).to_be_bytes()).then_some((number, at))
}

/// Keeps pongs from being taken for answers that are none.
fn checksum(client: u32, number: u32, at: Time) -> u64 {
    let mut hasher = DefaultHasher::new();
    (client, number, at.as_nanos()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Partition;

    const MILLI: u64 = 1_000_000;

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * MILLI)
    }

    fn n(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    /// Pings of worker `worker` of two, with four clients each 100 ms. They begin at 50 ms.
    fn pings(worker: u32) -> GroupPings {
        let partition = Partition::new([n(4)], n(2));
        let mut pings = GroupPings::new(n(4), Duration::from_millis(100), partition.share(worker, 0));
        assert_eq!((pings.wake(), pings.next(Time::NEVER)), (Time::NEVER, None), "not before the load");
        pings.begin(at(50), Time::NEVER);
        pings
    }

    fn due(pings: &mut GroupPings, millis: u64) -> Vec<usize> {
        std::iter::from_fn(|| pings.next(at(millis))).collect()
    }

    #[test]
    fn clients_ping_evenly_spread_and_never_early() {
        let due_at = |worker| {
            let mut pings = pings(worker);
            let mut all = Vec::new();
            while pings.wake() < at(250) {
                let when = pings.wake();
                assert_eq!(pings.next(Time::from_nanos(when.as_nanos() - 1)), None);
                all.push((when.as_nanos() / MILLI, pings.next(when).unwrap()));
                assert!(pings.wake() > when);
            }
            all
        };
        let mut both: Vec<_> = [due_at(0), due_at(1)].concat().into_iter().map(|(when, _)| when).collect();
        both.sort_unstable();
        assert_eq!(both, [50, 75, 100, 125, 150, 175, 200, 225], "each of four clients each 100 ms");
        assert_eq!(due_at(0).len(), 4);
    }

    #[test]
    fn after_a_cut_nobody_pings() {
        let mut pings = pings(0);
        pings.cut(at(120));
        let before = due(&mut pings, 10_000).len();
        assert!((1..=2).contains(&before), "{before}");
        assert_eq!(pings.wake(), Time::NEVER);
    }

    #[test]
    fn an_answer_says_when_its_ping_was_written_and_counts_once() {
        let mut pings = pings(0);
        let first = pings.payload(0, 0, at(60));
        assert_eq!(pings.pong(0, 0, &first), Some(at(60)));
        assert_eq!(pings.pong(0, 0, &first), None, "again");
        let skipped = pings.payload(0, 0, at(160));
        let last = pings.payload(0, 0, at(260));
        assert_eq!(pings.pong(0, 0, &last), Some(at(260)), "a pong may stand for several");
        assert_eq!(pings.pong(0, 0, &skipped), None);
    }

    #[test]
    fn what_nobody_asked_for_is_no_answer() {
        let mut pings = pings(0);
        let mine = pings.payload(0, 0, at(60));
        let other = pings.payload(1, 1, at(60));
        let mut wrong = mine;
        wrong[11] ^= 1;
        for pong in [&b""[..], b"heartbeat", &[0; PAYLOAD], &wrong, &mine[1..], &[&mine[..], b"!"].concat(), &other] {
            assert_eq!(pings.pong(0, 0, pong), None, "{pong:?}");
        }
        let later = encode(0, 2, at(70));
        assert_eq!(pings.pong(0, 0, &later), None, "it was not sent");
        assert_eq!(pings.pong(0, 0, &mine), Some(at(60)));
    }

    #[test]
    fn numbers_wrap_around() {
        let mut pings = pings(0);
        pings.clients[0] = PingCounters { sent: u32::MAX, settled: u32::MAX };
        let first = pings.payload(0, 0, at(60));
        let second = pings.payload(0, 0, at(61));
        assert_eq!(pings.pong(0, 0, &first), Some(at(60)));
        assert_eq!(pings.pong(0, 0, &second), Some(at(61)));
    }

    #[test]
    fn pongs_are_awaited_of_open_connections_that_were_pinged() {
        let mut none = pings(0);
        assert!(!none.await_pongs(|_| true), "nobody was pinged");
        let mut pings = pings(0);
        let first = pings.payload(0, 0, at(60));
        pings.payload(1, 1, at(60));
        assert!(pings.await_pongs(|_| true));
        assert!(pings.await_pongs(|slot| slot == 0), "the other connection ended");
        pings.pong(0, 0, &first);
        assert!(!pings.await_pongs(|_| true));
    }

    #[test]
    fn what_was_not_sent_or_is_over_is_not_awaited() {
        let mut pings = pings(0);
        pings.payload(0, 0, at(60));
        pings.not_sent(0);
        let old = pings.payload(1, 1, at(60));
        pings.opened(1);
        assert_eq!(pings.pong(1, 1, &old), None, "of the connection before");
        assert!(!pings.await_pongs(|_| true));
    }
}
