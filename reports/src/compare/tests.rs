use super::*;
use crate::model::{GroupMeasurement, Latency, sample};

/// A passing run with the same response time for every message.
fn run(response_ns: u64) -> Report {
    let mut report = sample::pass();
    report.total.latency.response = Latency::histogram();
    report.total.latency.response.record_n(response_ns, 500_000).unwrap();
    report
}

fn runs_of(responses: &[u64]) -> Vec<Report> {
    responses.iter().map(|ns| run(*ns)).collect()
}

fn gated(gates: &[&str]) -> CompareOptions {
    CompareOptions { gates: gates.iter().map(|gate| gate.parse().unwrap()).collect(), ..CompareOptions::default() }
}

fn row_of<'a>(comparison: &'a Comparison, metric: &str) -> &'a ComparedMetric {
    comparison.rows.iter().find(|row| row.metric.name() == metric).expect("the metric is in the comparison")
}

#[test]
fn one_run_a_side_is_a_ratio_against_its_margin() {
    // 1000 and 1100 have a histogram bucket of their own: exactly 10 % more.
    for (candidate, verdict) in
        [(900, ComparisonVerdict::Pass), (1_100, ComparisonVerdict::Pass), (1_101, ComparisonVerdict::Regression)]
    {
        let comparison = compare(&[run(1_000)], &[run(candidate)], &gated(&["p99=10%"]));
        assert_eq!(comparison.verdict, verdict, "{candidate}");
        assert_eq!(comparison.basis, Basis::Ratio);
        assert!(comparison.notes[0].contains("can't tell noise from change"));
    }
    let comparison = compare(&[run(1_000)], &[run(1_300)], &CompareOptions::default());
    assert_eq!(
        comparison.reasons,
        ["response.p50 regressed: +30.0 %, margin 5 %", "response.p99 regressed: +30.0 %, margin 10 %"]
    );
    assert_eq!(row_of(&comparison, "throughput").finding, Some(MetricFinding::Pass));
    assert_eq!(row_of(&comparison, "response.max").finding, None);
}

#[test]
fn two_or_three_runs_carry_no_interval() {
    for (baseline, candidate) in [(2, 2), (3, 3), (1, 5), (5, 1), (3, 9)] {
        let comparison = compare(&vec![run(1_000); baseline], &vec![run(9_000); candidate], &CompareOptions::default());
        assert_eq!(comparison.verdict, ComparisonVerdict::Inconclusive, "{baseline} {candidate}");
        assert_eq!(comparison.basis, Basis::TooFewRuns { needed: 4 });
        let change = row_of(&comparison, "response.p50").change.unwrap();
        assert!(change.interval.is_none() && change.share > 7.9);
    }
    let options = CompareOptions { confidence: "90%".parse().unwrap(), ..CompareOptions::default() };
    assert_eq!(compare(&runs_of(&[1_000; 3]), &runs_of(&[9_000; 3]), &options).verdict, ComparisonVerdict::Regression);
}

#[test]
fn four_runs_a_side_have_an_interval() {
    let baseline = runs_of(&[1_000, 1_010, 1_020, 1_030]);
    for (candidate, verdict) in [
        ([1_000, 1_012, 1_018, 1_028], ComparisonVerdict::Pass),
        // Around 5 %, the margin.
        ([1_040, 1_060, 1_070, 1_090], ComparisonVerdict::Inconclusive),
        ([1_200, 1_210, 1_220, 1_230], ComparisonVerdict::Regression),
    ] {
        let comparison = compare(&baseline, &runs_of(&candidate), &gated(&["p50=5%"]));
        assert_eq!(comparison.verdict, verdict, "{candidate:?} {:?}", comparison.reasons);
    }
    // The geometric means: the fourth root of the product.
    let comparison = compare(&baseline, &runs_of(&[1_200, 1_210, 1_220, 1_230]), &CompareOptions::default());
    let row = row_of(&comparison, "response.p50");
    assert!((row.baseline.unwrap() - 1_014.938).abs() < 0.01, "{row:?}");
    // ln 1214.948 - ln 1014.938 = 0.17987, which is 19.71 % more; no resample is beyond 1230/1000
    // and 1200/1030.
    let change = row.change.unwrap();
    assert!((change.share - 0.197_07).abs() < 1e-4, "{change:?}");
    let interval = change.interval.unwrap();
    assert!(interval.low >= 1_200.0 / 1_030.0 - 1.0 && interval.low < change.share);
    assert!(interval.high <= 0.23 + 1e-9 && interval.high > change.share);
}

