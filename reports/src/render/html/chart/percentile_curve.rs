//! A histogram as a line over percentiles.

use hdrhistogram::Histogram;

use super::ticks::{nines_label, nines_of};
use crate::{
    human::{count, nanoseconds},
    metric::quantiles::value_at_share,
};

/// Steps of a line for each nine. More can't be seen.
const STEPS: f64 = 100.0;

/// The value at each percentile. The steps are exactly those recorded, but no finer than can be
/// drawn.
#[derive(Debug)]
pub(crate) struct PercentileCurve {
    /// Places on the axis of nines, with the value there in nanoseconds. Both only grow.
    pub(crate) steps: Vec<(f64, f64)>,
    /// The named percentiles.
    pub(crate) marks: Vec<NamedPercentile>,
}

/// A percentile with a name.
#[derive(Debug, PartialEq)]
pub(crate) struct NamedPercentile {
    pub(crate) nines: f64,
    pub(crate) ns: f64,
    /// `p99.9: 121 µs`.
    pub(crate) text: String,
}

impl PercentileCurve {
    /// The curve of a histogram of nanoseconds. An empty histogram has an empty curve.
    ///
    /// The value at rank k of n reaches from (k - 1) / n to k / n. The largest value has no end on
    /// an axis of nines, so the line ends where that value begins.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let total = histogram.len() as f64;
        let end = total.max(1.0).log10();
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let mut seen = 0_u64;
        for bucket in histogram.iter_recorded() {
            let ns = histogram.highest_equivalent(bucket.value_iterated_to()) as f64;
            let from = nines_of(seen as f64 / total);
            seen += bucket.count_at_value();
            let to = if seen >= histogram.len() { end } else { nines_of(seen as f64 / total) };
            steps.push((from.min(end), ns));
            steps.push((to, ns));
        }
        Self { steps: coarse(&steps), marks: marks(histogram, end) }
    }

    /// The curve with lower values drawn at `least`.
    pub(crate) fn at_least(mut self, least: f64) -> Self {
        self.steps.iter_mut().for_each(|(_, ns)| *ns = ns.max(least));
        self.marks.iter_mut().for_each(|mark| mark.ns = mark.ns.max(least));
        self
    }

    /// The end of the curve on the axis of nines.
    pub(crate) fn end(&self) -> f64 {
        self.steps.last().map_or(0.0, |(nines, _)| *nines)
    }
}

/// Keeps the first and the last step of each column. The line only climbs, so these are its
/// extremes.
fn coarse(steps: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let column = |step: &(f64, f64)| (step.0 * STEPS).floor();
    #[expect(clippy::float_cmp, reason = "whole numbers")]
    let columns = steps.chunk_by(|a, b| column(a) == column(b));
    let ends = columns.flat_map(|run| [run.first(), (run.len() > 1).then(|| run.last()).flatten()]);
    ends.flatten().copied().collect()
}

fn marks(histogram: &Histogram<u64>, end: f64) -> Vec<NamedPercentile> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let named = |(part, whole): (u64, u64), nines: f64, name: &str| {
        let ns = value_at_share(histogram, part, whole) as f64;
        NamedPercentile { nines, ns, text: format!("{name}: {}", nanoseconds(ns)) }
    };
    let mut marks = Vec::new();
    if nines_of(0.5) < end {
        marks.push(named((1, 2), nines_of(0.5), "p50"));
    }
    for nines in (1_u32..).take_while(|nines| f64::from(*nines) < end) {
        let Some(whole) = 10_u64.checked_pow(nines) else { break };
        marks.push(named((whole - 1, whole), f64::from(nines), &format!("p{}", nines_label(nines))));
    }
    marks.push(named((1, 1), end, &format!("largest of {}", count(histogram.len()))));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::quantiles::Quantiles,
        model::{Latency, sample},
    };

    #[test]
    fn ten_values_are_ten_steps() {
        let mut histogram = Latency::histogram();
        for value in 1..=10 {
            histogram.record(value).unwrap();
        }
        let curve = PercentileCurve::of(&histogram);
        // Rank 1 is from 0 to 10 %, rank 2 from there; rank 10 begins at 90 %, one nine.
        assert_eq!(curve.steps[0], (0.0, 1.0));
        assert!(curve.steps[1].0 < 0.046 && curve.steps[1].0 > 0.045, "{:?}", curve.steps);
        assert!((curve.end() - 1.0).abs() < 1e-12);
        assert_eq!(curve.steps.last().unwrap(), &(curve.end(), 10.0));
        let marks: Vec<_> = curve.marks.iter().map(|mark| mark.text.as_str()).collect();
        assert_eq!(marks, ["p50: 5 ns", "largest of 10: 10 ns"]);
    }

    #[test]
    fn nothing_and_a_single_value() {
        let mut histogram = Latency::histogram();
        let curve = PercentileCurve::of(&histogram);
        assert!(curve.steps.is_empty() && curve.marks.is_empty());
        histogram.record(1_000).unwrap();
        let curve = PercentileCurve::of(&histogram);
        assert!(curve.steps.iter().all(|step| *step == (0.0, 1_000.0)) && !curve.steps.is_empty(), "{curve:?}");
        assert_eq!(curve.marks.len(), 1);
    }

    #[test]
    fn the_line_climbs_is_small_and_passes_through_the_quantiles() {
        let histogram = sample::pass().total.latency.response;
        let curve = PercentileCurve::of(&histogram);
        assert!(curve.steps.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
        assert!(curve.steps.len() < 1_300, "{}", curve.steps.len());
        let quantiles = Quantiles::of(&histogram);
        let values: Vec<_> = curve.marks.iter().map(|mark| mark.ns).collect();
        for value in [quantiles.p50, quantiles.p90, quantiles.p99, quantiles.p99_9, quantiles.p99_99, quantiles.max] {
            assert!(values.contains(&(value.unwrap() as f64)), "{value:?} of {values:?}");
        }
        // From the last step at or before 99 % on, the line is at p99.
        let at_99 = curve.steps.iter().rfind(|step| step.0 <= 2.0 + 0.5 / STEPS).unwrap().1;
        assert!((at_99 / quantiles.p99.unwrap() as f64 - 1.0).abs() < 0.01, "{at_99}");
    }
}
