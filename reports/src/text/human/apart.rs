//! Numbers beside a bound, with enough digits to tell on which side of it they are.
//!
//! Rounded as usual, 999.67 beside a bound of 1000 would read as 1000. A sentence that says that a
//! bound is missed must not seem to say the opposite.

use super::{change, count, nanoseconds, percent, rate};
use crate::compare::gate::in_percent;

/// More decimals than any floating-point number of this size has.
const MOST: usize = 17;

/// A latency beside a bound, both in nanoseconds. It looks as in [`nanoseconds`], with more digits
/// where they are needed.
pub fn nanoseconds_apart(ns: f64, bound: f64) -> String {
    let usual = nanoseconds(ns);
    let Some((number, unit)) = usual.split_once(' ') else { return usual };
    let size = match unit {
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        _ => 1e9,
    };
    format!("{} {unit}", digits(ns / size, bound / size, number))
}

/// A rate or a count beside a bound. It looks as in [`rate`], with more digits where they are
/// needed.
pub fn rate_apart(number: f64, bound: f64) -> String {
    let digits = digits(number, bound, &rate(number).replace(' ', ""));
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    match whole.parse() {
        Ok(whole) => format!("{}{point}{fraction}", count(whole)),
        Err(_) => digits,
    }
}

/// A share beside a limit. It looks as in [`percent`], with more digits where they are needed.
pub fn percent_apart(share: f64, limit: f64) -> String {
    let usual = percent(share);
    format!("{} %", digits(share * 100.0, in_percent(limit), usual.trim_end_matches(" %")))
}

/// A change beside a margin with the sign of a change. It looks as in [`change`], with more digits
/// where they are needed.
pub fn change_apart(share: f64, margin: f64) -> String {
    let usual = change(share);
    let digits = digits(share * 100.0, in_percent(margin), usual.trim_end_matches(" %"));
    let sign = if digits.starts_with(['+', '-']) { "" } else { "+" };
    format!("{sign}{digits} %")
}

/// The usual form if it lies on the same side of the bound as the number, otherwise the shortest
/// longer one that does.
fn digits(number: f64, bound: f64, usual: &str) -> String {
    let side = number.partial_cmp(&bound);
    let decimals = usual.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let sign = usual.starts_with('+');
    let longer = (decimals + 1..=MOST)
        .map(|decimals| if sign { format!("{number:+.decimals$}") } else { format!("{number:.decimals$}") });
    std::iter::once(usual.to_owned())
        .chain(longer)
        .find(|text| text.parse::<f64>().is_ok_and(|shown| shown.partial_cmp(&bound) == side))
        // The shortest text that reads back as the same number.
        .unwrap_or_else(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_are_added_until_a_miss_shows() {
        for (number, bound, text) in [
            (999.67, 1_000.0, "999.7"),
            (999.99, 1_000.0, "999.99"),
            (1_000.0, 1_000.0, "1 000"),
            (48_999.0, 49_000.0, "48 999"),
            (48_999.96, 49_000.0, "48 999.96"),
            (1_234.0, 10.0, "1 234"),
            (0.499_6, 0.5, "0.4996"),
            (12.34, 100.0, "12.3"),
        ] {
            assert_eq!(rate_apart(number, bound), text, "{number} {bound}");
        }
        for (ns, bound, text) in [
            (7_310_000.0, 5e6, "7.31 ms"),
            (5_004_000.0, 5e6, "5.004 ms"),
            (5_004_000.0, 5_001_000.0, "5.004 ms"),
            (5e6, 5e6, "5.00 ms"),
            (999_700.0, 1e6, "0.9997 ms"),
            (1_001.0, 1_000.0, "1.001 µs"),
            (27.0, 26.0, "27 ns"),
            (60_029_927_423.0, 60e9, "60.03 s"),
        ] {
            assert_eq!(nanoseconds_apart(ns, bound), text, "{ns} {bound}");
        }
        assert_eq!(percent_apart(0.950_1, 0.95), "95.01 %");
        assert_eq!(percent_apart(0.31, 0.95), "31.0 %");
        for (share, margin, text) in [
            (0.0504, 0.05, "+5.04 %"),
            (-0.0504, -0.05, "-5.04 %"),
            (0.12, 0.05, "+12.0 %"),
            (0.070_000_2, 0.07, "+7.00002 %"),
        ] {
            assert_eq!(change_apart(share, margin), text, "{share}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_on_the_side_of_the_bound_that_is_true(
            number in 0.0..1e9_f64, bound in prop_oneof![0.0..1e9_f64, (0..1_000_000_u32).prop_map(f64::from)], nearness in 0..18_i32,
        ) {
            // As near as a few digits, or as the last bit.
            let near = bound * (1.0 + (number / 1e9 - 0.5) * 10_f64.powi(-nearness));
            for number in [number, near] {
                let shown: f64 = rate_apart(number, bound).replace(' ', "").parse().unwrap();
                prop_assert_eq!(shown.partial_cmp(&bound), number.partial_cmp(&bound));
                let text = nanoseconds_apart(number, bound);
                let (shown, unit) = text.split_once(' ').unwrap();
                let size = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)].into_iter().find(|(name, _)| *name == unit).unwrap().1;
                let (shown, number, bound) = (shown.parse::<f64>().unwrap(), number / size, bound / size);
                prop_assert_eq!(shown.partial_cmp(&bound), number.partial_cmp(&bound), "{}", text);
            }
        }
    }
}
