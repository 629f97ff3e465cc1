//! Searches for the summary of a CI job, in GitHub's Markdown.

use std::io::{self, Write};

use super::{RenderSearch, StepCells, limit, plan, search_settings, summary, target};
use crate::{
    render::{Markdown, markdown::code},
    search::{SearchRecord, StepOutcome},
};

/// Text from the server stands only in code spans.
impl RenderSearch for Markdown {
    fn search(&self, record: &SearchRecord, out: &mut dyn Write) -> io::Result<()> {
        let (word, meaning, _) = summary(&record.conclusion);
        writeln!(out, "## {word}: the highest rate that holds\n\n{}\n", code(&meaning))?;
        limit(&record.conclusion).map_or(Ok(()), |limit| writeln!(out, "Limited by {limit}\n"))?;
        for reason in record.reasons() {
            writeln!(out, "- {}", code(reason))?;
        }
        if !record.reasons().is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "{}: {}\n", code(&target(record)), code(&plan(record)))?;
        writeln!(out, "Thresholds {}; {}\n", code(&record.plan.run.thresholds.join(", ")), search_settings(record))?;
        writeln!(out, "| due/s | matched/s | p50 | p99 | verdict |\n|--:|--:|--:|--:|---|")?;
        for step in record.curve() {
            let StepCells { rate, matched, p50, p99, verdict, .. } = StepCells::of(step);
            let verdict = match step.outcome {
                StepOutcome::Holds => verdict.to_owned(),
                StepOutcome::Fails(cause) => format!("**{verdict}**: {}", cause.name()),
            };
            writeln!(out, "| {rate} | {matched} | {p50} | {p99} | {verdict} |")?;
        }
        record.notes().iter().try_for_each(|note| writeln!(out, "\n{}", code(note)))
    }
}
