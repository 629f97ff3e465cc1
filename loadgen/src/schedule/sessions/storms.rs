//! Times at which many clients are cut at once.

use std::num::NonZeroU32;

use crate::{
    clock::{Time, nanos},
    plan::Storm,
};

/// The order in which storms take the clients of a group: client `index` has place `index * step`
/// of all. The step is near the golden section. So any places in a row are spread evenly over the
/// indices, and over the clients of each worker, which are every second, third and so on.
#[derive(Clone, Copy, Debug)]
struct Places {
    clients: u64,
    step: u64,
}

impl Places {
    fn new(clients: NonZeroU32) -> Self {
        let clients = u64::from(clients.get());
        let golden = clients * 618_034 / 1_000_000;
        // One that has no divisor in common gives each client a place of its own; 1 always does.
        let step = (golden.max(1)..=clients).find(|step| gcd(*step, clients) == 1).unwrap_or(1);
        Self { clients, step }
    }

    fn of(self, index: u32) -> u64 {
        u64::from(index) * self.step % self.clients
    }

    /// Whether storm number `nth` hits a client: exactly its share of all, rounded. The next storm
    /// goes on with those after them.
    fn are_hit(self, index: u32, storm: &Storm, nth: usize) -> bool {
        let count = storm.clients_of(self.clients);
        let first = nth as u64 % self.clients * count % self.clients;
        (self.of(index) + self.clients - first) % self.clients < count
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The storms of a group that are still to come.
#[derive(Debug)]
pub(super) struct Storms {
    /// In the order of their times.
    all: Vec<Storm>,
    places: Places,
    next: usize,
}

impl Storms {
    pub(super) fn new(storms: &[Storm], clients: NonZeroU32) -> Self {
        let mut storms = storms.to_vec();
        storms.sort_by_key(|storm| storm.at);
        Self { all: storms, places: Places::new(clients), next: 0 }
    }

    /// When the next one is.
    pub(super) fn wake(&self, measured_from: Time) -> Time {
        self.all.get(self.next).map_or(Time::NEVER, |storm| measured_from.plus(nanos(storm.at)))
    }

    /// Whether the client with this index is in the next one.
    pub(super) fn hits(&self, index: u32) -> bool {
        let storm = self.all.get(self.next);
        storm.is_some_and(|storm| self.places.are_hit(index, storm, self.next))
    }

    /// The next one is over.
    pub(super) fn pass(&mut self) {
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hit(clients: u32, share: u32, nth: usize) -> Vec<u32> {
        let storm = Storm { share: NonZeroU32::new(share).unwrap(), at: Duration::ZERO };
        let places = Places::new(NonZeroU32::new(clients).unwrap());
        (0..clients).filter(|index| places.are_hit(*index, &storm, nth)).collect()
    }

    #[test]
    fn a_storm_hits_exactly_its_share() {
        for clients in (1..300).chain([9_999, 100_000]) {
            for share in [1, 10_000, 123_456, 200_000, 500_000, 999_999, 1_000_000] {
                let exact = (u64::from(clients) * u64::from(share) + 500_000) / 1_000_000;
                for nth in [0, 1, 7, 400] {
                    assert_eq!(hit(clients, share, nth).len() as u64, exact, "{share} of {clients}");
                }
            }
        }
    }

    #[test]
    fn storms_go_round_the_clients() {
        let mut all: Vec<u32> = (0..5).flat_map(|nth| hit(1000, 200_000, nth)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert_eq!(hit(1000, 200_000, 0), hit(1000, 200_000, 5));
        assert_eq!(hit(4, 1_000_000, 3), [0, 1, 2, 3]);
    }

    /// Workers have every second client, every third and so on. Each has its part of a storm.
    #[test]
    fn a_storm_hits_each_worker_and_each_row_alike() {
        for share in [10_000, 100_000, 200_000, 250_000, 500_000, 900_000] {
            for nth in [0, 1, 2] {
                let members = hit(100_000, share, nth);
                let expected = |of: usize| 0.1 * f64::from(share) / of as f64;
                for workers in 2..13 {
                    for worker in 0..workers {
                        let here = members.iter().filter(|index| **index as usize % workers == worker).count();
                        let off = (here as f64 - expected(workers)).abs();
                        assert!(off < 20.0, "{share}, {worker} of {workers}: {here}, {off} off");
                    }
                }
                let rows = members.chunk_by(|a, b| a / 100 == b / 100);
                let in_row = 1e-4 * f64::from(share);
                assert!(rows.map(<[u32]>::len).all(|here| (here as f64 - in_row).abs() < 5.0));
            }
        }
    }
}
