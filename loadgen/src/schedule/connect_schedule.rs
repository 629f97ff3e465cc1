//! When clients open their connections. Pure: time is an argument.

use crate::{
    clock::Time,
    plan::{Partition, Rate},
};

/// Opens the clients of one worker in the order of their numbers. They are numbered over all
/// workers, so the workers keep the rate together.
#[derive(Clone, Debug)]
pub(crate) struct ConnectSchedule {
    rate: Rate,
    partition: Partition,
    worker: u32,
    started: Time,
    next: usize,
    slots: usize,
}

impl ConnectSchedule {
    /// The schedule of a worker. Nothing is due before [`Self::begin`].
    pub(crate) fn new(rate: Rate, partition: Partition, worker: u32) -> Self {
        let slots = partition.clients_of(worker);
        Self { rate, partition, worker, started: Time::NEVER, next: 0, slots }
    }

    /// Client 0 is due at `now`.
    pub(crate) fn begin(&mut self, now: Time) {
        self.started = now;
    }

    /// Opens no more clients.
    pub(crate) fn cancel(&mut self) {
        self.slots = self.next;
    }

    /// The slot of a client that is due at `now`.
    pub(crate) fn next(&mut self, now: Time) -> Option<usize> {
        let slot = self.next;
        (self.wake()? <= now).then(|| {
            self.next += 1;
            slot
        })
    }

    /// When the next client is due; none after the last.
    pub(crate) fn wake(&self) -> Option<Time> {
        (self.next < self.slots).then(|| {
            let client = self.partition.client(self.worker, self.next);
            // The rate is in millionths of a client a second.
            let nanos = (u128::from(client) * 1_000_000_000 * 1_000_000).div_ceil(self.rate.micro().into());
            self.started.plus(u64::try_from(nanos).unwrap_or(u64::MAX))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn schedule(clients: u32, worker: u32, workers: u32) -> ConnectSchedule {
        let [clients, workers] = [clients, workers].map(|n| NonZeroU32::new(n).unwrap());
        ConnectSchedule::new(Rate::new(3.0).unwrap(), Partition::new([clients], workers), worker)
    }

    fn opened(schedule: &mut ConnectSchedule, now: u64) -> Vec<usize> {
        std::iter::from_fn(|| schedule.next(Time::from_nanos(now))).collect()
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
        schedule.cancel();
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
