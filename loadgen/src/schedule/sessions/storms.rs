//! Times at which many clients are cut at once.

use std::num::NonZeroU32;

use crate::{
    clock::{Time, nanos},
    plan::Storm,
};

/// Which clients of a group are in a storm.
#[derive(Clone, Copy, Debug)]
struct Members {
    /// How many.
    count: u64,
    /// Of how many.
    clients: u64,
    /// Shifts the pattern.
    shift: u64,
}

impl Members {
    /// The members of storm number `nth`: exactly its share of the clients, rounded, spread evenly
    /// over their indices. So they do not depend on who has which client. Another storm has others.
    fn of(storm: &Storm, nth: usize, clients: NonZeroU32) -> Self {
        let clients = u64::from(clients.get());
        Self { count: storm.clients_of(clients), clients, shift: nth as u64 % clients }
    }

    fn contain(self, index: u32) -> bool {
        let Self { count, clients, shift } = self;
        let at = (u64::from(index) + shift) % clients;
        // One of them each time that the product passes a multiple.
        (at + 1) * count / clients > at * count / clients
    }
}

/// The storms of a group that are still to come.
#[derive(Debug)]
pub(super) struct Storms {
    /// In the order of their times.
    all: Vec<Storm>,
    clients: NonZeroU32,
    next: usize,
}

impl Storms {
    pub(super) fn new(storms: &[Storm], clients: NonZeroU32) -> Self {
        let mut storms = storms.to_vec();
        storms.sort_by_key(|storm| storm.at);
        Self { all: storms, clients, next: 0 }
    }

    /// When the next one is.
    pub(super) fn wake(&self, measured_from: Time) -> Time {
        self.all.get(self.next).map_or(Time::NEVER, |storm| measured_from.plus(nanos(storm.at)))
    }

    /// Whether the client with this index is in the next one.
    pub(super) fn hits(&self, index: u32) -> bool {
        let storm = self.all.get(self.next);
        storm.is_some_and(|storm| Members::of(storm, self.next, self.clients).contain(index))
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
        let members = Members::of(&storm, nth, NonZeroU32::new(clients).unwrap());
        (0..clients).filter(|index| members.contain(*index)).collect()
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
    fn who_is_hit_is_spread_evenly_and_changes() {
        assert_eq!(hit(10, 200_000, 0), [4, 9]);
        assert_eq!(hit(10, 200_000, 1), [3, 8]);
        assert_eq!(hit(10, 500_000, 0), [1, 3, 5, 7, 9]);
        assert_eq!(hit(10, 500_000, 1), [0, 2, 4, 6, 8]);
        assert_eq!(hit(4, 1_000_000, 3), [0, 1, 2, 3]);
        // Two of five, and any four in a row have one or two.
        let members = hit(1000, 400_000, 0);
        assert!(members.windows(2).all(|pair| (2..=3).contains(&(pair[1] - pair[0]))));
    }
}
