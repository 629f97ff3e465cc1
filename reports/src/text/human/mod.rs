//! Numbers as a person reads them: grouped counts, three significant digits, a unit that fits.

mod apart;

use std::ops::RangeInclusive;

pub use apart::{change_apart, nanoseconds_apart, percent_apart, rate_apart};

/// Most kinds that are shown.
const KINDS: usize = 8;

/// Kinds with their numbers, in the order given. Of more than eight kinds it shows the most
/// frequent and says how many more there are.
pub fn most_frequent<'a>(kinds: impl Iterator<Item = (&'a str, u64)>) -> String {
    let mut kinds: Vec<_> = kinds.collect();
    let more = kinds.len().saturating_sub(KINDS);
    if more > 0 {
        kinds.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
        kinds.truncate(KINDS);
    }
    let mut shown: Vec<String> = kinds.into_iter().map(|(kind, n)| format!("{kind} {}", count(n))).collect();
    if more > 0 {
        shown.push(format!("and {} more {}", count(more as u64), if more == 1 { "kind" } else { "kinds" }));
    }
    shown.join(", ")
}

/// A count in groups of three digits, with a space between them: `500 000`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// Ranges of numbers in a few words: `2, 5 to 9, 12`. Long lists are cut: `1, 3, 5 and 40 more`.
pub fn ranges(ranges: &[RangeInclusive<u32>]) -> String {
    const SHOWN: usize = 10;
    let shown = ranges.iter().take(SHOWN).map(|range| match range.end() - range.start() {
        0 => range.start().to_string(),
        1 => format!("{}, {}", range.start(), range.end()),
        _ => format!("{} to {}", range.start(), range.end()),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match ranges.iter().skip(SHOWN).map(|range| u64::from(range.end() - range.start()) + 1).sum() {
        0 => shown,
        more => format!("{shown} and {} more", count(more)),
    }
}

/// A latency given in nanoseconds, in the unit that leaves one to three digits before the point:
/// `27.1 µs`.
pub fn nanoseconds(ns: f64) -> String {
    // A clock counts whole nanoseconds; digits after the point would pretend otherwise.
    if ns < 999.5 && ns.fract() == 0.0 {
        return format!("{ns} ns");
    }
    scaled(ns, 1000.0, &["ns", "µs", "ms", "s"])
}

/// A length of time given in seconds, as it stands in a plan: `10 s`, `500 ms`, `3.21 s`.
pub fn seconds(s: f64) -> String {
    if s.fract() == 0.0 && s < 1e15 {
        return format!("{s} s");
    }
    let ms = s * 1000.0;
    if s < 1.0 && ms.fract() == 0.0 { format!("{ms} ms") } else { nanoseconds(s * 1e9) }
}

/// A number of bytes in binary units: `64 B`, `3.05 MiB`.
pub fn bytes(n: f64) -> String {
    if n < 1024.0 && n.fract() == 0.0 {
        return format!("{n} B");
    }
    scaled(n, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
}

/// A rate per second without its unit: grouped when it is large (`49 998`), three digits when it is
/// not (`0.5`, `12.3`).
pub fn rate(per_second: f64) -> String {
    if per_second >= 999.5 || per_second.fract() == 0.0 {
        // Saturates above the range of u64, which no rate of messages or bytes reaches.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and saturation is meant")]
        let whole = per_second.round() as u64;
        return count(whole);
    }
    let digits = three_digits(per_second);
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits }
}

/// A share between 0 and 1 in percent: `31.0 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", three_digits(share * 100.0))
}

/// A change as a share, in percent and with its sign: `+12.3 %`, `-4.0 %`.
pub fn change(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = usize::from(percent.abs() < 99.95);
    let text = format!("{percent:+.decimals$} %");
    // What rounds to nothing has no direction.
    if text == "-0.0 %" { "+0.0 %".to_owned() } else { text }
}

/// Divides by `step` until the number is below it or the units are used up.
fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut unit = 0;
    // Not `>= step`: 999.7 would be rounded to four digits, and so would 1023.7.
    while value >= step - 0.5 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    format!("{} {}", three_digits(value), units[unit])
}

/// Three significant digits, for numbers from 0.1 on; numbers of four digits and more keep them
/// all.
fn three_digits(value: f64) -> String {
    // The bounds are where rounding would carry into another digit.
    let decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_kinds_the_most_frequent_are_shown() {
        let kinds = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let shown = |n: usize| most_frequent(kinds[..n].iter().zip(1..).map(|(kind, n)| (*kind, n)));
        assert_eq!((shown(0), shown(2)), (String::new(), "a 1, b 2".to_owned()));
        assert_eq!(shown(9), "i 9, h 8, g 7, f 6, e 5, d 4, c 3, b 2, and 1 more kind");
        assert!(shown(10).ends_with(", and 2 more kinds"), "{}", shown(10));
    }

    #[test]
    fn counts_are_grouped_by_three() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (500_000, "500 000"), (1_234_567, "1 234 567")] {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(u64::MAX), "18 446 744 073 709 551 615");
    }

    #[test]
    fn latencies_have_three_digits_and_carry_into_the_next_unit() {
        let table = [
            (0.0, "0 ns"),
            (27.0, "27 ns"),
            (27.25, "27.2 ns"),
            (999.0, "999 ns"),
            (999.7, "1.00 µs"),
            (1_000.0, "1.00 µs"),
            (9_994.0, "9.99 µs"),
            (9_996.0, "10.0 µs"),
            (99_960.0, "100 µs"),
            (999_499.0, "999 µs"),
            (999_700.0, "1.00 ms"),
            (4_200_000.0, "4.20 ms"),
            (60_000_000_000.0, "60.0 s"),
            (1_500_000_000_000.0, "1500 s"),
        ];
        for (ns, text) in table {
            assert_eq!(nanoseconds(ns), text, "{ns}");
        }
    }

    #[test]
    fn durations_of_a_plan_read_as_they_were_given() {
        for (s, text) in [
            (10.0, "10 s"),
            (0.5, "500 ms"),
            (0.1, "100 ms"),
            (0.005, "5 ms"),
            (0.0, "0 s"),
            (3.214, "3.21 s"),
            (120.0, "120 s"),
        ] {
            assert_eq!(seconds(s), text);
        }
    }

    #[test]
    fn bytes_are_binary() {
        for (n, text) in [(64.0, "64 B"), (1023.0, "1023 B"), (1023.7, "1.00 KiB"), (3_200_000.0, "3.05 MiB")] {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn rates_and_shares() {
        for (r, text) in [(49_998.2, "49 998"), (50.0, "50"), (0.5, "0.5"), (12.34, "12.3"), (999.7, "1 000")] {
            assert_eq!(rate(r), text);
        }
        assert_eq!(percent(0.31), "31.0 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.0123), "1.23 %");
    }

    #[test]
    fn changes_have_a_sign() {
        for (share, text) in [
            (0.1234, "+12.3 %"),
            (-0.04, "-4.0 %"),
            (0.0, "+0.0 %"),
            (-0.0001, "+0.0 %"),
            (0.9996, "+100 %"),
            (2.5, "+250 %"),
        ] {
            assert_eq!(change(share), text, "{share}");
        }
    }
}
