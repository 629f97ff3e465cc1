use proptest::prelude::*;
use quick_junit::Report as Xml;

use super::*;
use crate::{
    judge::judge,
    model::{Anomalies, Counts, Tally, sample},
    render::rendered,
};

/// The suites, read back from what was written.
fn suites(report: &Report, judgement: &Judgement) -> Vec<TestSuite> {
    let mut out = Vec::new();
    Junit.render(report, judgement, &mut out).unwrap();
    let xml = Xml::deserialize_from_str(std::str::from_utf8(&out).unwrap()).unwrap();
    let sum = |of: fn(&TestSuite) -> usize| xml.test_suites.iter().map(of).sum::<usize>();
    assert_eq!((xml.tests, xml.failures), (sum(|suite| suite.tests), sum(|suite| suite.failures)));
    assert_eq!(xml.errors, sum(|suite| suite.errors));
    xml.test_suites
}

/// The one suite of a run with one group.
fn suite(report: &Report, judgement: &Judgement) -> TestSuite {
    let [suite] = <[TestSuite; 1]>::try_from(suites(report, judgement)).unwrap();
    suite
}

fn judged(report: &Report) -> TestSuite {
    let thresholds: Vec<Threshold> = report.plan.run.thresholds.iter().filter_map(|text| text.parse().ok()).collect();
    suite(report, &judge(report, &thresholds))
}

fn status<'a>(suite: &'a TestSuite, name: &str) -> &'a TestCaseStatus {
    &suite.test_cases.iter().find(|case| case.name.as_str() == name).unwrap().status
}

/// The kind and message of a case that did not succeed.
fn failure<'a>(suite: &'a TestSuite, name: &str) -> (NonSuccessKind, &'a str) {
    match status(suite, name) {
        TestCaseStatus::NonSuccess { kind, message, .. } => (*kind, message.as_ref().unwrap().as_str()),
        other => panic!("{name}: {other:?}"),
    }
}

fn with_thresholds(mut report: Report, thresholds: &[&str]) -> Report {
    report.plan.run.thresholds = thresholds.iter().map(|text| (*text).to_owned()).collect();
    report
}

#[test]
fn connections_through_a_proxy() {
    insta::assert_snapshot!(rendered(&Junit, &sample::connected()));
}

#[test]
fn merged_shards() {
    insta::assert_snapshot!(rendered(&Junit, &with_thresholds(sample::merged(), &["p99<5ms"])));
}

#[test]
fn thresholds_of_a_shard_are_skipped() {
    let report = with_thresholds(sample::shard(), &["p99<5ms", "p99<1ns"]);
    let suite = suite(&report, &judge(&report, &[]));
    for threshold in ["p99<5ms", "p99<1ns"] {
        assert!(matches!(status(&suite, threshold), TestCaseStatus::Skipped { .. }));
    }
    assert_eq!((suite.failures, suite.errors), (0, 0));
    assert!(
        suite.properties.iter().any(|one| one.name.as_str() == "shard" && one.value.as_str().starts_with("2 of 4"))
    );
}

#[test]
fn a_clean_pass() {
    let report = with_thresholds(sample::pass(), &["p99<5ms", "throughput>=49000"]);
    insta::assert_snapshot!(rendered(&Junit, &report));
}

#[test]
fn a_missed_threshold() {
    insta::assert_snapshot!(rendered(&Junit, &with_thresholds(sample::pass(), &["p99<100us", "throughput>=49k"])));
}

#[test]
fn a_delivery_violation_with_evidence() {
    insta::assert_snapshot!(rendered(&Junit, &with_thresholds(sample::violation(), &["p99<5ms"])));
}

#[test]
fn an_invalid_run() {
    let mut report = with_thresholds(sample::connections(), &["p99<5ms", "p99<1ns"]);
    let died = Evidence {
        kind: crate::model::EvidenceKind::Died,
        detail: Some("reset by peer".to_owned()),
        ..Evidence::default()
    };
    report.total.evidence.push(died);
    insta::assert_snapshot!(rendered(&Junit, &report));
}

#[test]
fn two_groups() {
    let report = with_thresholds(sample::two_groups(), &["p99<5ms", "slow.p99<1us", "chat.lost==0"]);
    insta::assert_snapshot!(rendered(&Junit, &report));
}

