//! The anomalies that were kept, with all that is known of each.

use crate::{
    model::Evidence,
    render::{
        Entry,
        html::{chart::line_style::Key, visible_text::Shown},
        words,
    },
};

/// Anomalies of one kind that are shown at once; the others are behind a click.
const SHOWN: usize = 3;

/// The evidence of a result.
#[derive(Debug)]
pub(crate) struct Findings {
    /// The result, among several.
    pub(crate) whose: Option<(Key, Shown)>,
    pub(crate) kinds: Vec<Kind>,
}

/// The anomalies of a kind.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: Shown,
    pub(crate) first: Vec<Item>,
    pub(crate) others: Vec<Item>,
}

/// An anomaly.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) text: Shown,
    /// `expected` and `received`, as far as they are known.
    pub(crate) bytes: Vec<(&'static str, Shown)>,
}

/// Of every result that has any.
pub(crate) fn findings(entries: &[Entry<'_>]) -> Vec<Findings> {
    let with_any = entries.iter().enumerate().filter(|(_, entry)| !entry.report.evidence.is_empty());
    let findings = with_any.map(|(index, entry)| Findings {
        whose: (entries.len() > 1).then(|| (Key(index), entry.label.into())),
        kinds: kinds(&entry.report.evidence),
    });
    findings.collect()
}

/// In the order in which the kinds first appear.
fn kinds(evidence: &[Evidence]) -> Vec<Kind> {
    let mut names: Vec<&str> = Vec::new();
    for one in evidence {
        if !names.contains(&one.kind.as_str()) {
            names.push(&one.kind);
        }
    }
    let kind = |name: &str| {
        let mut first: Vec<Item> = evidence.iter().filter(|one| one.kind == name).map(item).collect();
        let others = first.split_off(first.len().min(SHOWN));
        Kind { name: name.replace('_', " ").into(), first, others }
    };
    names.into_iter().map(kind).collect()
}

fn item(evidence: &Evidence) -> Item {
    let bytes = [("expected", &evidence.expected), ("received", &evidence.received)];
    let known = bytes.into_iter().filter_map(|(name, bytes)| Some((name, Shown::from(bytes.as_ref()?))));
    Item { text: words::circumstances(evidence).join(", ").into(), bytes: known.collect() }
}