#[test]
fn a_rate_regresses_when_it_falls() {
    let mut slower = run(1_000);
    slower.total.traffic.matched_in_window = slower.total.traffic.matched_in_window * 94 / 100;
    let comparison = compare(&[run(1_000)], &[slower.clone()], &gated(&["throughput=5%"]));
    assert_eq!(comparison.reasons, ["throughput regressed: -6.0 %, margin 5 %"]);
    assert_eq!(compare(&[slower], &[run(1_000)], &gated(&["throughput=5%"])).verdict, ComparisonVerdict::Pass);
}

#[test]
fn every_metric_of_either_side_is_there() {
    let comparison = compare(&[run(1_000)], &[run(1_000)], &CompareOptions::default());
    // 4 series of 5, 4 others; those that decide come first.
    assert_eq!(comparison.rows.len(), 24);
    let first: Vec<String> = comparison.rows.iter().take(4).map(|row| row.metric.name()).collect();
    assert_eq!(first, ["response.p50", "response.p99", "throughput", "response.p90"]);
}

#[test]
fn a_metric_that_one_side_lacks_is_a_failure() {
    let mut closed = run(1_000);
    closed.total.latency.send_lag = Latency::histogram();
    for (baseline, candidate, side) in
        [(run(1_000), closed.clone(), "candidate"), (closed.clone(), run(1_000), "baseline")]
    {
        let comparison = compare(&[baseline], &[candidate], &CompareOptions::default());
        assert_eq!(comparison.verdict, ComparisonVerdict::Missing);
        assert_eq!(comparison.verdict.exit_code(), 1);
        assert_eq!(comparison.reasons[0], format!("send_lag.p50 is missing: not measured in the {side}"));
    }
    let comparison = compare(&[closed.clone()], &[closed.clone()], &CompareOptions::default());
    assert_eq!((comparison.verdict, comparison.rows.len()), (ComparisonVerdict::Pass, 19));
    // A metric that must decide is not left out.
    let comparison = compare(&[closed.clone()], &[closed], &gated(&["send_lag.p99=10%"]));
    assert_eq!(comparison.verdict, ComparisonVerdict::Inconclusive);
    assert_eq!(comparison.reasons, ["send_lag.p99 inconclusive: measured on neither side"]);
}

#[test]
fn too_few_messages_carry_no_verdict_on_a_tail() {
    let mut short = run(1_000);
    short.total.latency.response = Latency::histogram();
    short.total.latency.response.record_n(5_000, 9_999).unwrap();
    let comparison = compare(&[run(1_000)], &[short], &gated(&["p99=10%"]));
    assert_eq!(comparison.verdict, ComparisonVerdict::Inconclusive);
    assert_eq!(
        comparison.reasons,
        [
            "response.p99 refused: a run has 9 999 values, and a verdict on this percentile needs 10 000; a longer --duration \
         gives more"
        ]
    );
}

