//! How long a client waits before it tries to open again.

use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};

use crate::{
    clock::nanos,
    plan::{Jitter, Reconnect},
};

/// Exponential backoff with jitter. Marc Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015, compares the kinds of jitter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    /// Nanoseconds.
    min: u64,
    max: u64,
    jitter: Jitter,
    seed: u64,
}

impl Backoff {
    pub(super) fn new(reconnect: &Reconnect, seed: u64) -> Self {
        let Reconnect { min, max, jitter } = *reconnect;
        let seed = Xoshiro256PlusPlus::seed_from_u64(seed).random();
        Self { min: nanos(min), max: nanos(max), jitter, seed }
    }

    /// The wait in nanoseconds of a client, by its index in the group, after so many `failures` in
    /// a row. `attempt` numbers all waits of a client, so that each is drawn anew.
    pub(super) fn wait(&self, client: u32, attempt: u32, failures: u32) -> u64 {
        let doubled = u128::from(self.min) << failures.min(63);
        let wait = u64::try_from(doubled).unwrap_or(u64::MAX).min(self.max);
        let drawn = |most: u64| {
            let place = u64::from(client) << 32 | u64::from(attempt);
            Xoshiro256PlusPlus::seed_from_u64(self.seed ^ place).random_range(0..=most)
        };
        match self.jitter {
            Jitter::Full => drawn(wait),
            Jitter::Equal => wait - wait / 2 + drawn(wait / 2),
            Jitter::None => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn backoff(jitter: Jitter) -> Backoff {
        let [min, max] = [100, 1000].map(Duration::from_nanos);
        Backoff::new(&Reconnect { min, max, jitter }, 7)
    }

    #[test]
    fn a_wait_doubles_up_to_the_longest() {
        let waits = [0, 1, 2, 3, 4, 63, 64, u32::MAX].map(|failures| backoff(Jitter::None).wait(0, 0, failures));
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000, 1000, 1000]);
    }

    #[test]
    fn jitter_takes_from_the_wait_evenly() {
        for (jitter, least) in [(Jitter::Full, 0), (Jitter::Equal, 500)] {
            let waits: Vec<u64> = (0..100_000).map(|client| backoff(jitter).wait(client, 3, 9)).collect();
            assert!(waits.iter().all(|wait| (least..=1000).contains(wait)), "{jitter:?}");
            assert_eq!((waits.iter().min(), waits.iter().max()), (Some(&least), Some(&1000)));
            // The standard error of the mean is about 1 and 0.5.
            let mean = waits.iter().sum::<u64>() as f64 / 1e5;
            assert!((mean - f64::midpoint(least as f64, 1000.0)).abs() < 6.0, "{jitter:?}: {mean}");
        }
    }

    #[test]
    fn waits_differ_by_seed_client_and_attempt() {
        let full = backoff(Jitter::Full);
        let other = Backoff::new(&Reconnect { min: Duration::MAX, max: Duration::MAX, jitter: Jitter::Full }, 8);
        let wide = Backoff { min: u64::MAX, max: u64::MAX, ..full };
        let waits = [wide.wait(1, 2, 0), wide.wait(2, 1, 0), wide.wait(1, 3, 0), other.wait(1, 2, 0)];
        let different: std::collections::BTreeSet<_> = waits.iter().collect();
        assert_eq!(different.len(), 4);
        assert_eq!(wide.wait(1, 2, 0), waits[0], "each is the same again");
    }
}
