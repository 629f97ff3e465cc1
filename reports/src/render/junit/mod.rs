//! A run as test cases, for services that show the tests of a pull request.

use std::{io, time::Duration};

use chrono::DateTime;
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::{Render, connecting, invalid_data, part::Part, shards, wording};
use crate::{
    escape::{visible, visible_part},
    human::count,
    judge::{self, Judgement, Verdict, bounds},
    model::{Evidence, GroupRecord, Measurement, Report},
    threshold::{Decision, Threshold},
};

/// `JUnit` XML as Jenkins reads it. There is a case for each kind of delivery fault, one for the
/// connections, one for the validity of the run, and one for each threshold.
///
/// Each of several groups has a suite of its own, with its faults, its connections, and the
/// thresholds that name it. The first suite has what is about the whole run, and no fault twice.
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
        let mut suites = suites(report, judgement);
        let tests: usize = suites.iter().map(|suite| suite.tests).sum();
        match (judgement.verdict, suites.iter().map(|suite| suite.failures + suite.errors).sum::<usize>()) {
            (Verdict::Pass, 0) => {}
            (Verdict::Pass, n) => {
                return Err(invalid_data(format!(
                    "the verdict is a pass, but {n} of {tests} test cases fail: the result was changed, or judged by other rules"
                )));
            }
            (_, 0) => {
                let (word, meaning) = wording::verdict(report, judgement);
                let status = non_success(NonSuccessKind::Failure, &format!("{word}: {meaning}"), &judgement.reasons);
                suites[0].add_test_case(case(None, "verdict", "the verdict is a pass", status));
            }
            _ => {}
        }
        let mut junit = quick_junit::Report::new("loadgen");
        suites[0].time.map(|time| junit.set_time(time));
        junit.add_test_suites(suites);
        junit.serialize(out).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// The suite of the run, and one for each of several groups.
fn suites(report: &Report, judgement: &Judgement) -> Vec<TestSuite> {
    let missing = judge::connections(report);
    let is_connected = missing.is_empty() && judgement.verdict != Verdict::Connections;
    let reasons = judge::invalid(report);
    let undecided = report.plan.run.thresholds.iter().any(|text| is_undecided(text, report));
    let is_valid = reasons.is_empty() && (undecided || judgement.verdict != Verdict::Invalid);
    let obstacle = match (is_valid, is_connected) {
        _ if report.partial => Some("a part of the run neither holds nor misses it: merge all of its shards"),
        (false, _) => Some("the run is invalid: its numbers neither hold nor miss it"),
        (_, false) => Some("connections were missing: the load that was planned was not the load applied"),
        _ => None,
    };
    let thresholds = |suite: &mut TestSuite, group: Option<&str>| {
        let of_group = report.plan.run.thresholds.iter().filter(|text| group_of(text, report) == group);
        suite.add_test_cases(of_group.map(|text| threshold(group, text, report, obstacle)));
    };

    let mut run = suite(report, judgement);
    if report.groups.is_empty() {
        run.add_test_cases(delivery(Part::total(report)));
        let missing = if missing.is_empty() { &judgement.reasons } else { &missing };
        run.add_test_case(connections(Part::total(report), is_connected, missing));
    }
    run.add_test_case(validity(is_valid, if reasons.is_empty() { &judgement.reasons } else { &reasons }));
    thresholds(&mut run, None);
    let of_group = |part: Part<'_>| {
        let mut suite = TestSuite::new(format!("loadgen.{}", visible_part(part.group.unwrap_or_default(), LONGEST)));
        if let Some(group) = part.group_plan() {
            let plan = wording::group_plan(group);
            suite.add_property(Property::new("plan", visible_part(&plan, LONGEST)));
        }
        suite.add_test_cases(delivery(part));
        let is_cut_short = judge::is_cut_short(report, part.measurement);
        let plan = part.group_plan();
        let missing = plan.map_or_else(Vec::new, |plan| judge::connections_of(plan, part.measurement, is_cut_short));
        suite.add_test_case(connections(part, missing.is_empty(), &missing));
        thresholds(&mut suite, part.group);
        suite
    };
    std::iter::once(run).chain(Part::groups(report).map(of_group)).collect()
}

