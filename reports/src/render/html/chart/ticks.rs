//! Ticks: where an axis has marks, and their labels.

use super::scale::{AxisScale, decade};
use crate::human::{count, nanoseconds, rate};

/// Most labelled ticks of a linear axis.
const MOST: f64 = 6.0;

/// Letters that fit below a plot on a narrow screen, with gaps.
const ROOM: usize = 24;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// The place on the axis, 0 to 1.
    pub(crate) share: f64,
    /// The label. Empty for a line of the grid between labels.
    pub(crate) label: String,
    /// Whether the label is left out on a narrow screen.
    pub(crate) spare: bool,
}

/// Ticks of a logarithmic axis of nanoseconds: 1, 2, 5 and so on, or only powers of ten if that
/// would be too many.
pub(crate) fn times(scale: &AxisScale) -> Vec<Tick> {
    let steps = steps(scale);
    let crowded = steps.len() > 11;
    let label = |step: f64| if crowded && decade(step) < step { String::new() } else { time(step) };
    steps.into_iter().map(|step| Tick { share: scale.share(step), label: label(step), spare: false }).collect()
}

/// Ticks of a logarithmic axis of messages a second. Labels stand beside each other, so fewer fit
/// than on an axis of times.
pub(crate) fn rates(scale: &AxisScale) -> Vec<Tick> {
    let steps = steps(scale);
    // One more for the gap.
    let letters = |steps: &[f64]| steps.iter().map(|step| amount(*step).len() + 1).sum::<usize>();
    let is_power = |step: &f64| decade(*step) >= *step;
    let powers: Vec<f64> = steps.iter().copied().filter(is_power).collect();
    let (crowded, all) = (letters(&powers) > ROOM, letters(&steps));
    let mut passed = 0;
    let tick = |step: f64| {
        let power = is_power(&step);
        passed += usize::from(power);
        let label = if !power && all > 2 * ROOM { String::new() } else { amount(step) };
        let spare = if power { crowded && passed.is_multiple_of(2) } else { all > ROOM };
        Tick { share: scale.share(step), label, spare }
    };
    steps.into_iter().map(tick).collect()
}

/// The numbers 1, 2, 5 times a power of ten within a logarithmic scale.
fn steps(scale: &AxisScale) -> Vec<f64> {
    let (from, to) = scale.bounds();
    let mut steps = Vec::new();
    let mut power = decade(from);
    while power <= to {
        steps.extend([1.0, 2.0, 5.0].map(|step| step * power).into_iter().filter(|step| (from..=to).contains(step)));
        power *= 10.0;
    }
    steps
}

/// A latency without zeros after its point: `20 µs`.
fn time(ns: f64) -> String {
    let text = nanoseconds(ns);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// Ticks of an axis of nines: 0, 50, 90, 99 and so on in percent.
pub(crate) fn nines(scale: &AxisScale) -> Vec<Tick> {
    let (_, to) = scale.bounds();
    let mut ticks = vec![(0.0, "0".to_owned()), (nines_of(0.5), "50".to_owned())];
    ticks.extend((1..).map(|n| (f64::from(n), nines_label(n))).take_while(|(at, _)| *at <= to));
    let last = ticks.len() - 1;
    // 50 is close to 0, and long numbers are close to one another. Of those, every other label can
    // go, counted from the last.
    let crowded = ticks.len() > 6;
    let spare = |index: usize| index == 1 && to > 2.0 || crowded && index > 0 && (last - index) % 2 == 1;
    let tick = |(index, (at, label))| Tick { share: scale.share(at), label, spare: spare(index) };
    ticks.into_iter().enumerate().map(tick).collect()
}

/// The place of a quantile under 1 on an axis of nines: 0.9 is at 1, 0.99 at 2.
pub(crate) fn nines_of(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

/// A percentage with this many nines: `90`, `99`, `99.9`.
pub(crate) fn nines_label(nines: u32) -> String {
    match nines {
        0 => "0".to_owned(),
        1 => "90".to_owned(),
        2 => "99".to_owned(),
        more => format!("99.{}", "9".repeat(more as usize - 2)),
    }
}

/// Scale and ticks of a linear axis of counts. It ends with a tick a little above the largest.
pub(crate) fn counts(largest: f64) -> (AxisScale, Vec<Tick>) {
    let step = round_step(largest / (MOST - 1.0)).max(1.0);
    let scale = AxisScale::linear(0.0, step * (largest * 1.04 / step).ceil().max(1.0));
    (scale, linear(&scale, step, amount))
}

/// A number of messages, in millions if it is large.
fn amount(n: f64) -> String {
    if n >= 1e6 { format!("{} M", rate(n / 1e6)) } else { rate(n) }
}

/// Ticks of a linear axis of seconds from 0.
pub(crate) fn seconds(scale: &AxisScale) -> Vec<Tick> {
    const STEPS: [u32; 14] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200];
    let (_, to) = scale.bounds();
    let fits = |step: &f64| to / step <= MOST;
    let step = STEPS.into_iter().map(f64::from).find(fits).unwrap_or_else(|| 3_600.0 * round_step(to / 3_600.0 / MOST));
    let mut ticks = linear(scale, step, |at| elapsed(at, step));
    let letters: usize = ticks.iter().map(|tick| tick.label.len()).sum();
    for tick in ticks.iter_mut().skip(1).step_by(2) {
        tick.spare = letters > ROOM;
    }
    ticks
}

/// The time since the beginning, in the unit of the steps: `30 s`, `5 min`, `2 h`.
fn elapsed(at: f64, step: f64) -> String {
    match step {
        step if step >= 3_600.0 => format!("{} h", rate(at / 3_600.0)),
        step if step >= 60.0 => format!("{} min", rate(at / 60.0)),
        _ => format!("{} s", rate(at)),
    }
}

/// The least of 1, 2, 5 times a power of ten that is at least `least`, and at least 1.
fn round_step(least: f64) -> f64 {
    let decade = decade(least);
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * decade).find(|step| *step >= least).unwrap_or(decade)
}

