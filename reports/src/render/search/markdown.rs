//! Searches for the summary of a CI job, in GitHub's Markdown.

use std::io::{self, Write};

use super::{Cells, RenderSearch, course, headline, limit, plan, target};
use crate::{
    render::{Markdown, markdown::code},
    search::{Outcome, Record},
};

/// What came from the server stands in code spans and nowhere else.
impl RenderSearch for Markdown {
    fn search(&self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        let (word, meaning, _) = headline(&record.conclusion);
        writeln!(out, "## {word}: the highest rate that holds\n\n{}\n", code(&meaning))?;
        limit(&record.conclusion).map_or(Ok(()), |limit| writeln!(out, "Limited by {limit}\n"))?;
        for reason in record.reasons() {
            writeln!(out, "- {}", code(reason))?;
        }
        if !record.reasons().is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "{}: {}\n", code(target(record)), code(&plan(record)))?;
        writeln!(out, "Thresholds {}; {}\n", code(&record.plan.thresholds.join(", ")), course(record))?;
        writeln!(out, "| due/s | matched/s | p50 | p99 | verdict |\n|--:|--:|--:|--:|---|")?;
        for step in record.curve() {
            let Cells { rate, matched, p50, p99, verdict, .. } = Cells::of(step);
            let verdict = match step.outcome {
                Outcome::Holds => verdict.to_owned(),
                Outcome::Fails(cause) => format!("**{verdict}**: {}", cause.name()),
            };
            writeln!(out, "| {rate} | {matched} | {p50} | {p99} | {verdict} |")?;
        }
        record.notes().iter().try_for_each(|note| writeln!(out, "\n{}", code(note)))
    }
}
