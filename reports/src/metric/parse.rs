//! Parses a metric: `p99`, `service.max`, `chat.lost`.

use super::{
    CountName, Definition, GroupName, GroupNameError, Metric, Percentile, Quantity, Series, Statistic,
    definitions::{RATES, RATIOS, STATISTICS, glossary},
};
use crate::text::{
    decimal::Decimal,
    nearest::nearest,
    parse_error::{ProblemAt, Slice},
};

const PERCENTILES: &str = "pNN with 0 < NN < 100 and up to six decimals, as in p50 or p99.99; min and max for the ends";

/// The metric that a part of a text names, with or without a group before it.
pub(crate) fn metric(slice: Slice<'_>) -> Result<Metric, ProblemAt> {
    let Some((prefix, _)) = slice.text.split_once('.') else { return quantity(slice).map(Metric::from) };
    let rest = slice.skip(prefix.len() + 1);
    match prefix.parse::<GroupName>() {
        Ok(group) => Metric::of_group(group, quantity(rest)?).ok_or_else(|| {
            let problem = format!("`{}` is the whole run's, and no group has its own", rest.text);
            ProblemAt::new(rest.at, problem, metrics())
        }),
        Err(GroupNameError::Form) if quantity(rest).is_ok() => {
            Err(ProblemAt::new(slice.at, format!("`{prefix}` can't be a group"), GroupNameError::Form.to_string()))
        }
        Err(_) => quantity(slice).map(Metric::from),
    }
}

/// The quantity that a part of a text names.
fn quantity(slice: Slice<'_>) -> Result<Quantity, ProblemAt> {
    if let Some((rate, _)) = RATES.iter().chain(&RATIOS).find(|(_, definition)| definition.name == slice.text) {
        return Ok(*rate);
    }
    if let Some(name) = CountName::find(slice.text) {
        return Ok(Quantity::Count(name));
    }
    let prefix = slice.text.split_once('.').map(|(prefix, _)| prefix);
    if let Some((series, Definition { name, .. })) =
        Series::ALL.iter().find(|(_, definition)| prefix == Some(definition.name))
    {
        let rest = slice.skip(name.len() + 1);
        return match statistic(rest)? {
            Some(statistic) => Ok(Quantity::Latency(*series, statistic)),
            None => Err(ProblemAt::new(
                rest.at,
                format!("`{}` is not a statistic of {name}", rest.text),
                format!("min, mean, stdev, max, {PERCENTILES}"),
            )),
        };
    }
    match statistic(slice)? {
        Some(statistic) => Ok(Quantity::Latency(Series::Response, statistic)),
        None => Err(ProblemAt::new(slice.at, not_a_metric(slice.text), metrics())),
    }
}

/// What is wrong with a name, and which may have been meant.
fn not_a_metric(text: &str) -> String {
    let meant = if let Some(metric) = text.strip_prefix("total.") {
        Some(metric.to_owned())
    } else if let Some((prefix, statistic)) = text.split_once('.') {
        let series = Series::ALL.map(|(_, definition)| definition.name);
        let ratios = RATIOS.iter().map(|(_, definition)| definition.name);
        let counts = CountName::all().map(CountName::as_str).filter(|name| name.contains('.'));
        let count = nearest(text, counts.chain(ratios));
        let latency = || nearest(prefix, series).map(|series| format!("{series}.{statistic}"));
        count.map(str::to_owned).or_else(latency)
    } else {
        let [_, others @ ..] = glossary();
        let names = others.iter().flat_map(|part| &part.definitions).map(|definition| definition.name);
        nearest(text, names).map(str::to_owned)
    };
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    format!("`{text}` is not a metric{meant}")
}

/// `None` when the text does not look like a statistic at all.
fn statistic(slice: Slice<'_>) -> Result<Option<Statistic>, ProblemAt> {
    if let Some((statistic, _)) = STATISTICS.iter().find(|(_, definition)| definition.name == slice.text) {
        return Ok(Some(*statistic));
    }
    if !slice.text.starts_with('p') {
        return Ok(None);
    }
    let number = slice.skip(1);
    let Some((decimal, rest)) = Decimal::split(number.text) else { return Ok(None) };
    if !rest.is_empty() {
        return Err(ProblemAt::new(
            number.at + number.text.len() - rest.len(),
            "a percentile is a number",
            PERCENTILES,
        ));
    }
    if decimal.fraction.trim_end_matches('0').len() > Percentile::DECIMALS {
        return Err(ProblemAt::new(number.at, "this percentile is too fine", PERCENTILES));
    }
    // A number too large for its type is over 100 as well.
    decimal
        .times(1_000_000)
        .and_then(Percentile::from_millionths)
        .map(|p| Some(Statistic::Percentile(p)))
        .ok_or_else(|| ProblemAt::new(number.at, format!("there is no percentile `{}`", slice.text), PERCENTILES))
}

/// Every form of a metric, for error messages.
pub(crate) fn metrics() -> String {
    let [series, statistics, rates, ratios, counts] = glossary().map(|part| part.definitions);
    let series: Vec<_> = series.iter().map(|one| format!("{}.", one.name)).collect();
    let statistics: Vec<_> = statistics.iter().map(|one| one.name).collect();
    let others: Vec<_> = rates.iter().chain(&ratios).chain(&counts).map(|one| one.name).collect();
    format!(
        "[{}]({}), {}; a group may stand before it, as in `chat.p99`",
        series.join("|"),
        statistics.join("|"),
        others.join(", ")
    )
}
