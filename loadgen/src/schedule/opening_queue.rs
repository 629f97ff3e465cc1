//! When clients open their connections. Pure: time is an argument.

use std::{collections::VecDeque, ops::Range};

use crate::{
    clock::Time,
    plan::{Partition, Rate},
};

/// Opens the clients of one worker: first all that open before the load, in the order of their
/// numbers, and meanwhile and later those that are asked for. It never opens more than its share of
/// the rate.
///
/// The first ones are numbered over all workers of the process, so these keep its rate together.
#[derive(Clone, Debug)]
pub(crate) struct OpeningQueue {
    rate: Rate,
    partition: Partition,
    worker: u32,
    started: Time,
    next: usize,
    slots: usize,
    /// Numbers of the clients that do not open before they are asked for.
    later: Vec<Range<u32>>,
    /// Who was asked for, and when.
    asked: VecDeque<(Time, usize)>,
    /// Nanoseconds from one of this worker's clients to the next.
    interval: u64,
    /// When the next of those may be opened.
    free: Time,
}

impl OpeningQueue {
    /// The queue of a worker, at the rate of its process. Clients with numbers in `later` open when
    /// they are asked for. Nothing is due before [`Self::begin`].
    pub(crate) fn new(
        rate: Rate,
        partition: Partition,
        worker: u32,
        later: impl IntoIterator<Item = Range<u32>>,
    ) -> Self {
        let slots = partition.clients_of(worker);
        let interval = nanos(rate, partition.workers());
        let mut queue = Self {
            rate,
            partition,
            worker,
            started: Time::NEVER,
            next: 0,
            slots,
            later: later.into_iter().collect(),
            asked: VecDeque::new(),
            interval,
            free: Time::default(),
        };
        queue.pass_over();
        queue
    }

    /// The first client is due at `now`.
    pub(crate) fn begin(&mut self, now: Time) {
        self.started = now;
    }

    /// Opens the client in `slot` as soon as the rate admits it, which is at `now` at the earliest.
    pub(crate) fn ask(&mut self, slot: usize, now: Time) {
        self.asked.push_back((now, slot));
    }

    /// Opens no more clients. Forgets those that were asked for, and returns them.
    pub(crate) fn cancel(&mut self) -> impl Iterator<Item = usize> + use<> {
        self.slots = self.next;
        std::mem::take(&mut self.asked).into_iter().map(|(_, slot)| slot)
    }

    /// The slot of a client that is due at `now`.
    pub(crate) fn next(&mut self, now: Time) -> Option<usize> {
        let first = self.first_wake().filter(|&due| due <= now);
        let asked = self.asked_wake().filter(|&due| due <= now);
        match (first, asked) {
            (Some(due), asked) if asked.is_none_or(|asked| due <= asked) => {
                let slot = self.next;
                self.next += 1;
                self.pass_over();
                self.take(due);
                Some(slot)
            }
            (_, due) => {
                self.take(due?);
                self.asked.pop_front().map(|(_, slot)| slot)
            }
        }
    }

    /// When the next client is due; none if nobody is to be opened.
    pub(crate) fn wake(&self) -> Option<Time> {
        [self.first_wake(), self.asked_wake()].into_iter().flatten().min()
    }

    /// Whether clients that open before the load are left.
    pub(crate) fn has_first(&self) -> bool {
        self.next < self.slots
    }

    /// One more is opened, which was due at `due`.
    fn take(&mut self, due: Time) {
        self.free = self.free.max(due).plus(self.interval);
    }

    fn asked_wake(&self) -> Option<Time> {
        self.asked.front().map(|&(asked, _)| asked.max(self.free))
    }

    fn first_wake(&self) -> Option<Time> {
        self.has_first().then(|| {
            let client = self.partition.client(self.worker, self.next);
            let number =
                self.below(client) - self.later.iter().map(|later| self.later_below(later, client)).sum::<u32>();
            self.started.plus(nanos(self.rate, number))
        })
    }

    /// The clients of this process with numbers below `client`.
    fn below(&self, client: u32) -> u32 {
        self.partition.here_below(client)
    }

    /// Those of them that open later.
    fn later_below(&self, later: &Range<u32>, client: u32) -> u32 {
        self.below(client.min(later.end)).saturating_sub(self.below(later.start))
    }

    /// Passes over clients that open later.
    fn pass_over(&mut self) {
        while self.has_first() && {
            let client = self.partition.client(self.worker, self.next);
            self.later.iter().any(|later| later.contains(&client))
        } {
            self.next += 1;
        }
    }
}

