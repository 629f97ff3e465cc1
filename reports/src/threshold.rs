//! What a run must reach: `p99<5ms`, `throughput>=49000`, `lost==0`.
//!
//! Grammar: `METRIC OP VALUE`, blanks between them allowed. OP is one of `<` `<=` `>` `>=` `==`.
//!
//! | METRIC ([`Metric`]) | VALUE |
//! |---|---|
//! | a latency: `p99`, `service.max` | duration with a unit: `ns us µs ms s m` |
//! | `throughput`, `sent_rate`, `efficiency` | number, `k` and `m` for thousand and million |
//! | a count | whole number, `k` and `m` |

mod parse;
mod value;

use std::fmt;
use std::str::FromStr;

use crate::metric::Metric;
use crate::model::Report;
use crate::refusal::Refusal;
use value::Bound;

/// One condition on a result.
///
/// Displays in the form that it is parsed from, without blanks and in the largest unit that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    metric: Metric,
    op: Op,
    bound: Bound,
}

/// How a metric is compared with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Op {
    /// The longer of two that begin alike comes first.
    const ALL: [(&str, Self); 5] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    #[expect(clippy::float_cmp, reason = "`==` is what was asked for; counts are exact below 2^53")]
    fn holds(self, actual: f64, bound: f64) -> bool {
        match self {
            Self::Less => actual < bound,
            Self::LessOrEqual => actual <= bound,
            Self::Greater => actual > bound,
            Self::GreaterOrEqual => actual >= bound,
            Self::Equal => actual == bound,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (symbol, _) = Self::ALL.iter().find(|(_, op)| op == self).expect("every comparison is in the table");
        f.write_str(symbol)
    }
}

impl Threshold {
    /// What is measured.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// With what it is compared, in the metric's unit.
    pub fn bound(&self) -> f64 {
        self.bound.number()
    }

    /// The metric's value in a report: nanoseconds, messages per second, or a count. `None` when nothing was measured
    /// for it: an empty histogram, or a measured phase without length.
    ///
    /// Latencies are read from histograms, to three significant digits and rounded up (`min` down), so a value just under
    /// a bound may count as over it.
    pub fn measure(&self, report: &Report) -> Option<f64> {
        self.metric.measure(report)
    }

    /// Whether a report satisfies it. What was not measured never does.
    pub fn holds(&self, report: &Report) -> bool {
        self.measure(report).is_some_and(|actual| self.op.holds(actual, self.bound.number()))
    }

    /// One line that says how a report misses it; `None` when it holds.
    pub fn failure(&self, report: &Report) -> Option<String> {
        if self.holds(report) {
            return None;
        }
        let actual = match self.measure(report) {
            None => "nothing was measured for it".to_owned(),
            Some(actual) => format!("it is {}", self.metric.show_apart(actual, self.bound())),
        };
        Some(format!("threshold {self} missed: {actual}"))
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.metric, self.op, self.bound)
    }
}

impl FromStr for Threshold {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        parse::threshold(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Latency;
    use crate::sample;

    fn holds(text: &str, report: &Report) -> bool {
        text.parse::<Threshold>().unwrap().holds(report)
    }

    #[test]
    fn each_comparison_at_below_and_above_its_bound() {
        let mut report = sample::pass();
        report.measured.counts.lost = 10;
        let table = [
            ("<", [false, false, true]),
            ("<=", [false, true, true]),
            (">", [true, false, false]),
            (">=", [true, true, false]),
            ("==", [false, true, false]),
        ];
        for (op, expected) in table {
            for (bound, expected) in [9, 10, 11].into_iter().zip(expected) {
                assert_eq!(holds(&format!("lost{op}{bound}"), &report), expected, "10 {op} {bound}");
            }
        }
    }

    #[test]
    fn each_metric_reads_its_own_number() {
        let mut report = sample::pass();
        report.latency = Latency::default();
        for value in 1..=1000 {
            report.latency.response.record(value).unwrap();
            report.latency.service.record(value + 1).unwrap();
            report.latency.send_lag.record(value + 2).unwrap();
            report.latency.connect.record(value + 3).unwrap();
        }
        report.measured_s = 2.0;
        report.traffic.matched_in_window = 90;
        report.traffic.sent_in_window = Some(100);
        report.connections.failed = 3;
        report.connections.died = 4;
        report.measured.anomalies.wrong_type = 5;
        report.measured.counts.undetermined = 6;
        let table = [
            ("p50==500ns", true),
            ("response.p50==500ns", true),
            ("service.p50==501ns", true),
            ("send_lag.p50==502ns", true),
            ("connect.p50==503ns", true),
            ("p99.9==999ns", true),
            ("p99.99==1us", true),
            ("p0.1==1ns", true),
            ("min==1ns", true),
            ("max==1us", true),
            ("mean>500ns", true),
            ("mean<501ns", true),
            ("stdev>288ns", true),
            ("stdev<289ns", true),
            ("throughput==45", true),
            ("sent_rate==50", true),
            ("failed==3", true),
            ("died==4", true),
            ("wrong_type==5", true),
            ("undetermined==6", true),
        ];
        for (text, expected) in table {
            assert_eq!(holds(text, &report), expected, "{text}");
        }
    }

    #[test]
    fn what_was_not_measured_never_passes() {
        let mut report = sample::pass();
        report.latency = Latency::default();
        report.measured_s = 0.0;
        for text in ["p99<5ms", "p99>0ns", "mean==0ns", "max>=0ns", "connect.min<=1m", "throughput<1m", "sent_rate>=0"]
        {
            let threshold: Threshold = text.parse().unwrap();
            assert!(!threshold.holds(&report), "{text}");
            assert!(threshold.failure(&report).unwrap().ends_with("nothing was measured for it"));
        }
    }

    #[test]
    fn a_failure_names_the_figure() {
        let mut report = sample::pass();
        report.latency.response = Latency::histogram();
        report.latency.response.record(7_310_000).unwrap();
        report.measured.counts.dropped = 1234;
        report.measured_s = 10.0;
        report.traffic.matched_in_window = 489_990;
        let failure = |text: &str| text.parse::<Threshold>().unwrap().failure(&report);
        assert_eq!(failure("p99<5ms").unwrap(), "threshold p99<5ms missed: it is 7.31 ms");
        assert_eq!(failure("dropped <= 10").unwrap(), "threshold dropped<=10 missed: it is 1 234");
        assert_eq!(failure("throughput>=49k").unwrap(), "threshold throughput>=49000 missed: it is 48 999");
        assert_eq!(failure("p99<8ms"), None);
    }

    #[test]
    fn a_failure_has_digits_enough_to_be_seen() {
        let mut report = sample::pass();
        report.latency.response = Latency::histogram();
        report.latency.response.record(7_310_000).unwrap();
        // 999.67 a second, which is 1 000 where digits are not needed.
        report.measured_s = 3.0;
        report.traffic.matched_in_window = 2_999;
        let failure = |text: &str| text.parse::<Threshold>().unwrap().failure(&report);
        assert_eq!(failure("throughput>=1000").unwrap(), "threshold throughput>=1000 missed: it is 999.7");
        assert_eq!(failure("p99<7.31ms").unwrap(), "threshold p99<7.31ms missed: it is 7.311 ms");
    }
}
