//! Known times: how long answers wait, and when the whole server stands still.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use tokio::time::sleep;

/// How long each answer waits before it goes out, for tests that compare measured times with arithmetic.
///
/// None is early. How late they are is up to the scheduler: over loopback, on two cores that others used as well, round trips with
/// a delay of 100 µs took a median of 120 µs longer than without one, those of 1 ms 1.04 ms.
///
/// The answers of a connection stay in order: one that would overtake the one before it goes out together with that. A
/// reset or Close on purpose waits in the same line; pings and the peer's Close are answered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// The mean.
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
    /// Evenly spread between nothing and twice the mean.
    Uniform,
    /// Exponentially distributed, as times between independent events are: many short ones, few long ones, no bound.
    Exponential,
}

/// The whole server stands still once: it accepts nothing, reads nothing, answers nothing, while the kernel goes on to
/// take connections and bytes for it. What a garbage collection or a lock held too long looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// From the first connection on.
    pub after: Duration,
    /// How long.
    pub length: Duration,
}

/// Draws the delays of one connection.
#[derive(Debug)]
pub(crate) struct Delays {
    delay: Delay,
    rng: Xoshiro256PlusPlus,
}

impl Delays {
    pub(crate) fn new(delay: Delay, seed: u64, connection: u64) -> Self {
        let mut of_seed = Xoshiro256PlusPlus::seed_from_u64(!seed);
        Self { delay, rng: Xoshiro256PlusPlus::seed_from_u64(of_seed.random::<u64>() ^ connection) }
    }

    pub(crate) fn draw(&mut self) -> Duration {
        let factor = match self.delay.shape {
            DelayShape::Fixed => return self.delay.mean,
            DelayShape::Uniform => 2.0 * self.rng.random::<f64>(),
            // The inverse of the distribution function; the draw is below 1, so the logarithm is finite.
            DelayShape::Exponential => -(1.0 - self.rng.random::<f64>()).ln(),
        };
        self.delay.mean.mul_f64(factor)
    }
}

/// How often a thread looks whether the server has had its first connection. Only one thread accepts that, and it can't wake the
/// others, which may have descriptors of their own.
const LOOK: Duration = Duration::from_millis(1);

/// Stands still, with everything else on this thread, at the time that `stall` says after the first connection of the
/// server, of which `first` tells.
pub(crate) async fn stand_still(stall: Stall, first: impl Fn() -> Option<Instant>) {
    let first = loop {
        match first() {
            Some(first) => break first,
            None => sleep(LOOK).await,
        }
    };
    let Some(begin) = first.checked_add(stall.after) else { return };
    sleep(begin.saturating_duration_since(Instant::now())).await;
    // The same end for all threads, however late each of them got here.
    std::thread::sleep((begin + stall.length).saturating_duration_since(Instant::now()));
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: Duration = Duration::from_millis(1);

    fn sorted(shape: DelayShape) -> Vec<Duration> {
        let mut delays = Delays::new(Delay { mean: MEAN, shape }, 1, 0);
        let mut drawn: Vec<_> = (0..10_000).map(|_| delays.draw()).collect();
        drawn.sort();
        drawn
    }

    /// Whether quantile `share` of `drawn` is within 5 % of the mean around `expected` of the mean: more than four
    /// standard errors of what is asked below.
    fn near(drawn: &[Duration], share: f64, expected: f64) {
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
            near(&drawn, share, 2.0 * share);
        }
        assert!(drawn[9999] < 2 * MEAN);
    }

    #[test]
    fn exponential_delays_have_the_quantiles_of_the_distribution() {
        let drawn = sorted(DelayShape::Exponential);
        for share in [0.1_f64, 0.5, 0.75] {
            near(&drawn, share, -(1.0 - share).ln());
        }
    }

    #[test]
    fn connections_draw_their_own() {
        let draw = |seed, connection| {
            let delay = Delay { mean: MEAN, shape: DelayShape::Uniform };
            Delays::new(delay, seed, connection).draw()
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
