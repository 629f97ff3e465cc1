//! When the bursts of clients are due that send at random times: a Poisson process for each.

use super::{
    rate_integral::{MESSAGE, RateIntegral},
    unit_process::{UnitProcess, Walk},
};
use crate::plan::Arrivals;

/// When the bursts of each client are due. Each has a process of its own, with the rate of the
/// client: arrival `k` of a process of rate 1 is due when the integral of the rate, in bursts, gets
/// there. So the rate may change.
///
/// A due time is a pure function of seed, client and number. Processors with another logarithm or
/// root may differ by a nanosecond.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PoissonTimes {
    integral: RateIntegral,
    burst: u32,
    seed: u64,
}

/// The bursts of one client, one after the other.
#[derive(Clone, Debug)]
pub(super) struct ClientBursts {
    walk: Walk,
}

impl PoissonTimes {
    pub(super) fn new(arrivals: &Arrivals, burst: u32, warmup: u64, seed: u64) -> Self {
        Self { integral: RateIntegral::new(arrivals, 1, warmup), burst, seed }
    }

    fn process(&self, client: u32) -> UnitProcess {
        UnitProcess::new(self.seed, client)
    }

    /// The position in the integral of an arrival.
    fn position(&self, arrival: f64) -> u128 {
        // Casts of floats stop at the ends of the range.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let position = (arrival * (u128::from(self.burst) * MESSAGE) as f64) as u128;
        position
    }

    fn due_at(&self, arrival: f64) -> u64 {
        self.integral.leaves(self.position(arrival))
    }

    /// When burst `number` of a client is due. `u64::MAX` if the stages end before.
    pub(super) fn due(&self, client: u32, number: u64) -> u64 {
        self.due_at(self.process(client).arrival(number))
    }

    /// Bursts of a client that are due before `time`.
    pub(super) fn before(&self, client: u32, time: u64) -> u64 {
        let left = time.checked_sub(1).and_then(|last| self.integral.left_by(last));
        left.map_or(0, |left| self.process(client).count(|arrival| self.position(arrival) <= left))
    }

    /// The bursts of a client, from the first on.
    pub(super) fn bursts(&self, client: u32) -> ClientBursts {
        ClientBursts { walk: Walk::new(self.process(client)) }
    }
}

impl ClientBursts {
    /// Number of the burst.
    pub(super) fn number(&self) -> u64 {
        self.walk.number()
    }

    /// When it is due. `u64::MAX` if the stages end before.
    pub(super) fn due(&self, times: &PoissonTimes) -> u64 {
        times.due_at(self.walk.time())
    }

    /// Goes on to the next.
    pub(super) fn advance(&mut self) {
        self.walk.advance();
    }
}

#[cfg(test)]
mod tests {
    use std::{iter, time::Duration};

    use super::*;
    use crate::plan::{Rate, RatePlan, Spacing, Stage};

    const SECOND: u64 = 1_000_000_000;

    /// A client sends `rate` bursts a second on average.
    fn constant(rate: f64, seed: u64) -> PoissonTimes {
        let arrivals = Arrivals { rate: RatePlan::Constant(Rate::new(rate).unwrap()), spacing: Spacing::Poisson };
        PoissonTimes::new(&arrivals, 1, 0, seed)
    }

    /// The rate rises to 20 bursts of 3 messages within 5 s, and stays there for 5 s.
    fn rising(seed: u64) -> PoissonTimes {
        let (rate, length) = (Rate::new(60.0), Duration::from_secs(5));
        let stages = [Stage { from: None, to: rate, length }, Stage { from: rate, to: rate, length }];
        let arrivals = Arrivals { rate: RatePlan::Stages(stages.into()), spacing: Spacing::Poisson };
        PoissonTimes::new(&arrivals, 3, 0, seed)
    }

    /// Due times of a client.
    fn due(times: &PoissonTimes, client: u32) -> impl Iterator<Item = u64> {
        let mut bursts = times.bursts(client);
        iter::from_fn(move || {
            let due = bursts.due(times);
            bursts.advance();
            (due < u64::MAX).then_some(due)
        })
    }

