//! The scale of a comparison: natural logarithms of ratios, where more is worse.
//!
//! Both a latency that doubles and a throughput that halves are ln 2.

use crate::metric::Better;

/// Differences below this are rounding errors of floating-point numbers, and no change at all.
const ROUNDING: f64 = 1e-9;

/// A positive value on the scale.
pub(crate) fn log(better: Better, value: f64) -> f64 {
    match better {
        Better::Lower => value.ln(),
        Better::Higher => -value.ln(),
    }
}

/// The difference as a share of the baseline, in the metric's own direction.
pub(crate) fn change(better: Better, worse: f64) -> f64 {
    match better {
        Better::Lower => worse.exp_m1(),
        Better::Higher => (-worse).exp_m1(),
    }
}

/// Whether a difference exceeds a margin. At the margin it does not.
pub(crate) fn exceeds(worse: f64, margin: f64) -> bool {
    worse > margin + ROUNDING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_is_more_in_either_direction() {
        for better in [Better::Lower, Better::Higher] {
            let worse = log(better, 110.0) - log(better, 100.0);
            assert!((change(better, worse) - 0.1).abs() < 1e-12);
        }
        assert!(log(Better::Lower, 2.0) > log(Better::Lower, 1.0));
        assert!(log(Better::Higher, 1.0) > log(Better::Higher, 2.0));
        assert!(!exceeds(1.1_f64.ln(), 0.1_f64.ln_1p()) && exceeds(1.1001_f64.ln(), 0.1_f64.ln_1p()));
    }
}