/// Nanoseconds in which so many clients open at a rate, rounded up.
fn nanos(rate: Rate, clients: u32) -> u64 {
    // The rate is in millionths of a client a second.
    let nanos = (u128::from(clients) * 1_000_000_000 * 1_000_000).div_ceil(rate.micro().into());
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn schedule(clients: u32, worker: u32, workers: u32) -> OpeningQueue {
        let [clients, workers] = [clients, workers].map(|n| NonZeroU32::new(n).unwrap());
        OpeningQueue::new(Rate::new(3.0).unwrap(), Partition::new([clients], workers), worker, None)
    }

    fn opened(queue: &mut OpeningQueue, now: u64) -> Vec<usize> {
        std::iter::from_fn(|| queue.next(Time::from_nanos(now))).collect()
    }

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    /// When slots were opened, in milliseconds, if somebody looks each millisecond.
    fn watched(queue: &mut OpeningQueue, millis: Range<u64>) -> Vec<(u64, usize)> {
        millis
            .flat_map(|now| std::iter::from_fn(|| queue.next(at(now))).map(move |slot| (now, slot)).collect::<Vec<_>>())
            .collect()
    }

    /// 100 a second.
    fn queue(groups: &[u32], later: impl IntoIterator<Item = Range<u32>>, workers: u32) -> OpeningQueue {
        let n = |n| NonZeroU32::new(n).unwrap();
        let partition = Partition::new(groups.iter().map(|&clients| n(clients)), n(workers));
        OpeningQueue::new(Rate::new(100.0).unwrap(), partition, 0, later)
    }

    #[test]
    fn clients_that_open_later_take_no_place() {
        let mut queue = queue(&[3, 1, 1, 2], [0..3, 4..5], 1);
        queue.begin(at(0));
        assert_eq!(watched(&mut queue, 0..100), [(0, 3), (10, 5), (20, 6)]);
        assert!(!queue.has_first());
        queue.ask(0, at(100));
        assert_eq!(watched(&mut queue, 100..200), [(100, 0)]);
    }

    #[test]
    fn who_is_asked_for_waits_for_the_rate() {
        let mut queue = queue(&[5], Some(0..5), 1);
        queue.begin(at(0));
        for slot in [4, 2, 0] {
            queue.ask(slot, at(7));
        }
        queue.ask(1, at(28));
        queue.ask(3, at(100));
        assert_eq!(queue.wake(), Some(at(7)));
        assert_eq!(watched(&mut queue, 7..200), [(7, 4), (17, 2), (27, 0), (37, 1), (100, 3)]);
        assert_eq!(queue.wake(), None);
        // Who looks late catches up.
        (0..3).for_each(|slot| queue.ask(slot, at(300)));
        assert_eq!(watched(&mut queue, 325..326), [(325, 0), (325, 1), (325, 2)]);
    }

    #[test]
    fn each_worker_has_its_share_of_the_rate() {
        let mut queue = queue(&[8], Some(0..8), 4);
        (0..2).for_each(|slot| queue.ask(slot, at(0)));
        assert_eq!(watched(&mut queue, 0..100), [(0, 0), (40, 1)]);
    }

    #[test]
    fn the_first_and_those_asked_for_share_the_rate() {
        let mut queue = queue(&[4], None, 1);
        queue.begin(at(0));
        queue.ask(9, at(0));
        assert_eq!(watched(&mut queue, 0..100), [(0, 0), (10, 1), (20, 2), (30, 3), (40, 9)]);
    }

    #[test]
    fn workers_keep_the_rate_together() {
        // Client 3 of 5 is due after a second, client 4 after 1.333... s.
        let mut second = schedule(5, 1, 2);
        assert!(opened(&mut second, u64::MAX - 1).is_empty(), "it has not begun");
        second.begin(Time::from_nanos(7));
        assert_eq!(second.wake(), Some(Time::from_nanos(7 + 333_333_334)));
        assert!(opened(&mut second, 7 + 333_333_333).is_empty(), "never early");
        assert_eq!(opened(&mut second, 7 + 333_333_334), [0]);
        assert!(opened(&mut second, 7 + 999_999_999).is_empty());
        assert_eq!(opened(&mut second, 7 + 1_000_000_000), [1]);
        assert_eq!((second.wake(), opened(&mut second, u64::MAX)), (None, vec![]));

        let mut first = schedule(5, 0, 2);
        first.begin(Time::from_nanos(7));
        assert_eq!(opened(&mut first, 7), [0]);
        assert_eq!(opened(&mut first, 7 + 1_333_333_334), [1, 2], "what it is late with comes at once");
    }

    #[test]
    fn after_a_cancel_nothing_is_due() {
        let mut schedule = schedule(5, 0, 1);
        schedule.begin(Time::default());
        assert_eq!(opened(&mut schedule, 0), [0]);
        schedule.ask(0, Time::default());
        assert_eq!(schedule.cancel().collect::<Vec<_>>(), [0]);
        assert_eq!((schedule.wake(), opened(&mut schedule, u64::MAX)), (None, vec![]));
    }

    #[test]
    fn a_million_clients_do_not_drift() {
        let mut schedule = schedule(1_000_000, 0, 1);
        schedule.begin(Time::default());
        let mut last = 0;
        for client in 0..1_000_000_u64 {
            let due = schedule.wake().unwrap().as_nanos();
            assert_eq!(due, (client * 1_000_000_000).div_ceil(3));
            assert!(due >= last);
            last = due;
            assert!(schedule.next(Time::from_nanos(due)).is_some());
        }
    }
}