    /// Gaps between bursts in multiples of their mean, of 20 clients.
    fn gaps(seed: u64) -> Vec<f64> {
        let times = constant(100.0, seed);
        let of = |client| {
            let due: Vec<u64> = due(&times, client).take(1_000).collect();
            let first = iter::once(due[0]);
            first.chain(due.windows(2).map(|two| two[1] - two[0]).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        (0..20).flat_map(of).map(|gap| gap as f64 / 1e9 * 100.0).collect()
    }

    /// Pearson's statistic.
    fn chi_square(pairs: impl IntoIterator<Item = (f64, f64)>) -> f64 {
        pairs.into_iter().map(|(observed, expected)| (observed - expected).powi(2) / expected).sum()
    }

    // Each test takes ten seeds at a level of 0.1 %, so it would fail for one set of seeds in a
    // hundred, and the seeds are fixed.
    const SEEDS: std::ops::Range<u64> = 0..10;

    /// Kolmogorov and Smirnov: the distance between the distributions of `n` values exceeds
    /// `sqrt(-ln(0.001 / 2) / 2 / n)` once in a thousand times.
    #[test]
    fn gaps_are_exponential() {
        for seed in SEEDS {
            let mut gaps = gaps(seed);
            gaps.sort_by(f64::total_cmp);
            let n = gaps.len() as f64;
            let distance = |(index, gap): (usize, &f64)| {
                let (expected, index) = (1.0 - (-gap).exp(), index as f64);
                (expected - index / n).max((index + 1.0) / n - expected)
            };
            let distance = gaps.iter().enumerate().map(distance).fold(0.0, f64::max);
            assert!(distance < 1.9495 / n.sqrt(), "seed {seed}: {distance}");
        }
    }

    /// Two gaps in a row fall evenly into 64 squares. With 63 degrees of freedom, chi-square is
    /// over 103.4 once in a thousand times.
    #[test]
    fn a_gap_says_nothing_of_the_next() {
        for seed in SEEDS {
            let gaps = gaps(seed);
            let mut squares = [0.0; 64];
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let part = |gap: f64| ((1.0 - (-gap).exp()) * 8.0) as usize;
            let pairs = gaps.chunks_exact(2).chain(gaps[1..].chunks_exact(2));
            for two in pairs.step_by(2) {
                squares[part(two[0]) * 8 + part(two[1])] += 1.0;
            }
            let expected = squares.iter().sum::<f64>() / 64.0;
            let chi_square = chi_square(squares.map(|observed| (observed, expected)));
            assert!(chi_square < 103.4, "seed {seed}: {chi_square}");
        }
    }

    /// Bursts in windows of 30 ms have the Poisson distribution with mean 3. From 0 to 9 and more,
    /// chi-square has 9 degrees of freedom and is over 27.88 once in a thousand times.
    #[test]
    fn counts_in_windows_are_poisson() {
        for seed in SEEDS {
            let times = constant(100.0, seed);
            let mut windows = [0.0; 10];
            for client in 0..20 {
                let mut before = 0;
                for window in 1..=500 {
                    let now = times.before(client, window * 30_000_000);
                    windows[usize::try_from(now - before).unwrap().min(9)] += 1.0;
                    before = now;
                }
            }
            let mut probability: Vec<f64> = iter::successors(Some((0.0, (-3.0_f64).exp())), |(count, last)| {
                Some((count + 1.0, last * 3.0 / (count + 1.0)))
            })
            .map(|(_, probability)| probability)
            .take(9)
            .collect();
            probability.push(1.0 - probability.iter().sum::<f64>());
            let expected = probability.iter().map(|probability| probability * 10_000.0);
            let chi_square = chi_square(windows.into_iter().zip(expected));
            assert!(chi_square < 27.88, "seed {seed}: {chi_square}");
        }
    }

    /// The bursts of 1000 clients in 20 windows of half a second. Each has a Poisson distribution
    /// of its own, so chi-square has 20 degrees of freedom and is over 45.31 once in a thousand
    /// times.
    #[test]
    fn the_rate_may_change() {
        for seed in SEEDS {
            let times = rising(seed);
            let mut windows = [0.0; 20];
            for due in (0..1_000).flat_map(|client| due(&times, client)) {
                windows[usize::try_from(due / (SECOND / 2)).unwrap()] += 1.0;
            }
            // 2 t² bursts of a client by second t of the first five, then 20 a second.
            let by = |half: f64| if half < 10.0 { half * half / 2.0 } else { 50.0 + (half - 10.0) * 10.0 };
            let expected = (0..20).map(|half| 1_000.0 * (by(f64::from(half) + 1.0) - by(f64::from(half))));
            let chi_square = chi_square(windows.into_iter().zip(expected));
            assert!(chi_square < 45.31, "seed {seed}: {chi_square}");
        }
    }

    #[test]
    fn any_order_finds_the_same_times() {
        for times in [constant(1_000.0, 3), rising(3)] {
            for client in [0, 1, u32::MAX] {
                let mut last = 0;
                for (number, due) in (0..).zip(due(&times, client).take(300)) {
                    assert_eq!(due, times.due(client, number));
                    assert!(due >= last);
                    last = due;
                    assert!(times.before(client, due) <= number && times.before(client, due + 1) > number);
                }
            }
        }
        let times = rising(3);
        let all = times.before(7, u64::MAX);
        assert_eq!((times.due(7, all), times.before(7, 10 * SECOND)), (u64::MAX, all), "its stages are over");
        assert_eq!(times.before(7, 0), 0);
    }
}
