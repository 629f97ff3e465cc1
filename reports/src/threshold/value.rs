//! The right side of a threshold: a decimal number and, for a latency, its unit.

use std::fmt;

/// What a metric is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    /// A latency.
    Nanoseconds(u64),
    /// Messages per second.
    Rate(f64),
    /// Messages, events or connections.
    Count(u64),
}

/// Units of a duration in nanoseconds, the largest first; the second micro sign is the Greek letter.
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
    /// In the unit of its metric.
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
            // The shortest decimal that reads back as the same number, never with an exponent.
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::Count(n) => write!(f, "{n}"),
        }
    }
}

/// Digits as they were written, so that `1.5ms` is exactly 1 500 000 ns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal<'a> {
    /// Digits before the point, at least one.
    pub(super) whole: &'a str,
    /// Digits after it; none without a point.
    pub(super) fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Splits a number off the start of a text; the rest follows it. `None` when the text does not begin with one.
    pub(super) fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let (whole, rest) = digits(text);
        if whole.is_empty() {
            return None;
        }
        let Some(after_point) = rest.strip_prefix('.') else { return Some((Self { whole, fraction: "" }, rest)) };
        let (fraction, rest) = digits(after_point);
        (!fraction.is_empty()).then_some((Self { whole, fraction }, rest))
    }

    /// The number times `unit`; `None` when that is not a whole number or too large.
    pub(super) fn times(self, unit: u64) -> Option<u64> {
        let fraction = self.fraction.trim_end_matches('0');
        let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let below_one: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let scaled = u128::from(below_one) * u128::from(unit);
        if scaled % u128::from(scale) != 0 {
            return None;
        }
        let below_one = u64::try_from(scaled / u128::from(scale)).ok()?;
        self.whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(below_one)
    }

    /// The nearest floating-point number; `None` when there is none.
    pub(super) fn number(self) -> Option<f64> {
        let fraction = if self.fraction.is_empty() { "0" } else { self.fraction };
        format!("{}.{fraction}", self.whole).parse::<f64>().ok().filter(|number| number.is_finite())
    }
}

/// Leading digits, and what follows.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let table = [
            ("1.5", 1_000_000, Some(1_500_000)),
            ("0.1", 1_000, Some(100)),
            ("1.0000", 1, Some(1)),
            ("1.5", 1, None),
            ("0.0001", 1_000, None),
            ("18446744073709551615", 1, Some(u64::MAX)),
            ("18446744073709551616", 1, None),
            ("18446744073709551615.9", 1_000, None),
            ("0.00000000000000000000001", 1_000, None),
        ];
        for (text, unit, expected) in table {
            let (decimal, rest) = Decimal::split(text).unwrap();
            assert_eq!((decimal.times(unit), rest), (expected, ""), "{text} times {unit}");
        }
    }

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
