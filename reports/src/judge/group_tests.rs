use proptest::prelude::*;

use super::*;
use crate::model::{GroupMeasurement, GroupRecord, Tally, sample};

type Change = fn(&mut Measurement);

/// A passing run of groups with these measurements.
fn run_of(groups: Vec<(&str, Measurement)>) -> Report {
    let mut report = sample::closed();
    let plan = report.plan.groups.remove(0);
    for (name, measurement) in groups {
        report.plan.groups.push(GroupRecord { name: name.to_owned(), ..plan.clone() });
        report.groups.push(GroupMeasurement { name: name.to_owned(), measurement });
    }
    total(&mut report);
    report
}

/// A passing run of two groups, with as many messages each.
fn two_groups() -> Report {
    let group = sample::closed().total;
    run_of(vec![("chat", group.clone()), ("slow", group)])
}

/// Makes the total the sum of the groups.
fn total(report: &mut Report) {
    let mut total = Measurement::default();
    for GroupMeasurement { measurement, .. } in &report.groups {
        total.measured += measurement.measured;
        total.warmup += measurement.warmup;
        total.connections += &measurement.connections;
        total.traffic += measurement.traffic;
        total.latency.response.add(&measurement.latency.response).unwrap();
        total.latency.floor.add(&measurement.latency.floor).unwrap();
    }
    report.total = total;
}

fn reasons(report: &Report) -> Vec<String> {
    judge(report, &[]).reasons
}

#[test]
fn each_reason_names_its_group_once() {
    let mut report = two_groups();
    assert_eq!(judge(&report, &[]).verdict, Verdict::Pass);
    let [chat, slow] = &mut report.groups[..] else { panic!("two groups") };
    (chat.measurement.measured.counts.matched, chat.measurement.measured.counts.events) = (0, 0);
    chat.measurement.measured.counts.lost = chat.measurement.measured.counts.sent;
    let counts = &mut slow.measurement.warmup.counts;
    (counts.scheduled, counts.sent, counts.matched, counts.lost, counts.events) = (10, 10, 9, 1, 9);
    slow.measurement.connections.died = 1;
    slow.measurement.connections.errors.insert("reset".to_owned(), 1);
    slow.measurement.connections.errors.insert("no_port".to_owned(), 2);
    slow.measurement.connections.failed = 2;
    total(&mut report);
    insta::assert_snapshot!(reasons(&report).join("\n"));
}

#[test]
fn the_books_of_each_group_and_of_their_sum_must_balance() {
    let mut report = two_groups();
    report.groups[1].measurement.warmup.counts.scheduled += 1;
    total(&mut report);
    let unbalanced = "slow: warm-up: the books do not balance, a bug of the generator: scheduled = sent + dropped";
    assert!(reasons(&report)[0].starts_with(unbalanced), "{:?}", reasons(&report));

    let mut report = two_groups();
    report.total.measured.counts.sent += 1;
    report.total.measured.counts.scheduled += 1;
    report.total.measured.counts.lost += 1;
    let judgement = judge(&report, &[]);
    assert_eq!(judgement.verdict, Verdict::Delivery, "what is lost in total is lost");
    let unbalanced =
        "the books do not balance, a bug of the generator: scheduled = the sum over the groups does not hold";
    assert!(judgement.reasons.iter().any(|reason| reason.starts_with(unbalanced)), "{:?}", judgement.reasons);

    let changes: [(&str, Change); 4] = [
        ("warm-up: lost", |total| total.warmup.counts.lost += 1),
        ("behind_schedule", |total| total.measured.dropped.behind_schedule += 1),
        ("duplicated", |total| total.measured.anomalies.duplicated += 1),
        ("died", |total| total.connections.died += 1),
    ];
    for (name, change) in changes {
        let mut report = two_groups();
        assert_eq!(group_sums(&report), Ok(()));
        change(&mut report.total);
        let breach = group_sums(&report).unwrap_err();
        assert_eq!(breach.identity, format!("{name} = the sum over the groups"));
    }
}

#[test]
fn a_group_that_sent_nothing_makes_the_run_invalid() {
    let mut report = two_groups();
    report.groups[0].measurement.measured = Tally::default();
    total(&mut report);
    assert_eq!(reasons(&report), ["chat: nothing was measured: 0 messages sent in the measured phase"]);
}

#[test]
fn sums_beyond_the_range_are_a_breach_not_a_panic() {
    let mut report = two_groups();
    for group in &mut report.groups {
        group.measurement.measured.counts.lost = u64::MAX;
    }
    assert_eq!(group_sums(&report).unwrap_err().right, u64::MAX);
    assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
}

/// A small group: messages matched and lost, anomalies, connections that died.
fn group() -> impl Strategy<Value = Measurement> {
    (1..1000_u64, 0..3_u64, 0..3_u64, 0..3_u64).prop_map(|(matched, lost, unexpected, died)| {
        let mut group = Measurement::default();
        let counts = &mut group.measured.counts;
        counts.sent = matched + lost;
        counts.scheduled = counts.sent;
        (counts.matched, counts.lost, counts.events) = (matched, lost, matched + unexpected);
        group.measured.anomalies.unexpected = unexpected;
        (group.connections.requested, group.connections.opened, group.connections.died) = (10, 10, died);
        group
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The verdict on groups together is the worst of theirs, and each reason is the one that the
    /// group has by itself, behind its name.
    #[test]
    fn groups_are_judged_together_as_by_themselves(groups in prop::collection::vec(group(), 2..5)) {
        let mut one = sample::closed();
        let mut alone = Vec::new();
        for group in &groups {
            one.total = group.clone();
            alone.push(judge(&one, &[]));
        }
        let report = run_of(["a", "b", "c", "d"].into_iter().zip(groups).collect());
        let together = judge(&report, &[]);
        let worst = alone.iter().map(|judgement| judgement.verdict).min_by_key(|verdict| verdict.exit().rank());
        prop_assert_eq!(Some(together.verdict), worst);
        // The remedy for lost messages stands in the first reason only.
        let bare = |reason: &str| reason.split("; --drain").next().unwrap_or_default().to_owned();
        let mut expected: Vec<String> = report
            .groups
            .iter()
            .zip(&alone)
            .flat_map(|(group, alone)| alone.reasons.iter().map(|reason| bare(&format!("{}: {reason}", group.name))))
            .collect();
        let mut found: Vec<String> = together.reasons.iter().map(|reason| bare(reason)).collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
