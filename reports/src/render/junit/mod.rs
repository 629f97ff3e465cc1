//! A run as test cases, for services that show the tests of a pull request.

use std::{io, time::Duration};

use chrono::DateTime;
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::{Render, invalid_data, wording};
use crate::{
    escape::{visible, visible_part},
    human::count,
    judge::{self, Judgement, Verdict, bounds},
    model::{Evidence, Report},
    threshold::{Decision, Threshold},
};

/// `JUnit` XML as Jenkins reads it. There is a case for each kind of delivery fault, one for the
/// connections, one for the validity of the run, and one for each threshold.
///
/// A pass has no failure and no error; every other verdict has one. Faults of delivery, lost
/// connections and missed thresholds are failures. An invalid run and an undecided threshold are
/// errors.
///
/// Thresholds are skipped if the run is invalid or lacked connections, because they neither hold
/// nor miss. Thresholds that this version can't read are skipped, too. A verdict that no case
/// explains gets a case of its own: another version may have had other rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Junit;

/// Most pieces of evidence in a case. A run keeps no more of a kind.
const EVIDENCE: usize = 10;
/// Most characters of a foreign text.
const LONGEST: usize = 1000;
/// Most reasons that are shown.
const REASONS: usize = 50;

impl Render for Junit {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let mut suite = suite(report, judgement);
        suite.add_test_cases(delivery(report));
        let missing = judge::connections(report);
        let is_connected = missing.is_empty() && judgement.verdict != Verdict::Connections;
        let missing = if missing.is_empty() { &judgement.reasons } else { &missing };
        suite.add_test_case(connections(report, is_connected, missing));
        let reasons = judge::invalid(report);
        let undecided = report.plan.thresholds.iter().any(|text| is_undecided(text, report));
        let is_valid = reasons.is_empty() && (undecided || judgement.verdict != Verdict::Invalid);
        suite.add_test_case(validity(is_valid, if reasons.is_empty() { &judgement.reasons } else { &reasons }));
        let obstacle = match (is_valid, is_connected) {
            (false, _) => Some("the run is invalid: its numbers neither hold nor miss it"),
            (_, false) => Some("connections were missing: the load that was planned was not the load applied"),
            _ => None,
        };
        suite.add_test_cases(report.plan.thresholds.iter().map(|text| threshold(text, report, obstacle)));
        match (judgement.verdict, suite.failures + suite.errors) {
            (Verdict::Pass, 0) => {}
            (Verdict::Pass, n) => {
                return Err(invalid_data(format!(
                    "the verdict is a pass, but {n} of {} test cases fail: the result was changed, or judged by other rules",
                    suite.tests
                )));
            }
            (_, 0) => {
                let (word, meaning) = wording::verdict(report, judgement);
                let status = non_success(NonSuccessKind::Failure, &format!("{word}: {meaning}"), &judgement.reasons);
                suite.add_test_case(case("verdict", "the verdict is a pass", status));
            }
            _ => {}
        }
        let mut junit = quick_junit::Report::new("loadgen");
        suite.time.map(|time| junit.set_time(time));
        junit.add_test_suite(suite);
        junit.serialize(out).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// The suite without its cases.
fn suite(report: &Report, judgement: &Judgement) -> TestSuite {
    let mut suite = TestSuite::new("loadgen");
    if let Ok(started_at) = DateTime::parse_from_rfc3339(&report.started_at) {
        suite.set_timestamp(started_at);
    }
    if let Ok(time) = Duration::try_from_secs_f64(report.measured_s) {
        suite.set_time(time);
    }
    let (plan, environment) = (&report.plan, &report.environment);
    let properties = [
        ("target", visible_part(&report.target.url, LONGEST)),
        ("plan", format!("{}, {}", wording::load(plan), wording::length(plan))),
        ("version", visible_part(&environment.version, LONGEST)),
        ("seed", environment.seed.to_string()),
    ];
    suite.add_properties(properties.map(|(name, value)| Property::new(name, value)));
    let marked = bounds::all_marked(&report.total.latency);
    if !marked.is_empty() {
        suite.add_property(Property::new("marked", marked.join(", ")));
    }
    if report.plan.only_delivery {
        suite.add_property(Property::new("only_delivery", "timing was not judged"));
    }
    if !judgement.reasons.is_empty() {
        suite.set_system_out(lines(&judgement.reasons));
    }
    suite
}

/// A case for each kind of loss and finding, over both phases.
fn delivery(report: &Report) -> impl Iterator<Item = TestCase> {
    let [measured, warmup] = [&report.total.measured, &report.total.warmup].map(|tally| {
        let lost =
            tally.counts.by_name().into_iter().filter(|(name, _)| ["lost", "damaged", "misrouted"].contains(name));
        lost.chain(tally.anomalies.by_name())
    });
    measured.zip(warmup).map(|((name, measured), (_, warmup))| {
        let status = if (measured, warmup) == (0, 0) {
            TestCaseStatus::success()
        } else {
            let message = match warmup {
                0 => count(measured),
                _ => format!("{} in the measured phase, {} in the warm-up", count(measured), count(warmup)),
            };
            let message = format!("{}: {message}", name.replace('_', " "));
            non_success(NonSuccessKind::Failure, &message, &evidence(report, name))
        };
        case("delivery", name, status)
    })
}

/// The evidence of a kind, in lines.
fn evidence(report: &Report, kind: &str) -> Vec<String> {
    let of_kind = report.total.evidence.iter().filter(|evidence| evidence.kind == kind);
    of_kind.take(EVIDENCE).flat_map(lines_of).collect()
}

fn lines_of(evidence: &Evidence) -> Vec<String> {
    let mut lines = vec![wording::circumstances(evidence).join(", ")];
    lines.extend(wording::bytes_of(evidence).map(|(name, bytes)| format!("  {name} {bytes}")));
    lines
}

fn connections(report: &Report, is_connected: bool, reasons: &[String]) -> TestCase {
    let status = if is_connected {
        TestCaseStatus::success()
    } else {
        let details = [reasons, &evidence(report, "died"), &evidence(report, "undetermined")].concat();
        let message = "the target refused or lost connections that the plan wanted open";
        non_success(NonSuccessKind::Failure, message, &details)
    };
    case("connections", "every connection opened and stayed open", status)
}

fn validity(is_valid: bool, reasons: &[String]) -> TestCase {
    let status = if is_valid {
        TestCaseStatus::success()
    } else {
        non_success(NonSuccessKind::Error, "these numbers do not describe the planned load", reasons)
    };
    case("validity", "the run is valid", status)
}

fn is_undecided(text: &str, report: &Report) -> bool {
    text.parse::<Threshold>().is_ok_and(|threshold| matches!(threshold.decide(report), Decision::Undecided(_)))
}

/// The case of a threshold. `obstacle` says why none can be judged, if that is so.
fn threshold(text: &str, report: &Report, obstacle: Option<&str>) -> TestCase {
    let skipped = |why: &str| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why);
        status
    };
    let status = match text.parse::<Threshold>() {
        _ if obstacle.is_some() => skipped(obstacle.unwrap_or_default()),
        Err(_) => skipped("this version can't read it"),
        Ok(threshold) => match threshold.decide(report) {
            Decision::Holds => TestCaseStatus::success(),
            Decision::Missed(failure) => non_success(NonSuccessKind::Failure, &failure, &[]),
            Decision::Undecided(why) => non_success(NonSuccessKind::Error, &why, &[]),
        },
    };
    case("threshold", &visible_part(text, LONGEST), status)
}

fn case(class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("loadgen.{class}"));
    case
}

fn non_success(kind: NonSuccessKind, message: &str, details: &[String]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(visible(message));
    status.set_type(match kind {
        NonSuccessKind::Failure => "failure",
        NonSuccessKind::Error => "error",
    });
    if !details.is_empty() {
        status.set_description(lines(details));
    }
    status
}

/// Foreign texts, one a line. XML 1.0 can't hold control characters, so they are escaped.
fn lines(texts: &[String]) -> String {
    let mut lines: Vec<String> = texts.iter().take(REASONS).map(|text| visible_part(text, LONGEST)).collect();
    if texts.len() > REASONS {
        lines.push(format!("and {} more", count((texts.len() - REASONS) as u64)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
