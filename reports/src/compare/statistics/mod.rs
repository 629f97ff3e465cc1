//! Statistics of a few runs. The unit is always the run. Messages of one run share its machine, its
//! moment and its connections, so a million of them say little about the next run.
//!
//! Everything works on natural logarithms of ratios: effects on latencies multiply, and a log-ratio
//! does not depend on the unit. Random computations take a seed, and repeat exactly.
//!
//! ```text
//! student.rs    mean, standard deviation, Student's interval
//! power.rs      the effect that a test finds four times in five
//! sign_flip.rs  permutation test by flipping signs
//! bootstrap.rs  interval of a shift between two groups of runs
//! ```

mod bootstrap;
mod power;
mod sign_flip;
mod student;

pub(crate) use bootstrap::{RESAMPLES, runs_needed, shift};
pub(crate) use power::detectable_shift;
pub(crate) use sign_flip::{least_p, sign_flip};
pub(crate) use student::Moments;

/// An interval that covers the true value with a stated confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ConfidenceInterval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Arithmetic mean. It is NaN for no values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Geometric mean of positive numbers: the mean on the scale of logarithms.
pub(crate) fn geometric_mean(values: &[f64]) -> f64 {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    mean(&logs).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_geometric_mean_multiplies() {
        // The cube root of 1 * 10 * 100 is 10; of 2 and 8 it is 4.
        assert!((geometric_mean(&[1.0, 10.0, 100.0]) - 10.0).abs() < 1e-12);
        assert!((geometric_mean(&[2.0, 8.0]) - 4.0).abs() < 1e-12);
    }
}