#[test]
fn a_broken_run_on_either_side_outranks_the_metrics() {
    type Make = fn() -> Report;
    let slow = || run(9_000);
    let table: [(Make, Make, ComparisonVerdict); 7] = [
        (sample::violation, slow, ComparisonVerdict::Delivery),
        (slow, sample::violation, ComparisonVerdict::Delivery),
        (slow, sample::invalid, ComparisonVerdict::Invalid),
        (slow, sample::connections, ComparisonVerdict::Connections),
        (sample::connections, sample::invalid, ComparisonVerdict::Connections),
        (sample::invalid, sample::violation, ComparisonVerdict::Delivery),
        (sample::connections, sample::violation, ComparisonVerdict::Delivery),
    ];
    for (baseline, candidate, verdict) in table {
        let comparison =
            compare(&[baseline()], &[candidate()], &CompareOptions { force: true, ..CompareOptions::default() });
        assert_eq!(comparison.verdict, verdict);
    }
    let comparison = compare(&[run(1_000), sample::invalid()], &[sample::violation()], &CompareOptions::default());
    assert_eq!(comparison.verdict, ComparisonVerdict::Delivery);
    assert!(comparison.reasons[0].starts_with("candidate: 3 of 500 000 messages lost"), "{:?}", comparison.reasons);
    assert!(comparison.reasons.iter().any(|reason| reason.starts_with("baseline, run 2: generator: behind schedule")));
}

#[test]
fn the_thresholds_of_the_files_are_not_judged_again() {
    let mut strict = run(1_000);
    strict.plan.run.thresholds = vec!["p99<1ns".to_owned()];
    assert_eq!(compare(&[run(1_000)], &[strict], &CompareOptions::default()).verdict, ComparisonVerdict::Pass);
}

#[test]
fn runs_that_differ_in_their_plan_are_not_judged_unless_forced() {
    let mut other = run(9_000);
    other.plan.groups[0].clients = 50;
    let comparison = compare(&[run(1_000)], &[other.clone()], &CompareOptions::default());
    assert_eq!((comparison.verdict, comparison.verdict.exit_code()), (ComparisonVerdict::Incomparable, 3));
    assert!(comparison.rows.iter().all(|row| row.finding.is_none()));
    assert_eq!(comparison.reasons, ["incomparable, the runs differ in plan.clients; --force compares all the same"]);
    let comparison = compare(&[run(1_000)], &[other], &CompareOptions { force: true, ..CompareOptions::default() });
    assert_eq!((comparison.verdict, comparison.forced), (ComparisonVerdict::Regression, true));
    assert_eq!(comparison.differences.len(), 1);
    assert!(
        !compare(&[run(1_000)], &[run(1_000)], &CompareOptions { force: true, ..CompareOptions::default() }).forced
    );
}

#[test]
fn without_runs_there_is_no_verdict() {
    assert_eq!(
        compare(&[], &[run(1_000)], &CompareOptions { force: true, ..CompareOptions::default() }).verdict,
        ComparisonVerdict::Missing
    );
    assert_eq!(compare(&[], &[], &CompareOptions::default()).verdict, ComparisonVerdict::Inconclusive);
}

#[test]
fn a_change_that_the_generator_may_have_made_is_inconclusive() {
    let of = |response_ns: u64, floor_ns: u64| {
        let mut report = run(1_000);
        (report.total.latency.response, report.total.latency.floor) = (Latency::histogram(), Latency::histogram());
        report.total.latency.response.record_n(response_ns, 10_000).unwrap();
        report.total.latency.floor.record_n(floor_ns, 10_000).unwrap();
        report
    };
    let (fast, same) = (of(1_000_000, 990_000), of(1_050_000, 1_040_000));
    let verdict = |candidate: Report| compare(std::slice::from_ref(&fast), &[candidate], &gated(&["p99=10%"])).verdict;
    assert_eq!(verdict(same), ComparisonVerdict::Pass);
    assert_eq!(verdict(of(2_000_000, 1_990_000)), ComparisonVerdict::Regression);
    assert_eq!(verdict(of(2_000_000, 1_500_000)), ComparisonVerdict::Regression, "the target by itself is 50 % slower");
    assert_eq!(verdict(of(2_000_000, 1_000_000)), ComparisonVerdict::Inconclusive);
    // The load costs the generator the same on both sides.
    let (marked, slower) = (of(1_000_000, 500_000), of(2_000_000, 1_000_000));
    let both = compare(&[marked], &[slower], &gated(&["p99=10%"]));
    assert_eq!(both.verdict, ComparisonVerdict::Regression);
}

