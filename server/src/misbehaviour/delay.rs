//! Known delays: how long each answer waits before it goes out.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// How long each answer waits before it goes out, for tests that compare measured times with
/// arithmetic.
///
/// No answer is early. The scheduler decides how late one is. Over loopback, on two cores that
/// others used as well, a delay of 100 µs added 120 µs to the median round trip, and one of 1 ms
/// added 1.04 ms.
///
/// The answers of a connection stay in order: one that would overtake another goes out together
/// with it. A reset or Close on purpose waits in the same queue. Pings and the peer's Close are
/// answered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// The mean of the delays.
    pub mean: Duration,
    /// How the delays of messages differ.
    pub shape: DelayShape,
}

/// How the delays of messages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DelayShape {
    /// They don't.
    #[default]
    Fixed,
    /// They are spread evenly between zero and twice the mean.
    Uniform,
    /// They are distributed exponentially, as times between independent events are: many short
    /// ones, a few long ones, no upper bound.
    Exponential,
}

/// Draws the delays of one connection.
#[derive(Debug)]
pub(super) struct DelaySource {
    delay: Delay,
    rng: Xoshiro256PlusPlus,
}

impl DelaySource {
    /// The delays of connection number `connection`. An equal seed and number draw equal delays.
    pub(super) fn new(delay: Delay, seed: u64, connection: u64) -> Self {
        let mut of_seed = Xoshiro256PlusPlus::seed_from_u64(!seed);
        Self { delay, rng: Xoshiro256PlusPlus::seed_from_u64(of_seed.random::<u64>() ^ connection) }
    }

    /// The delay of the next message.
    pub(super) fn draw(&mut self) -> Duration {
        let factor = match self.delay.shape {
            DelayShape::Fixed => return self.delay.mean,
            DelayShape::Uniform => 2.0 * self.rng.random::<f64>(),
            // The inverse of the distribution function. The draw is below 1, so the logarithm is
            // finite.
            DelayShape::Exponential => -(1.0 - self.rng.random::<f64>()).ln(),
        };
        self.delay.mean.mul_f64(factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: Duration = Duration::from_millis(1);

    fn sorted(shape: DelayShape) -> Vec<Duration> {
        let mut delays = DelaySource::new(Delay { mean: MEAN, shape }, 1, 0);
        let mut drawn: Vec<_> = (0..10_000).map(|_| delays.draw()).collect();
        drawn.sort();
        drawn
    }

    /// Fails unless quantile `share` of `drawn` is `expected` means, give or take 5 % of the mean.
    /// That is more than four standard errors of the quantiles below.
    fn assert_quantile(drawn: &[Duration], share: f64, expected: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the length")]
        let at = drawn[(share * drawn.len() as f64) as usize].div_duration_f64(MEAN);
        assert!((at - expected).abs() < 0.05, "quantile {share}: {at}, expected {expected}");
    }

    #[test]
    fn a_fixed_delay_is_the_mean() {
        let drawn = sorted(DelayShape::Fixed);
        assert_eq!((drawn[0], drawn[9999]), (MEAN, MEAN));
    }

    #[test]
    fn uniform_delays_are_spread_up_to_twice_the_mean() {
        let drawn = sorted(DelayShape::Uniform);
        for share in [0.1, 0.5, 0.9] {
            assert_quantile(&drawn, share, 2.0 * share);
        }
        assert!(drawn[9999] < 2 * MEAN);
    }

    #[test]
    fn exponential_delays_have_the_right_quantiles() {
        let drawn = sorted(DelayShape::Exponential);
        for share in [0.1_f64, 0.5, 0.75] {
            assert_quantile(&drawn, share, -(1.0 - share).ln());
        }
    }

    #[test]
    fn each_connection_draws_its_own_delays() {
        let draw = |seed, connection| {
            let delay = Delay { mean: MEAN, shape: DelayShape::Uniform };
            DelaySource::new(delay, seed, connection).draw()
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
