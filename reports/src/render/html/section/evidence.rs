//! The anomalies that the run kept as evidence.

use crate::{
    model::{Evidence, Report},
    render::{
        LabelledResult,
        html::{chart::line_style::LineStyle, visible_text::VisibleText},
        wording,
    },
};

/// Anomalies of a kind that are open at first. The others take a click.
const SHOWN: usize = 3;

/// The evidence of a result.
#[derive(Debug)]
pub(crate) struct ResultEvidence {
    /// Style and label of the result, if there are several.
    pub(crate) whose: Option<(LineStyle, VisibleText)>,
    pub(crate) kinds: Vec<EvidenceKind>,
}

/// The anomalies of one kind.
#[derive(Debug)]
pub(crate) struct EvidenceKind {
    pub(crate) name: VisibleText,
    pub(crate) first: Vec<EvidenceItem>,
    pub(crate) others: Vec<EvidenceItem>,
}

/// One anomaly.
#[derive(Debug)]
pub(crate) struct EvidenceItem {
    pub(crate) text: VisibleText,
    /// The bytes `expected` and `received`, if known.
    pub(crate) bytes: Vec<(&'static str, VisibleText)>,
}

/// The evidence of each result that has any.
pub(crate) fn of_results(results: &[LabelledResult<'_>]) -> Vec<ResultEvidence> {
    let with_any = results.iter().enumerate().filter(|(_, result)| !result.report.total.evidence.is_empty());
    let of_results = with_any.map(|(index, result)| ResultEvidence {
        whose: (results.len() > 1).then(|| (LineStyle(index), result.label.into())),
        kinds: kinds(result.report),
    });
    of_results.collect()
}

fn kinds(report: &Report) -> Vec<EvidenceKind> {
    let kind = |(name, evidence): (&str, Vec<&Evidence>)| {
        let mut first: Vec<EvidenceItem> = evidence.into_iter().map(item).collect();
        let others = first.split_off(first.len().min(SHOWN));
        EvidenceKind { name: name.replace('_', " ").into(), first, others }
    };
    wording::evidence_by_kind(report).into_iter().map(kind).collect()
}

fn item(evidence: &Evidence) -> EvidenceItem {
    let bytes = wording::bytes_of(evidence).map(|(name, bytes)| (name, bytes.into())).collect();
    EvidenceItem { text: wording::circumstances(evidence).join(", ").into(), bytes }
}
