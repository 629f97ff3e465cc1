//! The page of one result, or of several that are drawn over each other.

use super::{
    chart::line_style::LineStyle,
    labelled_part::LabelledPart,
    page::PageContents,
    section::{banner::Banner, delivery, evidence, facts, groups, headline, history, latency, sessions, shards},
};
use crate::render::{LabelledResult, wording};

pub(crate) fn page(results: &[LabelledResult<'_>]) -> PageContents {
    let style = |index| (results.len() > 1).then_some(LineStyle(index));
    let totals: Vec<_> = results.iter().map(LabelledPart::total).collect();
    let mut after = vec![latency::section(&totals), history::section(&totals)];
    after.extend(sessions::section(&totals));
    after.push(facts::connecting(&totals));
    after.extend(groups::each(results));
    after.push(facts::health(&totals));
    after.extend(shards::section(&totals));
    after.push(facts::plan(&totals));
    PageContents {
        title: title(results).into(),
        banners: results.iter().enumerate().map(|(index, result)| Banner::of(style(index), result)).collect(),
        headline: headline::block(&totals),
        sections: [groups::overview(results).into_iter().chain([delivery::section(&totals)]).collect(), after],
        evidence: evidence::of_parts(&by_group(results)),
    }
}

/// Each group of a single result, or each result as a whole.
fn by_group<'a>(results: &[LabelledResult<'a>]) -> Vec<LabelledPart<'a>> {
    match results {
        [result] if !result.report.groups.is_empty() => LabelledPart::groups(result),
        _ => results.iter().map(LabelledPart::total).collect(),
    }
}

/// The title, which a tab or a list of attachments shows.
fn title(results: &[LabelledResult<'_>]) -> String {
    match results {
        [result] => format!("{}: {} – loadgen", wording::verdict(result.report, result.judgement).0, result.label),
        several => format!("{} results – loadgen", several.len()),
    }
}
