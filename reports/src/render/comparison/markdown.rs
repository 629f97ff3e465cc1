//! Comparisons for the summary of a CI job, in GitHub's Markdown: the verdict, the reasons, and a
//! table of the metrics that decide. The other metrics are folded away.

use std::io::{self, Write};

use super::{Ab, ComparisonCells, RenderComparison, progress, runs, summary};
use crate::{
    compare::{ComparedMetric, ComparedSide, Comparison, ComparisonVerdict, Difference},
    render::{Markdown, markdown::code},
};

/// Text from files, servers and commands stands only in code spans.
impl RenderComparison for Markdown {
    fn comparison(&self, comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
        verdict(out, "comparison", comparison.verdict, &comparison.reasons)?;
        if comparison.forced {
            writeln!(out, "**Forced**: these runs are judged although they differ in more than what is tested.\n")?;
        }
        writeln!(out, "- baseline: {}", side(&comparison.baseline))?;
        writeln!(out, "- candidate: {}\n", side(&comparison.candidate))?;
        if !comparison.differences.is_empty() {
            writeln!(out, "The runs differ in\n")?;
            for Difference { key, baseline, candidate } in &comparison.differences {
                writeln!(out, "- {}: baseline {}, candidate {}", code(key), code(baseline), code(candidate))?;
            }
            writeln!(out)?;
        }
        let (deciding, shown): (Vec<&ComparedMetric>, Vec<&ComparedMetric>) =
            comparison.rows.iter().partition(|row| row.margin.is_some() || row.finding.is_some());
        table(out, &deciding, false)?;
        if !shown.is_empty() {
            writeln!(out, "<details><summary>metrics that do not decide</summary>\n")?;
            table(out, &shown, false)?;
            writeln!(out, "</details>\n")?;
        }
        notes(out, &comparison.notes)
    }

    fn ab(&self, ab: &Ab<'_>, out: &mut dyn Write) -> io::Result<()> {
        verdict(out, "A against B", ab.outcome.verdict, &ab.outcome.reasons)?;
        writeln!(out, "- baseline, A: {}", code(ab.a))?;
        writeln!(out, "- candidate, B: {}", code(ab.b))?;
        writeln!(out, "- {}\n", progress(ab))?;
        table(out, &ab.outcome.rows.iter().collect::<Vec<_>>(), true)?;
        notes(out, &ab.outcome.notes())
    }
}

fn verdict(out: &mut dyn Write, what: &str, verdict: ComparisonVerdict, reasons: &[String]) -> io::Result<()> {
    let (word, meaning) = summary(verdict);
    writeln!(out, "### {word}: {what}\n\n{meaning}\n")?;
    for reason in reasons {
        writeln!(out, "- {}", code(reason))?;
    }
    if reasons.is_empty() { Ok(()) } else { writeln!(out) }
}

fn side(side: &ComparedSide) -> String {
    if side.runs == 0 {
        return "no runs".to_owned();
    }
    let targets: Vec<String> = side.targets.iter().map(|target| code(target)).collect();
    format!("{} of {}, from {}", runs(side.runs), targets.join(" and "), code(&side.started_at))
}

fn table(out: &mut dyn Write, rows: &[&ComparedMetric], with_detectable: bool) -> io::Result<()> {
    let (heading, rule) = if with_detectable { (" detectable |", "--:|") } else { ("", "") };
    writeln!(out, "| metric | baseline | candidate | change | interval | margin |{heading} verdict |")?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|{rule}---|")?;
    for row in rows {
        let ComparisonCells { metric, baseline, candidate, change, interval, margin, detectable, verdict } =
            ComparisonCells::of(row);
        let detectable = if with_detectable { format!(" {detectable} |") } else { String::new() };
        let verdict = if row.finding.is_some_and(|finding| finding.name() != "pass") {
            format!("**{verdict}**")
        } else {
            verdict.to_owned()
        };
        writeln!(
            out,
            "| {metric} | {baseline} | {candidate} | {change} | {interval} | {margin} |{detectable} {verdict} |"
        )?;
    }
    writeln!(out)
}

fn notes(out: &mut dyn Write, notes: &[String]) -> io::Result<()> {
    for (index, note) in notes.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "<sub>{note}</sub>")?;
    }
    Ok(())
}
