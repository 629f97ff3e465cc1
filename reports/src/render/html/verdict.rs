//! The verdict of a result, which comes first.

use super::Entry;
use super::key::Key;
use super::shown::Shown;
use super::table::Tone;
use crate::judge::Verdict;
use crate::model::Report;
use crate::render::words;

/// The verdict with its reasons.
#[derive(Debug)]
pub(super) struct Banner {
    /// Among several results, how its lines look.
    pub(super) key: Option<Key>,
    pub(super) label: Shown,
    pub(super) tone: Tone,
    pub(super) word: &'static str,
    pub(super) meaning: Shown,
    pub(super) reasons: Vec<Shown>,
    /// What was tested, how, and when.
    pub(super) run: Shown,
}

impl Banner {
    pub(super) fn of(key: Option<Key>, entry: &Entry<'_>) -> Self {
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
pub(super) fn tone(verdict: Verdict) -> Tone {
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
