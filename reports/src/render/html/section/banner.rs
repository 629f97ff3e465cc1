//! The banner with the verdict, at the top of the page.

use crate::{
    model::Report,
    render::{
        LabelledResult, connecting,
        html::{chart::line_style::LineStyle, visible_text::VisibleText},
        tone::Tone,
        wording,
    },
};

/// A verdict with its reasons.
#[derive(Debug)]
pub(crate) struct Banner {
    /// The style of its lines, if there are several results.
    pub(crate) style: Option<LineStyle>,
    pub(crate) label: VisibleText,
    pub(crate) tone: Tone,
    pub(crate) word: &'static str,
    pub(crate) meaning: VisibleText,
    pub(crate) reasons: Vec<VisibleText>,
    /// Target, load, length and start of the run.
    pub(crate) run: VisibleText,
}

impl Banner {
    pub(crate) fn of(style: Option<LineStyle>, result: &LabelledResult<'_>) -> Self {
        let (word, meaning) = wording::verdict(result.report, result.judgement);
        Self {
            style,
            label: result.label.into(),
            tone: result.judgement.verdict.into(),
            word,
            meaning: meaning.into(),
            reasons: result.judgement.reasons.iter().map(VisibleText::from).collect(),
            run: run(result.report).into(),
        }
    }
}

fn run(report: &Report) -> String {
    let (urls, remarks) = (connecting::urls(&report.target), connecting::target_remarks(report));
    let (load, length) = (wording::load(&report.plan), wording::length(&report.plan));
    format!("{urls}{remarks} · {load} · {length} · {}", report.started_at)
}
