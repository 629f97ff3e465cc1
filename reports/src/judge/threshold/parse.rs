//! Parses a threshold. Errors point at the place.

use super::{
    Op, Threshold,
    value::{Bound, DURATIONS, MULTIPLES},
};
use crate::{
    metric::{Metric, Quantity, metric, metrics},
    model::Latency,
    text::{
        decimal::Decimal,
        parse_error::{ParseError, ProblemAt, Slice},
    },
};

const FORM: &str = "METRIC OP VALUE, as in `p99<5ms`, `throughput>=49k` or `lost==0`; OP is < <= > >= ==";
const DURATION: &str = "a duration with a unit: ns us ms s m, as in `5ms` or `1.5s`";
const RATE: &str = "a number of messages per second, as in `49000` or `49k` (k thousand, m million)";
const COUNT: &str = "a whole number without a unit, as in `0` or `10k` (k thousand, m million)";

pub(super) fn threshold(text: &str) -> Result<Threshold, ParseError> {
    parse(text).map_err(|problem| problem.in_text(text))
}

fn parse(text: &str) -> Result<Threshold, ProblemAt> {
    let op_at = text
        .find(['<', '>', '='])
        .ok_or_else(|| ProblemAt::new(text.trim_end().len(), "a threshold needs a comparison", FORM))?;
    let &(symbol, op) = Op::ALL
        .iter()
        .find(|(symbol, _)| text[op_at..].starts_with(symbol))
        .ok_or_else(|| ProblemAt::new(op_at, "this is not a comparison", FORM))?;
    let left = Slice::trimmed(text, 0, op_at);
    if left.text.is_empty() {
        return Err(ProblemAt::new(left.at, "a threshold begins with a metric", metrics()));
    }
    let metric = metric(left)?;
    let bound = bound(metric, Slice::trimmed(text, op_at + symbol.len(), text.len()))?;
    Ok(Threshold { metric, op, bound })
}

