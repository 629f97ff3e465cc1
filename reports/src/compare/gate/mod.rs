//! What decides a comparison: a metric, and how much worse it may become.

mod confidence;

use std::{fmt, str::FromStr};

pub use confidence::Confidence;

use crate::{
    metric::{Better, Metric, Quantity, UnknownGroup, metric, metrics},
    text::{
        decimal::Decimal,
        parse_error::{ParseError, ProblemAt, Slice},
    },
};

/// How much worse a metric may become before it counts as a regression, as a share: 0.05 for 5 %.
///
/// For a latency this is the share that is added, for a rate the share that is lost. So it compares
/// with the change that is printed: with 5 %, a latency must not rise by more than 5 %, and a
/// throughput must not fall by more than 5 %.
///
/// A narrow margin finds small regressions, but takes more runs before anything passes. A wide
/// margin does the opposite. Displays in percent.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Margin(f64);

impl Margin {
    /// Converts a share. `None` unless it is at least 0 and at most 10.
    pub fn from_share(share: f64) -> Option<Self> {
        (0.0..=10.0).contains(&share).then_some(Self(share))
    }

    /// The margin as a share.
    pub fn share(self) -> f64 {
        self.0
    }

    /// The margin on the scale of the comparison, where more is worse: ln of the ratio that it
    /// allows.
    pub(crate) fn log(self, better: Better) -> f64 {
        match better {
            Better::Lower => self.0.ln_1p(),
            Better::Higher => -(-self.0).ln_1p(),
        }
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", in_percent(self.0))
    }
}

/// A metric that decides, with its margin. Text form: `METRIC=PERCENT`, as in `p99=10%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    metric: Metric,
    margin: Margin,
}

impl Gate {
    /// Returns `None` for a count: there is no ratio to 0, and a threshold such as `lost==0` does
    /// that job. Returns `None` also for a rate with a margin of 100 % or more, which nothing could
    /// exceed.
    pub fn new(metric: Metric, margin: Margin) -> Option<Self> {
        let possible = match metric.quantity() {
            Quantity::Count(_) => false,
            _ => metric.better() == Better::Lower || margin.share() < 1.0,
        };
        possible.then_some(Self { metric, margin })
    }

    /// The gates that decide by default: `response.p50` 5 %, `response.p99` 10 %, `throughput` 5 %.
    ///
    /// Medians are steady and allow a small margin. Tails vary more from run to run.
    ///
    /// # Panics
    /// Never: the texts are constants.
    pub fn defaults() -> Vec<Self> {
        ["p50=5%", "p99=10%", "throughput=5%"].map(|text| text.parse().expect("a constant gate is valid")).to_vec()
    }

    /// The defaults, with the margins of `given` for the same metrics, and then the other metrics
    /// of `given`. The last one of a metric wins.
    pub fn defaults_with(given: &[Self]) -> Vec<Self> {
        let mut gates = Self::defaults();
        for gate in given {
            match gates.iter_mut().find(|known| known.metric == gate.metric) {
                Some(known) => *known = *gate,
                None => gates.push(*gate),
            }
        }
        gates
    }

    /// The gate in a run with these groups. The only group of a run is its total.
    ///
    /// # Errors
    /// Its metric names another group.
    pub fn in_groups<'a>(self, groups: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownGroup> {
        Ok(Self { metric: self.metric.in_groups(groups)?, ..self })
    }

    /// What is compared.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// How much worse it may become.
    pub fn margin(&self) -> Margin {
        self.margin
    }

    /// The margin on the scale where more is worse.
    pub(crate) fn log_margin(&self) -> f64 {
        self.margin.log(self.metric.better())
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.metric.name(), self.margin.to_string().replace(' ', ""))
    }
}

const FORM: &str = "METRIC=PERCENT, as in `p99=10%` or `throughput=5%`";
const PERCENT: &str = "a percentage, as in `10%` or `2.5%`: from 0 to 1000, under 100 for a rate";

impl FromStr for Gate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).map_err(|problem| problem.in_text(text))
    }
}