#[test]
fn a_fault_of_a_group_fails_once_and_in_its_suite() {
    let mut report = sample::two_groups();
    report.groups[1].measurement.connections.died = 1;
    report.total.connections.died = 1;
    let suites = suites(&report, &judge(&report, &[]));
    let failed: Vec<_> = suites.iter().map(|suite| (suite.name.as_str(), suite.failures, suite.errors)).collect();
    assert_eq!(failed, [("loadgen", 0, 0), ("loadgen.chat", 1, 0), ("loadgen.slow", 1, 0)]);
    assert_eq!(failure(&suites[1], "lost").1, "lost: 2");
    assert_eq!(failure(&suites[2], "every connection opened and stayed open").0, NonSuccessKind::Failure);
}

#[test]
fn a_hostile_group_name_is_visible() {
    let mut report = sample::two_groups();
    report.groups[0].name = "\u{1b}]]>\"<testsuite name='x'>\n|,\u{202e}".to_owned();
    let judgement = judge(&report, &[]);
    let suites = suites(&report, &judgement);
    assert_eq!(suites.len(), 3);
    let shown = format!("loadgen.{}", visible(&report.groups[0].name));
    assert_eq!(suites[1].name.as_str(), shown);
    assert_eq!(suites[1].test_cases[0].classname.as_ref().unwrap().as_str(), format!("{shown}.delivery"));
}

#[test]
fn thresholds_of_an_invalid_run_are_skipped() {
    let mut report = with_thresholds(sample::violation(), &["p99<5ms"]);
    report.generator.busiest_worker = 0.99;
    let suite = judged(&report);
    assert!(matches!(status(&suite, "p99<5ms"), TestCaseStatus::Skipped { .. }));
    assert_eq!(failure(&suite, "the run is valid").0, NonSuccessKind::Error);
    assert_eq!(failure(&suite, "lost"), (NonSuccessKind::Failure, "lost: 3"));
    assert_eq!(failure(&suite, "unexpected").1, "unexpected: 0 in the measured phase, 1 in the warm-up");
}

#[test]
fn what_was_not_measured_is_a_failure() {
    let suite = judged(&with_thresholds(sample::closed(), &["send_lag.p99<1ms"]));
    let expected = "threshold send_lag.p99<1ms missed: nothing was measured for it";
    assert_eq!(failure(&suite, "send_lag.p99<1ms"), (NonSuccessKind::Failure, expected));
}

#[test]
fn a_threshold_of_another_version_is_skipped() {
    let suite = judged(&with_thresholds(sample::pass(), &["p99 is fine"]));
    assert!(matches!(status(&suite, "p99 is fine"), TestCaseStatus::Skipped { .. }));
}

#[test]
fn a_verdict_that_nothing_explains_is_a_case_of_its_own() {
    let report = sample::pass();
    for verdict in [Verdict::Threshold, Verdict::Delivery] {
        let judgement = Judgement { verdict, reasons: vec!["stricter then".to_owned()], ..judge(&report, &[]) };
        let suite = suite(&report, &judgement);
        assert_eq!((suite.failures, suite.errors), (1, 0));
        assert_eq!(failure(&suite, "the verdict is a pass").0, NonSuccessKind::Failure);
    }
    let judgement = Judgement { verdict: Verdict::Connections, reasons: vec!["why".to_owned()], ..judge(&report, &[]) };
    let lost = suite(&report, &judgement);
    assert_eq!(failure(&lost, "every connection opened and stayed open").0, NonSuccessKind::Failure);
    assert_eq!((lost.failures, lost.errors), (1, 0));
    let judgement = Judgement { verdict: Verdict::Invalid, reasons: vec!["why".to_owned()], ..judge(&report, &[]) };
    let suite = suite(&report, &judgement);
    assert_eq!(failure(&suite, "the run is valid").0, NonSuccessKind::Error);
    assert_eq!((suite.failures, suite.errors), (0, 1));
}

#[test]
fn a_pass_that_the_numbers_contradict_is_refused() {
    let judgement = judge(&sample::pass(), &[]);
    for report in [sample::violation(), sample::invalid(), with_thresholds(sample::pass(), &["p50<1ns"])] {
        let error = Junit.render(&report, &judgement, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().starts_with("the verdict is a pass, but "), "{error}");
    }
}

