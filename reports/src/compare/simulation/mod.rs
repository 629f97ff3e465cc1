//! Simulations of the statistics of comparison: how often they err, and what they find. No sockets, no clock; everything by
//! seed.
//!
//! Each simulation has a quick version that is asserted with bounds, and a long one (`--ignored`) that prints the figures in
//! docs/methodology/statistics.md:
//!
//! ```text
//! cargo test -p reports --release --lib -- --ignored --nocapture simulation
//! ```
//!
//! A bound on a count is what is promised plus three standard deviations of the binomial distribution, √(n p (1 - p)); the
//! seeds are constants, so a test that passes once passes always.

mod pairs;
mod shifts;
mod world;

/// The most times that something of probability `p` may be seen in `n` repetitions: three standard deviations more than
/// expected.
fn at_most(n: u32, p: f64) -> u32 {
    let expected = f64::from(n) * p;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let bound = (expected + 3.0 * (expected * (1.0 - p)).sqrt()).ceil() as u32;
    bound
}

/// The fewest times, likewise.
fn at_least(n: u32, p: f64) -> u32 {
    n - at_most(n, 1.0 - p)
}

/// A count as a percentage of its repetitions.
fn percent(count: u32, of: u32) -> String {
    format!("{:.1} %", f64::from(count) * 100.0 / f64::from(of))
}
