//! The page of one result, or of several that are drawn over each other.

use super::{
    chart::line_style::LineStyle,
    page::PageContents,
    section::{banner::Banner, delivery, evidence, facts, headline, history, latency},
};
use crate::render::{LabelledResult, wording};

pub(crate) fn page(results: &[LabelledResult<'_>]) -> PageContents {
    let style = |index| (results.len() > 1).then_some(LineStyle(index));
    PageContents {
        title: title(results).into(),
        banners: results.iter().enumerate().map(|(index, result)| Banner::of(style(index), result)).collect(),
        headline: headline::block(results),
        sections: [
            vec![delivery::section(results)],
            vec![
                latency::section(results),
                history::section(results),
                facts::connecting(results),
                facts::health(results),
                facts::plan(results),
            ],
        ],
        evidence: evidence::of_results(results),
    }
}

/// The title, which a tab or a list of attachments shows.
fn title(results: &[LabelledResult<'_>]) -> String {
    match results {
        [result] => format!("{}: {} – loadgen", wording::verdict(result.report, result.judgement).0, result.label),
        several => format!("{} results – loadgen", several.len()),
    }
}
