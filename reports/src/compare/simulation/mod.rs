//! Simulations of the statistics of comparisons: how often they err, and what they find. They need
//! no sockets and no clock. The seed decides everything.
//!
//! Each simulation has a quick version that asserts bounds. A long version (`--ignored`) prints the
//! figures in docs/methodology/statistics.md:
//!
//! ```text
//! cargo test -p reports --release --lib -- --ignored --nocapture simulation
//! ```
//!
//! The bound on a count is the promised number plus three standard deviations of the binomial
//! distribution, √(n p (1 - p)). The seeds are constants, so a test that passes once always passes.

mod pairs;
mod shifts;
mod world;

/// The most often that an event of probability `p` may happen in `n` repetitions: three standard
/// deviations more than expected.
fn at_most(n: u32, p: f64) -> u32 {
    let expected = f64::from(n) * p;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let bound = (expected + 3.0 * (expected * (1.0 - p)).sqrt()).ceil() as u32;
    bound
}

/// The least often that an event of probability `p` may happen in `n` repetitions.
fn at_least(n: u32, p: f64) -> u32 {
    n - at_most(n, 1.0 - p)
}

/// A count as a percentage of its repetitions.
fn percent(count: u32, of: u32) -> String {
    format!("{:.1} %", f64::from(count) * 100.0 / f64::from(of))
}