/// A run of two groups with these response times and as many messages.
fn grouped(groups: [(&str, u64); 2]) -> Report {
    let mut report = run(0);
    let half = report.total.clone();
    report.total.measured += half.measured;
    report.total.warmup += half.warmup;
    report.total.connections += &half.connections;
    report.total.latency.response.reset();
    for (name, response_ns) in groups {
        let mut measurement = half.clone();
        measurement.latency.response.reset();
        measurement.latency.response.record_n(response_ns, 500_000).unwrap();
        report.total.latency.response.add(&measurement.latency.response).unwrap();
        report.groups.push(GroupMeasurement { name: name.to_owned(), measurement });
    }
    report
}

#[test]
fn groups_are_compared_one_by_one() {
    let baseline = [grouped([("chat", 1_000), ("slow", 9_000)])];
    let candidate = [grouped([("chat", 1_500), ("slow", 9_000)])];
    let comparison = compare(&baseline, &candidate, &gated(&["p99=10%"]));
    assert_eq!(comparison.verdict, ComparisonVerdict::Pass, "the slower half decides the total");
    let names: Vec<String> = comparison.rows.iter().map(|row| row.metric.name()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("chat.")).count(), 7);
    assert_eq!(names.last().unwrap(), "slow.dropped");
    let row = row_of(&comparison, "chat.response.p99");
    assert_eq!((row.baseline, row.candidate, row.finding), (Some(1_000.0), Some(1_500.0), None));
    assert_eq!(row_of(&comparison, "slow.response.p99").change.unwrap().text(), "+0.0 %");
    let comparison = compare(&baseline, &candidate, &gated(&["p99=10%", "chat.p99=10%"]));
    assert_eq!(comparison.reasons, ["chat.response.p99 regressed: +50.0 %, margin 10 %"]);
    assert_eq!(comparison.rows[1].metric.name(), "chat.response.p99");
}

#[test]
fn one_group_is_compared_once() {
    let comparison = compare(&[run(1_000)], &[run(1_000)], &CompareOptions::default());
    assert!(comparison.rows.iter().all(|row| row.metric.group().is_none()));
}

#[test]
fn a_group_that_is_on_one_side_is_missing_where_it_decides() {
    let (baseline, candidate) =
        (grouped([("chat", 1_000), ("slow", 9_000)]), grouped([("chat", 1_000), ("new", 9_000)]));
    let options = CompareOptions { force: true, ..gated(&["slow.p99=10%"]) };
    let comparison = compare(&[baseline], &[candidate], &options);
    assert_eq!(comparison.verdict, ComparisonVerdict::Missing);
    assert_eq!(comparison.reasons, ["slow.response.p99 is missing: not measured in the candidate"]);
    let groups: Vec<_> = comparison.rows.iter().filter_map(|row| row.metric.group()).collect();
    assert!(groups[1..].iter().all(|group| group.as_str() == "chat"), "{groups:?}");
}

#[test]
fn runs_of_several_processes_and_parts_of_runs_are_named() {
    let notes = |baseline: &Report, candidate: &Report| {
        let one = std::slice::from_ref;
        compare(one(baseline), one(candidate), &CompareOptions::default()).notes[1..].to_vec()
    };
    assert_eq!(notes(&sample::pass(), &sample::pass()), [""; 0]);
    assert_eq!(notes(&sample::merged(), &sample::merged()), [""; 0]);
    let other = notes(&sample::pass(), &sample::merged());
    assert!(other[0].starts_with("the baseline had 1 process and the candidate 4 shards: "), "{other:?}");
    let parts = notes(&sample::shard(), &sample::shard());
    assert!(parts[0].starts_with("these are no whole runs: shard 2 of 4 is a part, "), "{parts:?}");
}
