//! A Poisson process with one arrival a unit of time on average, in which any arrival can be
//! looked up.
//!
//! The gaps between arrivals are exponential. So the sum of `n` gaps in a row has the gamma
//! distribution with shape `n`, and the part that the first half has of it is beta distributed with
//! `n/2` and `n/2`, whatever the sum is (Devroye, "Non-Uniform Random Variate Generation", 1986,
//! theorem IX.3.1 and chapter XI.3). The gaps are cut into blocks that double in size: 0 to 15, 16
//! to 31, 32 to 63 and so on. A sum is drawn for each block before a gap, and then halves are split
//! until the gap stands alone: some 2 log2(k) draws for arrival `k`.
//!
//! What is drawn for a boundary between two gaps depends on the seed and the boundary only. So the
//! order in which arrivals are looked up does not matter. Times only ever lie between two
//! boundaries that are known already, so rounding can't swap them.

use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution as _, Gamma};

/// log2 of the gaps in the first block.
const FIRST: u32 = 4;

/// No more blocks than that: `u64` has no more arrivals.
const LARGEST: u64 = 1 << 62;

/// The arrivals of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnitProcess {
    key: u64,
}

/// Some gaps in a row, as many as a power of two, and the times at which they begin and end.
#[derive(Clone, Copy, Debug)]
struct Gaps {
    first: u64,
    count: u64,
    begin: f64,
    end: f64,
}

impl UnitProcess {
    /// The process of a client. Each has its own, and another one with another seed.
    pub(super) fn new(seed: u64, client: u32) -> Self {
        let of_run: u64 = Xoshiro256PlusPlus::seed_from_u64(seed).random();
        Self { key: Xoshiro256PlusPlus::seed_from_u64(of_run ^ u64::from(client)).random() }
    }

    /// When arrival `number` comes, from 0 on. That of a number over 2^62 is infinite.
    pub(super) fn arrival(self, number: u64) -> f64 {
        self.gaps_with(number, 1).map_or(f64::INFINITY, |gap| gap.end)
    }

    /// How many arrivals have come, as far as `has_come` says of their times.
    pub(super) fn count(self, has_come: impl Fn(f64) -> bool) -> u64 {
        let mut gaps = self.first_block();
        while has_come(gaps.end) {
            if gaps.count >= LARGEST {
                return u64::MAX;
            }
            gaps = self.next_block(gaps);
        }
        while gaps.count > 1 {
            let [left, right] = self.split(gaps);
            gaps = if has_come(left.end) { right } else { left };
        }
        gaps.first
    }

    /// The `count` gaps in which gap `number` lies.
    fn gaps_with(self, number: u64, count: u64) -> Option<Gaps> {
        let mut gaps = self.first_block();
        while number - gaps.first >= gaps.count {
            if gaps.count >= LARGEST {
                return None;
            }
            gaps = self.next_block(gaps);
        }
        while gaps.count > count {
            let [left, right] = self.split(gaps);
            gaps = if number < right.first { left } else { right };
        }
        Some(gaps)
    }

    fn first_block(self) -> Gaps {
        let count = 1 << FIRST;
        Gaps { first: 0, count, begin: 0.0, end: self.sum(count, count) }
    }

    /// Blocks double, so one has as many gaps as there are before it.
    fn next_block(self, block: Gaps) -> Gaps {
        let first = block.first + block.count;
        Gaps { first, count: first, begin: block.end, end: block.end + self.sum(2 * first, first) }
    }

    /// The sum of the `count` gaps before `boundary`, where a block ends.
    fn sum(self, boundary: u64, count: u64) -> f64 {
        gamma(count, &mut self.draws(boundary))
    }

    fn split(self, Gaps { first, count, begin, end }: Gaps) -> [Gaps; 2] {
        let half = count / 2;
        let mut draws = self.draws(first + half);
        let part = if half == 1 {
            draws.random::<f64>()
        } else {
            let [left, right] = [half; 2].map(|half| gamma(half, &mut draws));
            left / (left + right)
        };
        let middle = (begin + (end - begin) * part).min(end);
        [Gaps { first, count: half, begin, end: middle }, Gaps { first: first + half, count: half, begin: middle, end }]
    }