/// The one of several groups that a threshold is about. `None` for the total.
fn group_of<'a>(text: &str, report: &'a Report) -> Option<&'a str> {
    let name = text.parse::<Threshold>().ok()?.metric().group()?;
    Part::groups(report).find_map(|part| part.group.filter(|group| *group == name.as_str()))
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
        ("target", visible_part(&connecting::urls(&report.target), LONGEST)),
        ("plan", format!("{}, {}", wording::load(plan), wording::length(plan))),
        ("version", visible_part(&environment.version, LONGEST)),
        ("seed", environment.seed.to_string()),
    ];
    suite.add_properties(properties.map(|(name, value)| Property::new(name, value)));
    let marked = bounds::all_marked(&report.total.latency);
    if !marked.is_empty() {
        suite.add_property(Property::new("marked", marked.join(", ")));
    }
    if connecting::is_insecure(&report.plan) {
        suite.add_property(Property::new("certificates", connecting::INSECURE));
    }
    if report.plan.run.only_delivery {
        suite.add_property(Property::new("only_delivery", "timing was not judged"));
    }
    for shards::ShardFact { name, text, .. } in shards::facts(report) {
        suite.add_property(Property::new(name.replace(' ', "_"), visible_part(&text, LONGEST)));
    }
    if !judgement.reasons.is_empty() {
        suite.set_system_out(lines(&judgement.reasons));
    }
    suite
}

/// A case for each kind of loss and finding, over both phases. Rooms have more of them, and so have
/// clients that a server pushes to.
fn delivery(part: Part<'_>) -> impl Iterator<Item = TestCase> {
    let has = |feature: fn(&GroupRecord) -> bool| part.group_plans().iter().any(feature);
    let tallies = [&part.measurement.measured, &part.measurement.warmup];
    // A violation has its case, whatever was planned.
    let has_gaps = has(GroupRecord::has_pushes) || tallies.iter().any(|tally| tally.anomalies.gaps > 0);
    let has_rooms = has(GroupRecord::has_rooms);
    let [measured, warmup] = tallies.map(|tally| {
        let messages =
            tally.counts.by_name().into_iter().filter(|(name, _)| ["lost", "damaged", "misrouted"].contains(name));
        let deliveries = tally.deliveries.by_name().into_iter().filter(|(name, _)| ["lost", "damaged"].contains(name));
        let deliveries = deliveries.filter(|_| has_rooms).map(|(name, n)| ("deliveries ", name, n));
        let anomalies = tally.anomalies.by_name().into_iter().filter(|(name, _)| has_gaps || *name != "gaps");
        let of_messages = messages.chain(anomalies).map(|(name, n)| ("", name, n));
        of_messages.chain(deliveries).collect::<Vec<_>>()
    });
    measured.into_iter().zip(warmup).map(move |((of, name, measured), (.., warmup))| {
        let status = if (measured, warmup) == (0, 0) {
            TestCaseStatus::success()
        } else {
            let message = match warmup {
                0 => count(measured),
                _ => format!("{} in the measured phase, {} in the warm-up", count(measured), count(warmup)),
            };
            let message = format!("{of}{}: {message}", name.replace('_', " "));
            // The evidence of a gap has the name of one.
            let kind = if name == "gaps" { "gap" } else { name };
            non_success(NonSuccessKind::Failure, &message, &evidence(part.measurement, kind))
        };
        case(part.group, "delivery", &format!("{of}{name}"), status)
    })
}

/// The evidence of a kind, in lines.
fn evidence(measurement: &Measurement, kind: &str) -> Vec<String> {
    let of_kind = measurement.evidence.iter().filter(|evidence| evidence.kind.name() == kind);
    of_kind.take(EVIDENCE).flat_map(lines_of).collect()
}

fn lines_of(evidence: &Evidence) -> Vec<String> {
    let mut lines = vec![wording::circumstances(evidence).join(", ")];
    lines.extend(wording::bytes_of(evidence).map(|(name, bytes)| format!("  {name} {bytes}")));
    lines
}

fn connections(part: Part<'_>, is_connected: bool, reasons: &[String]) -> TestCase {
    let status = if is_connected {
        TestCaseStatus::success()
    } else {
        let details =
            [reasons, &evidence(part.measurement, "died"), &evidence(part.measurement, "undetermined")].concat();
        let message = "the target refused or lost connections that the plan wanted open";
        non_success(NonSuccessKind::Failure, message, &details)
    };
    case(part.group, "connections", "every connection opened and stayed open", status)
}

fn validity(is_valid: bool, reasons: &[String]) -> TestCase {
    let status = if is_valid {
        TestCaseStatus::success()
    } else {
        non_success(NonSuccessKind::Error, "these numbers do not describe the planned load", reasons)
    };
    case(None, "validity", "the run is valid", status)
}

fn is_undecided(text: &str, report: &Report) -> bool {
    text.parse::<Threshold>().is_ok_and(|threshold| matches!(threshold.decide(report), Decision::Undecided(_)))
}

/// The case of a threshold. `obstacle` says why none can be judged, if that is so.
fn threshold(group: Option<&str>, text: &str, report: &Report, obstacle: Option<&str>) -> TestCase {
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
    case(group, "threshold", &visible_part(text, LONGEST), status)
}

/// A case in the class `loadgen.delivery`, or `loadgen.chat.delivery` of a group.
fn case(group: Option<&str>, class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    let group = group.map_or_else(String::new, |group| format!(".{}", visible_part(group, LONGEST)));
    case.set_classname(format!("loadgen{group}.{class}"));
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
