//! The page of one result, or of several that are drawn over each other.

use super::{
    chart::line_style::LineStyle,
    labelled_part::LabelledPart,
    page::PageContents,
    section::{banner::Banner, delivery, evidence, facts, headline, history, latency},
};
use crate::render::{LabelledResult, wording};

pub(crate) fn page(results: &[LabelledResult<'_>]) -> PageContents {
    let style = |index| (results.len() > 1).then_some(LineStyle(index));
    let totals: Vec<_> = results.iter().map(LabelledPart::total).collect();
    PageContents {
        title: title(results).into(),
        banners: results.iter().enumerate().map(|(index, result)| Banner::of(style(index), result)).collect(),
        headline: headline::block(&totals),
        sections: [
            vec![delivery::section(&totals)],
            vec![
                latency::section(&totals),
                history::section(&totals),
                facts::connecting(&totals),
                facts::health(&totals),
                facts::plan(&totals),
            ],
        ],
        evidence: evidence::of_parts(&totals),
    }
}

/// The title, which a tab or a list of attachments shows.
fn title(results: &[LabelledResult<'_>]) -> String {
    match results {
        [result] => format!("{}: {} – loadgen", wording::verdict(result.report, result.judgement).0, result.label),
        several => format!("{} results – loadgen", several.len()),
    }
}