fn bound(metric: Metric, slice: Slice<'_>) -> Result<Bound, ProblemAt> {
    let accepted = match metric.quantity() {
        Quantity::Latency(..) => DURATION,
        Quantity::Throughput | Quantity::SentRate | Quantity::Efficiency | Quantity::CompressionRatio(_) => RATE,
        Quantity::Count(_) => COUNT,
    };
    if slice.text.is_empty() {
        return Err(ProblemAt::new(slice.at, "a threshold ends with a value", accepted));
    }
    let (decimal, rest) =
        Decimal::split(slice.text).ok_or_else(|| ProblemAt::new(slice.at, "this is not a number", accepted))?;
    let unit = Slice::trimmed(slice.text, slice.text.len() - rest.len(), slice.text.len());
    let unit_at = slice.at + unit.at;
    let is_latency = matches!(metric.quantity(), Quantity::Latency(..));
    let units: &[(&str, u64)] = if is_latency { &DURATIONS } else { &MULTIPLES };
    let Some(&(_, size)) = units.iter().find(|(name, _)| *name == unit.text) else {
        let problem = match (is_latency, unit.text) {
            (true, "") => "a latency needs a unit".to_owned(),
            (true, text) => format!("`{text}` is not a unit of time"),
            (false, text) => format!("`{text}` is not a suffix of a number"),
        };
        return Err(ProblemAt::new(unit_at, problem, accepted));
    };
    let problem_at = |problem| ProblemAt::new(slice.at, problem, accepted);
    match metric.quantity() {
        Quantity::Latency(..) => decimal
            .times(size)
            .ok_or_else(|| problem_at("this is not a whole number of nanoseconds, or too many"))
            .and_then(|ns| {
                let told = (ns <= Latency::HIGH_NS).then_some(Bound::Nanoseconds(ns));
                told.ok_or_else(|| {
                    problem_at("what takes longer than 60 s is recorded as 60 s, so this bound tells nothing")
                })
            }),
        Quantity::Throughput | Quantity::SentRate | Quantity::Efficiency | Quantity::CompressionRatio(_) => decimal
            .number()
            .map(|number| Bound::Rate(number * size as f64))
            .filter(|bound| bound.number().is_finite())
            .ok_or_else(|| problem_at("this number is too large")),
        Quantity::Count(_) => decimal
            .times(size)
            .map(Bound::Count)
            .ok_or_else(|| problem_at("a count is a whole number of at most 64 bits")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metric::{CountName, GroupName, Percentile, Series, Statistic};

    #[test]
    fn every_accepted_form() {
        let table = [
            ("p99<5ms", "p99<5ms"),
            ("response.p99<5ms", "p99<5ms"),
            (" service.p99.9 <= 2 ms ", "service.p99.9<=2ms"),
            ("p99.900<1500us", "p99.9<1.5ms"),
            ("p0.000001>1ns", "p0.000001>1ns"),
            ("p099<1µs", "p99<1us"),
            ("p99<1μs", "p99<1us"),
            ("send_lag.max<1ms", "send_lag.max<1ms"),
            ("connect.stdev>=0.5m", "connect.stdev>=30s"),
            ("mean==1s", "mean==1s"),
            ("throughput>=49000", "throughput>=49000"),
            ("throughput>=49.5k", "throughput>=49500"),
            ("sent_rate>0.25", "sent_rate>0.25"),
            ("efficiency>=100k", "efficiency>=100000"),
            ("lost==0", "lost==0"),
            ("dropped<=10k", "dropped<=10000"),
            ("events>1.5m", "events>1500000"),
            ("misrouted_events==0", "misrouted_events==0"),
            ("died==0", "died==0"),
            ("failed<1", "failed<1"),
            ("compression.ratio>2.5", "compression.ratio>2.5"),
            ("chat.tls.resumed>=90", "chat.tls.resumed>=90"),
            ("chat.p99<5ms", "chat.p99<5ms"),
            (" chat.response.p99.90 <= 2 ms ", "chat.p99.9<=2ms"),
            ("p9-readers.connect.max<1s", "p9-readers.connect.max<1s"),
            ("chat.throughput>=1k", "chat.throughput>=1000"),
            ("chat.lost==0", "chat.lost==0"),
        ];
        for (text, shown) in table {
            assert_eq!(text.parse::<Threshold>().map(|t| t.to_string()).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn a_refusal_names_metrics_that_are_accepted() {
        for wrong in ["latency<5ms", "<5ms"] {
            let refusal = wrong.parse::<Threshold>().unwrap_err().to_string();
            let (_, accepted) = refusal.split_once("accepted: ").unwrap();
            let (accepted, _) = accepted.split_once("; a group").unwrap();
            let (latencies, others) = accepted.split_once(", ").unwrap();
            let series = "response.|service.|floor.|send_lag.|connect.|connect_tcp.|connect_proxy.|connect_tls.|\
                          connect_upgrade.|join.|first.|last.|receiver.|away.|first_reply.|ping.|replayed.";
            assert_eq!(latencies, format!("[{series}](min|mean|stdev|max|pNN)"));
            let others: Vec<_> = others.split(", ").collect();
            assert!(["throughput", "sent_rate", "lost", "unexpected", "died"].iter().all(|name| others.contains(name)));
            for metric in others {
                assert!(format!("{metric}>=0").parse::<Threshold>().is_ok(), "{metric}");
            }
        }
    }

    #[test]
    fn every_refusal_points_at_its_place() {
        let table = [
            ("", 0, "needs a comparison"),
            ("p99", 3, "needs a comparison"),
            ("p99 5ms", 7, "needs a comparison"),
            ("p99=5ms", 3, "not a comparison"),
            ("p99=<5ms", 3, "not a comparison"),
            ("<5ms", 0, "begins with a metric"),
            ("  p9x<5ms", 4, "a percentile is a number"),
            ("latency<5ms", 0, "`latency` is not a metric"),
            ("Response.p99<5ms", 0, "is not a metric"),
            ("service.lost<5", 8, "`lost` is not a statistic of service"),
            ("service.<5ms", 8, "is not a statistic of service"),
            ("p100<5ms", 1, "no percentile `p100`"),
            ("p0<5ms", 1, "no percentile `p0`"),
            ("p99999999999999999999<5ms", 1, "no percentile"),
            ("p99.9999999<5ms", 1, "too fine"),
            ("p99.<5ms", 0, "is not a metric"),
            ("chat.<5ms", 5, "`` is not a metric"),
            ("chat.latency<5ms", 5, "`latency` is not a metric"),
            ("chat.chat.p99<5ms", 5, "`chat.p99` is not a metric"),
            ("chat.p100<5ms", 6, "no percentile `p100`"),
            ("chat.service.lost<5", 13, "`lost` is not a statistic of service"),
            ("chat.efficiency>5", 5, "the whole run's"),
            ("2nd.p99<5ms", 0, "`2nd` can't be a group"),
            (".lost==0", 0, "`` can't be a group"),
            ("total.lost==0", 0, "did you mean `lost`?"),
            ("p99<", 4, "ends with a value"),
            ("p99< ms", 5, "not a number"),
            ("p99<-5ms", 4, "not a number"),
            ("p99<<5ms", 4, "not a number"),
            ("p99<5", 5, "needs a unit"),
            ("p99<5 parsecs", 6, "`parsecs` is not a unit of time"),
            ("p99<5k", 5, "`k` is not a unit of time"),
            ("p99<0.5ns", 4, "not a whole number of nanoseconds"),
            ("p99<99999999999999999999s", 4, "too many"),
            ("p99<60.1s", 4, "longer than 60 s"),
            ("max<=2m", 5, "longer than 60 s"),
            ("lost==0ms", 7, "`ms` is not a suffix"),
            ("lost==0.5", 6, "whole number"),
            ("throughput>=49 000", 15, "`000` is not a suffix"),
            ("throughput>=1e5", 13, "`e5` is not a suffix"),
            ("p99 < 5µ", 7, "`µ` is not a unit"),
        ];
        for (text, column, problem) in table {
            let error = text.parse::<Threshold>().expect_err(text);
            assert!(error.to_string().contains(problem), "{text}: {error}");
            assert_eq!(error.column(), column, "{error}");
        }
    }

    #[test]
    fn the_message_shows_text_and_caret() {
        let error = "service.p99.9<2 parsecs".parse::<Threshold>().unwrap_err();
        insta::assert_snapshot!(error, @r"
        `parsecs` is not a unit of time
          service.p99.9<2 parsecs
                          ^
        accepted: a duration with a unit: ns us ms s m, as in `5ms` or `1.5s`
        ");
    }

    fn thresholds() -> impl Strategy<Value = Threshold> {
        let statistic = prop_oneof![
            Just(Statistic::Min),
            Just(Statistic::Mean),
            Just(Statistic::Stdev),
            Just(Statistic::Max),
            (1..100_000_000_u64).prop_map(|m| Statistic::Percentile(Percentile::from_millionths(m).unwrap())),
        ];
        let series = prop::sample::select(Series::ALL.map(|(series, _)| series).to_vec());
        let rate = any::<f64>().prop_filter("a finite rate", |r| r.is_finite()).prop_map(f64::abs);
        let sides = prop_oneof![
            (series, statistic, 0..=Latency::HIGH_NS)
                .prop_map(|(a, b, ns)| (Quantity::Latency(a, b), Bound::Nanoseconds(ns))),
            rate.clone().prop_map(|rate| (Quantity::Throughput, Bound::Rate(rate))),
            rate.clone().prop_map(|rate| (Quantity::SentRate, Bound::Rate(rate))),
            rate.prop_map(|rate| (Quantity::Efficiency, Bound::Rate(rate))),
            (prop::sample::select(CountName::all().collect::<Vec<_>>()), any::<u64>())
                .prop_map(|(name, n)| (Quantity::Count(name), Bound::Count(n))),
        ];
        let op = prop::sample::select(Op::ALL.map(|(_, op)| op).to_vec());
        let group = prop::option::of("[a-zA-Z][a-zA-Z0-9_-]{0,39}").prop_map(|name| name?.parse::<GroupName>().ok());
        (group, sides, op).prop_map(|(group, (quantity, bound), op)| {
            let of_group = group.and_then(|group| Metric::of_group(group, quantity));
            Threshold { metric: of_group.unwrap_or(quantity.into()), op, bound }
        })
    }

    proptest! {
        #[test]
        fn what_is_displayed_parses_back(threshold in thresholds()) {
            prop_assert_eq!(threshold.to_string().parse::<Threshold>(), Ok(threshold));
        }

        #[test]
        fn any_text_is_refused_inside_its_length(text in r"\PC{0,20}|(p|service\.|lost|[<>=]|[0-9.]|ms|µ| |chat|efficiency){0,8}") {
            if let Err(error) = text.parse::<Threshold>() {
                prop_assert!(error.column() <= text.chars().count());
                prop_assert!(error.to_string().lines().count() >= 4);
            }
        }
    }
}
