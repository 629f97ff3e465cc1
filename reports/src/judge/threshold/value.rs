//! The right side of a threshold: a decimal number and, for a latency, its unit.

use std::fmt;

/// The value that a metric is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    /// A latency.
    Nanoseconds(u64),
    /// Messages per second.
    Rate(f64),
    /// Messages, events or connections.
    Count(u64),
}

/// Units of a duration in nanoseconds, largest first. The second micro sign is the Greek letter.
pub(super) const DURATIONS: [(&str, u64); 7] = [
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ns", 1),
];

/// Suffixes of a number.
pub(super) const MULTIPLES: [(&str, u64); 3] = [("", 1), ("k", 1_000), ("m", 1_000_000)];

impl Bound {
    /// The bound in the unit of its metric.
    pub(super) fn number(self) -> f64 {
        match self {
            Self::Nanoseconds(n) | Self::Count(n) => n as f64,
            Self::Rate(rate) => rate,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            // Minutes are left out: most durations have no finite decimal in them.
            Self::Nanoseconds(ns) => {
                let (unit, size) = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)]
                    .into_iter()
                    .find(|(_, size)| ns >= *size)
                    .unwrap_or(("ns", 1));
                let digits = size.ilog10() as usize;
                let fraction = format!("{:0digits$}", ns % size);
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                write!(f, "{}{point}{fraction}{unit}", ns / size)
            }
            // The shortest decimal that reads back as this number, never with an exponent.
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::Count(n) => write!(f, "{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_the_largest_unit_that_fits() {
        let table = [
            (0, "0ns"),
            (999, "999ns"),
            (1_500, "1.5us"),
            (5_000_000, "5ms"),
            (1_000_001, "1.000001ms"),
            (90_000_000_000, "90s"),
        ];
        for (ns, text) in table {
            assert_eq!(Bound::Nanoseconds(ns).to_string(), text);
        }
    }
}
