//! The anomalies that the run kept as evidence.

use crate::{
    model::{Evidence, EvidenceKind, Measurement},
    render::{
        html::{chart::line_style::LineStyle, labelled_part::LabelledPart, visible_text::VisibleText},
        wording,
    },
};

/// Anomalies of a kind that are open at first. The others take a click.
const SHOWN: usize = 3;

/// The evidence of a result or a group.
#[derive(Debug)]
pub(crate) struct PartEvidence {
    /// Style and label, if there are several.
    pub(crate) whose: Option<(LineStyle, VisibleText)>,
    pub(crate) kinds: Vec<EvidenceOfKind>,
}

/// The anomalies of one kind.
#[derive(Debug)]
pub(crate) struct EvidenceOfKind {
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

/// The evidence of each part that has any.
pub(crate) fn of_parts(parts: &[LabelledPart<'_>]) -> Vec<PartEvidence> {
    let with_any = parts.iter().enumerate().filter(|(_, labelled)| !labelled.part.measurement.evidence.is_empty());
    let of_parts = with_any.map(|(index, labelled)| PartEvidence {
        whose: (parts.len() > 1).then(|| (LineStyle(index), labelled.label.into())),
        kinds: kinds(labelled.part.measurement),
    });
    of_parts.collect()
}

fn kinds(measurement: &Measurement) -> Vec<EvidenceOfKind> {
    let kind = |(name, evidence): (EvidenceKind, Vec<&Evidence>)| {
        let mut first: Vec<EvidenceItem> = evidence.into_iter().map(item).collect();
        let others = first.split_off(first.len().min(SHOWN));
        EvidenceOfKind { name: name.name().replace('_', " ").into(), first, others }
    };
    wording::evidence_by_kind(measurement).into_iter().map(kind).collect()
}

fn item(evidence: &Evidence) -> EvidenceItem {
    let bytes = wording::bytes_of(evidence).map(|(name, bytes)| (name, bytes.into())).collect();
    EvidenceItem { text: wording::circumstances(evidence).join(", ").into(), bytes }
}