fn linear(scale: &AxisScale, step: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let (_, to) = scale.bounds();
    let steps = (0_u32..).map(|index| f64::from(index) * step).take_while(|at| *at <= to);
    steps.map(|at| Tick { share: scale.share(at), label: label(at), spare: false }).collect()
}

/// The seconds since the beginning: `75 s`.
pub(crate) fn second(at_s: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturation is meant")]
    let whole = at_s.max(0.0).round() as u64;
    format!("{} s", count(whole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn times_are_round() {
        let ticks = times(&AxisScale::log([21_400.0, 480_000.0]));
        assert_eq!(labels(&ticks), ["20 µs", "50 µs", "100 µs", "200 µs", "500 µs"]);
        assert!((ticks[0].share, ticks[4].share) == (0.0, 1.0));
    }

    #[test]
    fn many_decades_are_labelled_at_their_powers_only() {
        let ticks = times(&AxisScale::log([900.0, 4_000_000.0]));
        let expected = ["", "1 µs", "", "", "10 µs", "", "", "100 µs", "", "", "1 ms", "", ""];
        assert_eq!(labels(&ticks), expected);
    }

    #[test]
    fn rates_have_room_beside_each_other() {
        let of = |from: f64, to: f64| rates(&AxisScale::log([from, to]));
        assert_eq!(labels(&of(800.0, 5_000.0)), ["500", "1 000", "2 000", "5 000"]);
        assert_eq!(labels(&of(1_000.0, 50_000.0)), ["1 000", "2 000", "5 000", "10 000", "20 000", "50 000"]);
        let spare: Vec<_> = of(1_000.0, 50_000.0).iter().map(|tick| tick.spare).collect();
        assert_eq!(spare, [false, true, true, false, true, true]);
        let many = of(20.0, 2e6);
        let kept: Vec<_> = labels(&many).into_iter().filter(|label| !label.is_empty()).collect();
        assert_eq!(kept, ["100", "1 000", "10 000", "100 000", "1 M"]);
        let kept: Vec<_> = many.iter().filter(|tick| !tick.spare).map(|tick| tick.label.as_str()).collect();
        assert_eq!(kept, ["100", "10 000", "1 M"]);
    }

    #[test]
    fn nines_up_to_the_last_that_fits() {
        let ticks = nines(&AxisScale::linear(0.0, 3.4));
        assert_eq!(labels(&ticks), ["0", "50", "90", "99", "99.9"]);
        assert!((ticks[3].share - 2.0 / 3.4).abs() < 1e-12);
        assert_eq!(ticks.iter().map(|tick| tick.spare).collect::<Vec<_>>(), [false, true, false, false, false]);
    }

    #[test]
    fn of_many_nines_every_other_label_is_dispensable() {
        let ticks = nines(&AxisScale::linear(0.0, 6.3));
        let kept: Vec<_> = ticks.iter().filter(|tick| !tick.spare).map(|tick| tick.label.as_str()).collect();
        assert_eq!(kept, ["0", "99", "99.99", "99.9999"]);
    }

    #[test]
    fn half_is_a_third_of_a_nine() {
        assert!((nines_of(0.5) - std::f64::consts::LOG10_2).abs() < 1e-12);
        assert!((nines_of(0.999) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn counts_end_with_a_mark() {
        let (scale, ticks) = counts(50_123.0);
        assert_eq!(scale.bounds(), (0.0, 60_000.0));
        assert_eq!(labels(&ticks), ["0", "20 000", "40 000", "60 000"]);
        assert_eq!(labels(&counts(4_100_000.0).1), ["0", "1 M", "2 M", "3 M", "4 M", "5 M"]);
        assert_eq!(labels(&counts(0.0).1), ["0", "1"]);
        assert_eq!(labels(&counts(3.0).1), ["0", "1", "2", "3", "4"]);
        assert_eq!(counts(50_000.0).0.bounds(), (0.0, 60_000.0));
    }

    proptest! {
        #[test]
        fn every_axis_has_a_few_labels_in_order(low in 1.0..60e9_f64, high in 1.0..60e9_f64, end in 0.0..1e7_f64) {
            let (times_scale, seconds_scale) = (AxisScale::log([low, high]), AxisScale::linear(0.0, end));
            let (counts_scale, counts) = counts(high);
            prop_assert!(counts_scale.bounds().1 > high);
            for ticks in [times(&times_scale), seconds(&seconds_scale), counts] {
                prop_assert!(ticks.is_sorted_by(|a, b| a.share < b.share), "{ticks:?}");
                prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.share)));
                let labels = ticks.iter().filter(|tick| !tick.label.is_empty()).count();
                prop_assert!((1..=12).contains(&labels), "{ticks:?}");
            }
        }
    }

    #[test]
    fn seconds_minutes_and_hours() {
        let of = |to: f64| seconds(&AxisScale::linear(0.0, to)).into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(of(10.0), ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]);
        assert_eq!(of(1.0), ["0 s", "1 s"]);
        assert_eq!(of(3_600.0), ["0 min", "10 min", "20 min", "30 min", "40 min", "50 min", "60 min"]);
        assert_eq!(of(36_000.0), ["0 h", "2 h", "4 h", "6 h", "8 h", "10 h"]);
        assert_eq!(of(360_000.0).len(), 6);
        let spare = |to: f64| seconds(&AxisScale::linear(0.0, to)).iter().filter(|tick| tick.spare).count();
        assert_eq!((spare(10.0), spare(3_600.0)), (0, 3));
    }
}
