//! Decimal numbers kept as text, so that no digit is lost in parsing.

/// The digits as they were written, so that `1.5ms` is exactly 1 500 000 ns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    /// Digits before the point, at least one.
    pub(crate) whole: &'a str,
    /// Digits after the point, if there is one.
    pub(crate) fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Splits a number off the start of a text; the rest follows it. `None` when the text does not
    /// begin with one.
    pub(crate) fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let (whole, rest) = digits(text);
        if whole.is_empty() {
            return None;
        }
        let Some(after_point) = rest.strip_prefix('.') else { return Some((Self { whole, fraction: "" }, rest)) };
        let (fraction, rest) = digits(after_point);
        (!fraction.is_empty()).then_some((Self { whole, fraction }, rest))
    }

    /// The number times `unit`; `None` when that is not a whole number or too large.
    pub(crate) fn times(self, unit: u64) -> Option<u64> {
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
    pub(crate) fn number(self) -> Option<f64> {
        let fraction = if self.fraction.is_empty() { "0" } else { self.fraction };
        format!("{}.{fraction}", self.whole).parse::<f64>().ok().filter(|number| number.is_finite())
    }
}

/// The leading digits of a text, and the rest of it.
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
}
