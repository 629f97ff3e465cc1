//! The page of one result, or of several that are drawn over each other.

use super::{
    chart::line_style::Key,
    page::Page,
    section::{banner::Banner, delivery, evidence, facts, headline, history, latency},
};
use crate::render::{Entry, words};

pub(crate) fn page(entries: &[Entry<'_>]) -> Page {
    let key = |index| (entries.len() > 1).then_some(Key(index));
    Page {
        title: title(entries).into(),
        banners: entries.iter().enumerate().map(|(index, entry)| Banner::of(key(index), entry)).collect(),
        headline: headline::block(entries),
        sections: [
            vec![delivery::section(entries)],
            vec![
                latency::section(entries),
                history::section(entries),
                facts::connecting(entries),
                facts::health(entries),
                facts::plan(entries),
            ],
        ],
        evidence: evidence::findings(entries),
    }
}

/// What a tab or a list of attachments shows.
fn title(entries: &[Entry<'_>]) -> String {
    match entries {
        [entry] => format!("{}: {} – loadgen", words::verdict(entry.report, entry.judgement).0, entry.label),
        several => format!("{} results – loadgen", several.len()),
    }
}
