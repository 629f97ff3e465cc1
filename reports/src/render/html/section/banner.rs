//! The verdict of a result, which comes first.

use crate::{
    judge::Verdict,
    model::Report,
    render::{
        Entry,
        html::{chart::line_style::Key, table::Tone, visible_text::Shown},
        words,
    },
};

/// The verdict with its reasons.
#[derive(Debug)]
pub(crate) struct Banner {
    /// Among several results, how its lines look.
    pub(crate) key: Option<Key>,
    pub(crate) label: Shown,
    pub(crate) tone: Tone,
    pub(crate) word: &'static str,
    pub(crate) meaning: Shown,
    pub(crate) reasons: Vec<Shown>,
    /// What was tested, how, and when.
    pub(crate) run: Shown,
}

impl Banner {
    pub(crate) fn of(key: Option<Key>, entry: &Entry<'_>) -> Self {
        let (word, meaning) = words::verdict(entry.report, entry.judgement);
        Self {
            key,
            label: entry.label.into(),
            tone: tone(entry.judgement.verdict),
            word,
            meaning: meaning.into(),
            reasons: entry.judgement.reasons.iter().map(Shown::from).collect(),
            run: run(entry.report).into(),
        }
    }
}

/// The colour of a verdict.
pub(crate) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Threshold | Verdict::Delivery | Verdict::Connections => Tone::Bad,
        Verdict::Invalid => Tone::Doubtful,
    }
}

fn run(report: &Report) -> String {
    let embedded = if report.target.embedded { " (embedded server)" } else { "" };
    let (load, length) = (words::load(&report.plan), words::length(&report.plan));
    format!("{}{embedded} · {load} · {length} · {}", report.target.url, report.started_at)
}
