//! The anomalies that were kept, with all that is known of each.

use crate::{
    model::Evidence,
    render::{
        LabelledResult,
        html::{chart::line_style::LineStyle, visible_text::VisibleText},
        wording,
    },
};

/// Anomalies of one kind that are shown at once; the others are behind a click.
const SHOWN: usize = 3;

/// The evidence of a result.
#[derive(Debug)]
pub(crate) struct ResultEvidence {
    /// The result, among several.
    pub(crate) whose: Option<(LineStyle, VisibleText)>,
    pub(crate) kinds: Vec<EvidenceKind>,
}

/// The anomalies of a kind.
#[derive(Debug)]
pub(crate) struct EvidenceKind {
    pub(crate) name: VisibleText,
    pub(crate) first: Vec<EvidenceItem>,
    pub(crate) others: Vec<EvidenceItem>,
}

/// An anomaly.
#[derive(Debug)]
pub(crate) struct EvidenceItem {
    pub(crate) text: VisibleText,
    /// `expected` and `received`, as far as they are known.
    pub(crate) bytes: Vec<(&'static str, VisibleText)>,
}

/// Of every result that has any.
pub(crate) fn of_results(results: &[LabelledResult<'_>]) -> Vec<ResultEvidence> {
    let with_any = results.iter().enumerate().filter(|(_, result)| !result.report.evidence.is_empty());
    let of_results = with_any.map(|(index, result)| ResultEvidence {
        whose: (results.len() > 1).then(|| (LineStyle(index), result.label.into())),
        kinds: kinds(&result.report.evidence),
    });
    of_results.collect()
}

/// In the order in which the kinds first appear.
fn kinds(evidence: &[Evidence]) -> Vec<EvidenceKind> {
    let mut names: Vec<&str> = Vec::new();
    for one in evidence {
        if !names.contains(&one.kind.as_str()) {
            names.push(&one.kind);
        }
    }
    let kind = |name: &str| {
        let mut first: Vec<EvidenceItem> = evidence.iter().filter(|one| one.kind == name).map(item).collect();
        let others = first.split_off(first.len().min(SHOWN));
        EvidenceKind { name: name.replace('_', " ").into(), first, others }
    };
    names.into_iter().map(kind).collect()
}

fn item(evidence: &Evidence) -> EvidenceItem {
    let bytes = [("expected", &evidence.expected), ("received", &evidence.received)];
    let known = bytes.into_iter().filter_map(|(name, bytes)| Some((name, VisibleText::from(bytes.as_ref()?))));
    EvidenceItem { text: wording::circumstances(evidence).join(", ").into(), bytes: known.collect() }
}
