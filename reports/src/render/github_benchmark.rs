//! Numbers for
//! [github-action-benchmark](https://github.com/benchmark-action/github-action-benchmark).

use std::io;

use serde::Serialize;

use super::{
    Render, invalid_data,
    tracked::{TrackedKind, TrackedMetric, tracked},
};
use crate::{
    human::count,
    judge::{Judgement, Verdict},
    metric::Better,
    model::Report,
};

/// A JSON array for one of the action's tools, `customSmallerIsBetter` or `customBiggerIsBetter`. A
/// file has one direction, so a run has two files.
///
/// What was not measured is left out. If nothing was measured, the array is empty and the action
/// refuses it.
///
/// Each value carries the verdict, which the action shows in its chart and does not judge. So a
/// workflow must not store the numbers of a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GithubBenchmark {
    /// [`Better::Lower`] selects latencies, losses, anomalies, processor time a message, and
    /// memory. [`Better::Higher`] selects messages a second, and messages for a second of processor
    /// time.
    pub better: Better,
}

/// The action's type of this name. Its `range` is for the spread of several runs; here is one.
#[derive(Serialize)]
struct BenchmarkResult {
    name: String,
    unit: &'static str,
    value: f64,
    extra: String,
}

impl Render for GithubBenchmark {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let wanted = tracked(report).into_iter().filter(|tracked| tracked.better == self.better);
        let entries: Vec<BenchmarkResult> = wanted.map(|tracked| entry(tracked, judgement.verdict)).collect();
        serde_json::to_writer_pretty(&mut *out, &entries).map_err(invalid_data)?;
        writeln!(out)
    }
}

fn entry(tracked: TrackedMetric, verdict: Verdict) -> BenchmarkResult {
    let verdict = verdict.name();
    let values = tracked.values.map(|values| format!(", {} values", count(values))).unwrap_or_default();
    let marked = tracked.marked.map(|floor| format!(", marked: the generator may have a part in it, floor {floor} ns"));
    let marked = marked.unwrap_or_default();
    BenchmarkResult {
        name: tracked.name,
        unit: match tracked.kind {
            TrackedKind::Latency => "ns",
            TrackedKind::Throughput => "messages/s",
            TrackedKind::Count => "count",
            TrackedKind::CpuTime => "ns/message",
            TrackedKind::Memory => "bytes",
        },
        value: tracked.value,
        extra: format!("verdict {verdict}{values}{marked}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        model::{GeneratorHealth, Latency, sample},
        render::rendered,
    };

    const SMALLER: GithubBenchmark = GithubBenchmark { better: Better::Lower };
    const BIGGER: GithubBenchmark = GithubBenchmark { better: Better::Higher };

    #[test]
    fn a_clean_pass() {
        insta::assert_snapshot!("smaller", rendered(&SMALLER, &sample::pass()));
        insta::assert_snapshot!("bigger", rendered(&BIGGER, &sample::pass()));
    }

    #[test]
    fn a_delivery_violation() {
        insta::assert_snapshot!("violation_smaller", rendered(&SMALLER, &sample::violation()));
    }

    #[test]
    fn two_groups() {
        insta::assert_snapshot!("groups_bigger", rendered(&BIGGER, &sample::two_groups()));
    }

    #[test]
    fn a_run_that_measured_nothing_has_no_entries_of_rates() {
        let mut report = sample::pass();
        report.total.latency = Latency::default();
        report.measured_s = 0.0;
        report.generator = GeneratorHealth::default();
        assert_eq!(rendered(&BIGGER, &report), "[]\n");
    }

    #[test]
    fn each_entry_is_what_the_action_takes_and_in_one_of_the_files() {
        for sample in sample::SOME {
            let report = sample();
            let mut names = Vec::new();
            for format in [SMALLER, BIGGER] {
                let entries: Vec<Value> = serde_json::from_str(&rendered(&format, &report)).unwrap();
                for entry in entries {
                    assert!(entry["name"].is_string() && entry["unit"].is_string() && entry["value"].is_number());
                    names.push(entry["name"].as_str().unwrap().to_owned());
                }
            }
            names.sort();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "the action finds the earlier value by the name");
        }
    }
}