    fn draws(self, boundary: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.key ^ boundary)
    }
}

/// A sum of `count` exponential gaps.
fn gamma(count: u64, draws: &mut Xoshiro256PlusPlus) -> f64 {
    Gamma::new(count as f64, 1.0).map_or(f64::INFINITY, |gamma| gamma.sample(draws))
}

/// Goes through the arrivals of a client, from the first on. Each takes about two draws.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    process: UnitProcess,
    /// Number of the arrival.
    number: u64,
    /// When the gap before it begins.
    begin: f64,
    /// When the 1, 2, 4, 8 and 16 gaps end in which it lies. The first is when it comes.
    ends: [f64; FIRST as usize + 1],
}

impl Walk {
    pub(super) fn new(process: UnitProcess) -> Self {
        let mut walk = Self { process, number: 0, begin: 0.0, ends: [0.0; FIRST as usize + 1] };
        walk.enter();
        walk
    }

    /// Number of the arrival.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// When it comes.
    pub(super) fn time(&self) -> f64 {
        self.ends[0]
    }

    /// Goes on to the next.
    pub(super) fn advance(&mut self) {
        self.number += 1;
        self.begin = self.ends[0];
        // So many gaps that begin here are the right half of twice as many.
        let level = self.number.trailing_zeros();
        if level >= FIRST {
            self.enter();
        } else {
            self.ends[level as usize] = self.ends[level as usize + 1];
            self.descend(level);
        }
    }

    /// Looks up the 16 gaps that begin here.
    #[cold]
    fn enter(&mut self) {
        let infinite = Gaps { first: self.number, count: 1 << FIRST, begin: f64::INFINITY, end: f64::INFINITY };
        let Gaps { begin, end, .. } = self.process.gaps_with(self.number, 1 << FIRST).unwrap_or(infinite);
        (self.begin, self.ends[FIRST as usize]) = (begin, end);
        self.descend(FIRST);
    }

    /// Splits the 2^`level` gaps that begin here until one is left.
    fn descend(&mut self, level: u32) {
        for level in (0..level).rev() {
            let (first, end) = (self.number, self.ends[level as usize + 1]);
            let [left, _] = self.process.split(Gaps { first, count: 2 << level, begin: self.begin, end });
            self.ends[level as usize] = left.end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_finds_the_same_arrivals() {
        let process = UnitProcess::new(7, 3);
        let mut walk = Walk::new(process);
        let mut last = 0.0;
        for number in 0..3_000 {
            assert_eq!((walk.number(), walk.time().to_bits()), (number, process.arrival(number).to_bits()));
            assert!(walk.time() >= last);
            last = walk.time();
            assert_eq!(process.count(|time| time <= last), number + 1, "an arrival has come at its time");
            assert_eq!(process.count(|time| time < last), number);
            walk.advance();
        }
        assert!((process.arrival(1 << 40) / (1_u64 << 40) as f64 - 1.0).abs() < 1e-5);
        assert!(process.arrival(u64::MAX).is_infinite());
        assert_eq!(process.count(|_| true), u64::MAX);
    }

    #[test]
    fn clients_and_seeds_have_their_own_arrivals() {
        let processes = [(1, 0), (1, 1), (2, 0), (2, 1), (u64::MAX, u32::MAX)];
        let mut times = processes.map(|(seed, client)| UnitProcess::new(seed, client).arrival(100).to_bits()).to_vec();
        times.sort_unstable();
        times.dedup();
        assert_eq!(times.len(), processes.len());
    }

    /// The first arrivals of a client may never change: results name a seed.
    #[test]
    fn a_seed_stands_for_its_arrivals() {
        let process = UnitProcess::new(1, 0);
        let times = [0, 1, 2, 100, 1_000_000].map(|number| format!("{:.6}", process.arrival(number)));
        assert_eq!(times, ["0.409454", "1.766092", "2.391463", "100.430992", "1000216.126639"]);
    }
}