#[test]
fn times_that_are_none_are_left_out() {
    let mut report = sample::pass();
    report.started_at = "soon".to_owned();
    let mut judgement = judge(&report, &[]);
    report.measured_s = -1.0;
    judgement.verdict = Verdict::Pass;
    let suite = suite(&report, &judgement);
    assert_eq!((suite.timestamp, suite.time), (None, None));
    let timed = judged(&sample::pass());
    assert_eq!(timed.timestamp.unwrap().to_rfc3339(), "2026-01-02T03:04:05+00:00");
    assert_eq!(timed.time, Some(Duration::from_secs(10)));
}

#[test]
fn foreign_text_is_visible_and_bounded() {
    let hostile = "\u{1b}[31m]]></failure><testcase name=\"x\"/>&\u{0}\u{fffe}\u{202e}\n\t'".to_owned();
    let mut report = with_thresholds(sample::violation(), &[&hostile]);
    report.target.url.clone_from(&hostile);
    report.environment.version = "v".repeat(5000);
    report.started_at.clone_from(&hostile);
    for evidence in &mut report.total.evidence {
        evidence.peer.clone_from(&hostile);
        evidence.received = Some(hostile.clone());
        evidence.detail = Some("d".repeat(1_000_000));
    }
    report.total.evidence = vec![report.total.evidence; 100].concat();
    let mut judgement = judge(&report, &[]);
    judgement.reasons.extend(vec![hostile.clone(); 1000]);
    let mut out = Vec::new();
    Junit.render(&report, &judgement, &mut out).unwrap();
    assert!(out.len() < 200_000, "{}", out.len());
    let text = String::from_utf8(out).unwrap();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && !['\u{fffe}', '\u{202e}'].contains(&c)));
    let suite = suite(&report, &judgement);
    let visible = visible(&hostile);
    assert_eq!(suite.test_cases.len(), 3 + 10 + 2 + 1, "no element comes from a text");
    assert_eq!(suite.test_cases.last().unwrap().name.as_str(), visible);
    assert_eq!(suite.properties[0].value.as_str(), visible);
    let TestCaseStatus::NonSuccess { description, .. } = status(&suite, "corrupted") else { panic!("it failed") };
    assert!(description.as_ref().unwrap().lines().any(|line| line == format!("  received {visible}")));
}

fn tallies() -> impl Strategy<Value = Tally> {
    // Mostly nothing, so that a pass is among them.
    let few = || prop_oneof![9 => Just(0_u64), 1 => 1..3_u64];
    (proptest::array::uniform4(few()), proptest::array::uniform11(few())).prop_map(|(fates, found)| {
        let [lost, damaged, misrouted, undetermined] = fates;
        let [found @ .., gaps] = found;
        let [duplicated, reordered, coalesced, split, split_pieces, truncated, corrupted, wrong_type, m, unexpected] =
            found;
        let matched = 1000;
        let sent = matched + fates.iter().sum::<u64>();
        let events = matched + found.iter().sum::<u64>() - reordered - split;
        let counts = Counts { matched, lost, damaged, misrouted, undetermined, events, ..Counts::default() };
        let counts = Counts { scheduled: sent, sent, ..counts };
        let anomalies = Anomalies {
            duplicated,
            reordered,
            coalesced,
            split,
            split_pieces,
            truncated,
            corrupted,
            wrong_type,
            misrouted_events: m,
            unexpected,
            gaps,
        };
        Tally { counts, anomalies, ..Tally::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_pass_is_exactly_no_failure_and_no_error(
        measured in tallies(),
        warmup in tallies(),
        busy in prop_oneof![3 => Just(0.3), 1 => Just(0.99)],
        thresholds in proptest::sample::subsequence(vec!["p99<5ms", "p99<1ns", "lost==0", "not one"], 0..3),
    ) {
        let mut report = with_thresholds(sample::pass(), &thresholds);
        (report.total.measured, report.total.warmup, report.generator.busiest_worker) = (measured, warmup, busy);
        let parsed: Vec<Threshold> = thresholds.iter().filter_map(|text| text.parse().ok()).collect();
        let judgement = judge(&report, &parsed);
        let suite = suite(&report, &judgement);
        prop_assert_eq!(judgement.verdict == Verdict::Pass, suite.failures + suite.errors == 0, "{:?}", judgement);
        prop_assert_eq!(matches!(judgement.verdict, Verdict::Invalid), suite.errors > 0 && suite.failures == 0);
    }
}
