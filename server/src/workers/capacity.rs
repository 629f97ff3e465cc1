//! How many connections the limit on open files allows, and with how many threads. Pure.

use std::num::NonZeroUsize;

use descriptors::{Allowance, Table};

/// Descriptors of a table that belong to no thread: standard streams, files, borrowed ones.
const PROCESS: u64 = 16;

/// Descriptors of a thread that are no connections: its listener, its event loop, its stop signal,
/// and connections that are ending.
const THREAD: u64 = 16;

/// How many connections the limit on open files allows.
///
/// Threads that share the process's descriptor table share its limit. A thread with a table of its
/// own may hold as many connections as the limit says. But `SO_REUSEPORT` gives each connection to
/// a thread by a hash of its addresses. If that thread is full, the connection waits.
///
/// So the capacity leaves a reserve for an uneven hash: five standard deviations of a binomial
/// distribution above the mean share of a thread. One thread in three million exceeds that.
///
/// One listener for all threads would need no reserve. But the thread that wakes first would take
/// all connections that wait, so the shares would be uneven all the time, and a load test would
/// measure that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionCapacity(Allowance);

impl ConnectionCapacity {
    /// Most threads that [`Self::threads_for`] asks for: 1024.
    pub const MOST_THREADS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

    /// The capacity that `allowance` gives.
    pub const fn new(allowance: Allowance) -> Self {
        Self(allowance)
    }

    /// Connections that fit when `threads` threads share one table with the rest of the process.
    pub fn shared(self, threads: NonZeroUsize) -> usize {
        let fixed = PROCESS + THREAD.saturating_mul(threads.get() as u64);
        usize::try_from(self.0.each_table.saturating_sub(fixed)).unwrap_or(usize::MAX)
    }

    /// Connections that fit when each of `threads` threads has a table of its own. None where
    /// threads can't have that.
    pub fn own(self, threads: NonZeroUsize) -> usize {
        if self.0.own_tables { threads.get().saturating_mul(self.share(threads)) } else { 0 }
    }

    /// The most connections with `threads` threads, whichever tables they need.
    pub fn most(self, threads: NonZeroUsize) -> usize {
        self.shared(threads).max(self.own(threads))
    }

    /// The table that threads need for `connections` connections: a shared one if that is enough.
    pub fn table_for(self, connections: usize, threads: NonZeroUsize) -> Table {
        if connections <= self.shared(threads) || !self.0.own_tables { Table::Shared } else { Table::Own }
    }

    /// The fewest threads, `least` or more, that can hold `connections` connections. `None` if no
    /// number can.
    pub fn threads_for(self, connections: usize, least: NonZeroUsize) -> Option<NonZeroUsize> {
        (least.get()..=Self::MOST_THREADS.max(least).get())
            .filter_map(NonZeroUsize::new)
            .find(|&threads| self.most(threads) >= connections)
    }

    /// Connections that one of `threads` threads can count on holding in a table of its own.
    fn share(self, threads: NonZeroUsize) -> usize {
        let room = self.0.each_table.saturating_sub(PROCESS + THREAD);
        if threads.get() == 1 {
            return usize::try_from(room).unwrap_or(usize::MAX);
        }
        // x + 5 √x = room, as the standard deviation of a share with the mean x is at most √x.
        let deviation = ((25.0 + 4.0 * room as f64).sqrt() - 5.0) / 2.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and less than the room"
        )]
        let share = (deviation * deviation) as usize;
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ConnectionCapacity = ConnectionCapacity(Allowance { each_table: 20_000, own_tables: true });
    const BOUND: ConnectionCapacity = ConnectionCapacity(Allowance { each_table: 20_000, own_tables: false });

    fn n(threads: usize) -> NonZeroUsize {
        NonZeroUsize::new(threads).expect("not zero")
    }

    #[test]
    fn one_table_is_shared_out() {
        assert_eq!(HERE.shared(n(2)), 20_000 - 16 - 2 * 16);
        assert_eq!(BOUND.most(n(2)), 19_952);
        assert_eq!(ConnectionCapacity(Allowance { each_table: 20, own_tables: true }).shared(n(2)), 0);
    }

    #[test]
    fn a_thread_keeps_a_reserve_for_the_hash() {
        assert_eq!(HERE.own(n(1)), 19_968, "a single thread gets all, whatever the hash is");
        // 19 273.9 + 5 x 138.83 = 19 968
        assert_eq!(HERE.own(n(6)), 6 * 19_273);
        assert_eq!(BOUND.own(n(6)), 0);
        assert_eq!(ConnectionCapacity(Allowance { each_table: 20, own_tables: true }).own(n(3)), 0);
    }

    #[test]
    fn connections_decide_on_threads_and_tables() {
        assert_eq!(HERE.threads_for(19_952, n(2)), Some(n(2)));
        assert_eq!(HERE.table_for(19_952, n(2)), Table::Shared);
        assert_eq!(HERE.threads_for(38_000, n(2)), Some(n(2)));
        assert_eq!(HERE.table_for(38_000, n(2)), Table::Own);
        assert_eq!(HERE.threads_for(100_000, n(2)), Some(n(6)));
        assert_eq!(HERE.threads_for(100_000, n(8)), Some(n(8)));
        assert_eq!(HERE.threads_for(100_000_000, n(2)), None);
        assert_eq!(BOUND.threads_for(20_000, n(2)), None);
        assert_eq!(BOUND.table_for(20_000, n(2)), Table::Shared);
    }

    #[test]
    fn the_hash_stays_within_the_reserve() {
        // Connections fall on threads at random, a thousand times. Far less than one in a million
        // may not fit.
        use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let small = ConnectionCapacity(Allowance { each_table: 256, own_tables: true });
        let connections = small.own(n(5));
        for _ in 0..1000 {
            let mut shares = [0; 5];
            for _ in 0..connections {
                shares[rng.random_range(0..5)] += 1;
            }
            assert!(shares.iter().all(|&share: &u64| share + PROCESS + THREAD <= 256), "{shares:?} of {connections}");
        }
    }
}