fn parse(text: &str) -> Result<Gate, ProblemAt> {
    let at = text.find('=').ok_or_else(|| ProblemAt::new(text.trim_end().len(), "a margin is missing", FORM))?;
    let left = Slice::trimmed(text, 0, at);
    if left.text.is_empty() {
        return Err(ProblemAt::new(left.at, "a metric is missing", metrics()));
    }
    let metric = metric(left)?;
    if matches!(metric.quantity(), Quantity::Count(_)) {
        let problem = format!("`{}` is a count, and 0 has no ratio; give --threshold a bound for it", left.text);
        return Err(ProblemAt::new(
            left.at,
            problem,
            "a latency, throughput, sent_rate, efficiency or a compression ratio",
        ));
    }
    let right = Slice::trimmed(text, at + 1, text.len());
    let problem_at = |problem: &str| ProblemAt::new(right.at, problem, PERCENT);
    let share = percent(right.text).ok_or_else(|| problem_at("this is not a percentage"))?;
    let margin = Margin::from_share(share).ok_or_else(|| problem_at("this margin is too large"))?;
    Gate::new(metric, margin).ok_or_else(|| problem_at("a rate can't fall by that much"))
}

/// A share in percent as it was most likely written: the shortest number that gives the same share.
/// 0.07 * 100 is 7.000000000000001.
#[expect(clippy::float_cmp, reason = "the same share is what is looked for")]
pub(crate) fn in_percent(share: f64) -> f64 {
    let product = share * 100.0;
    let rounded = [1e4, 1e6, 1e9, 1e12].map(|digits| (product * digits).round() / digits);
    let near = [product, product.next_down(), product.next_up()];
    rounded.into_iter().chain(near).find(|percent| percent / 100.0 == share).unwrap_or(product)
}

/// Parses a percentage, with or without its sign, as a share.
pub(crate) fn percent(text: &str) -> Option<f64> {
    let (decimal, rest) = Decimal::split(text)?;
    matches!(rest.trim_start(), "" | "%").then_some(())?;
    Some(decimal.number()? / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_have_a_text_form() {
        for (text, shown) in [
            ("p99=10%", "response.p99=10%"),
            (" service.p99.9 = 2.5 % ", "service.p99.9=2.5%"),
            ("throughput=7", "throughput=7%"),
            ("max=0", "response.max=0%"),
            ("efficiency=99.999999%", "efficiency=99.999999%"),
            ("mean=1000%", "response.mean=1000%"),
            ("chat.p99=10%", "chat.response.p99=10%"),
            ("chat.throughput=5%", "chat.throughput=5%"),
        ] {
            let gate: Gate = text.parse().unwrap();
            assert_eq!(gate.to_string(), shown);
            assert_eq!(shown.parse::<Gate>(), Ok(gate));
        }
    }

    #[test]
    fn a_margin_is_shown_with_all_its_digits() {
        for text in ["0.12345678901", "7", "0.07", "2.000000001", "33.333333333333336", "999.9999999999"] {
            let gate: Gate = format!("p99={text}%").parse().unwrap();
            assert_eq!(gate.to_string(), format!("response.p99={text}%"));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_displayed_parses_back(percent in 0.0..=1000.0_f64) {
            let gate: Gate = format!("p99={percent}").parse().unwrap();
            proptest::prop_assert_eq!(gate.to_string().parse::<Gate>(), Ok(gate));
        }
    }

    #[test]
    fn refusals_point_at_their_place() {
        for (text, column, problem) in [
            ("p99", 3, "a margin is missing"),
            ("=5%", 0, "a metric is missing"),
            ("latency=5%", 0, "`latency` is not a metric"),
            ("lost=5%", 0, "is a count"),
            ("chat.lost=5%", 0, "`chat.lost` is a count"),
            ("chat.latency=5%", 5, "`latency` is not a metric"),
            ("p99=", 4, "not a percentage"),
            ("p99=-5%", 4, "not a percentage"),
            ("p99=5ms", 4, "not a percentage"),
            ("p99=1001%", 4, "too large"),
            ("throughput=100%", 11, "can't fall by that much"),
        ] {
            let refusal = text.parse::<Gate>().unwrap_err();
            assert!(refusal.to_string().starts_with(problem) || refusal.to_string().contains(problem), "{refusal}");
            assert_eq!(refusal.column(), column, "{refusal}");
        }
    }

    #[test]
    fn given_gates_replace_and_add() {
        let given: Vec<Gate> = ["p99=20%", "service.p50=3%", "p99=15%"].map(|text| text.parse().unwrap()).to_vec();
        let shown: Vec<String> = Gate::defaults_with(&given).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["response.p50=5%", "response.p99=15%", "throughput=5%", "service.p50=3%"]);
    }

    #[test]
    fn a_margin_is_the_change_that_is_printed() {
        // A latency may become 1.10 times, a throughput 0.95 times what it was.
        let latency: Gate = "p99=10%".parse().unwrap();
        assert!((latency.log_margin() - 1.10_f64.ln()).abs() < 1e-15);
        let rate: Gate = "throughput=5%".parse().unwrap();
        assert!((rate.log_margin() + 0.95_f64.ln()).abs() < 1e-15);
    }
}
