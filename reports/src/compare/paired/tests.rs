use super::*;
use crate::{
    compare::{Measured, MetricFinding},
    judge,
    model::sample,
};

/// A run with these values of the declared metrics and as many messages as any of them needs.
fn run(values: &[f64]) -> Observation {
    let values = values.iter().map(|value| Measured { value: Some(*value), messages: 1_000_000 }).collect();
    Observation { values, verdict: judge::Verdict::Pass, reasons: Vec::new() }
}

/// Pairs in which the candidate is worse by these differences of logarithms, one list a metric
/// (latencies).
fn pairs(differences: &[&[f64]]) -> Vec<(Observation, Observation)> {
    (0..differences[0].len())
        .map(|pair| {
            let values: Vec<f64> = differences.iter().map(|metric| metric[pair].exp() * 1e5).collect();
            (run(&vec![1e5; differences.len()]), run(&values))
        })
        .collect()
}

fn test(gates: &[&str], pairs: u32, max_pairs: u32) -> PairedTest {
    let gates = gates.iter().map(|gate| gate.parse().unwrap()).collect();
    PairedTest::new(gates, Confidence::default(), pairs, max_pairs).unwrap()
}

fn findings(outcome: &PairedComparison) -> Vec<&'static str> {
    outcome.rows.iter().map(|row| row.finding.unwrap().name()).collect()
}

/// Mean 0 and standard deviation 1, times `sd`, plus `mean`. Squares: 2 (2.25 + 0.25) = 5 over 4 -
/// 1 is 5/3.
fn four(mean: f64, sd: f64) -> Vec<f64> {
    [-1.5, -0.5, 0.5, 1.5].map(|value| mean + sd * value / (5.0_f64 / 3.0).sqrt()).to_vec()
}

#[test]
fn the_interval_by_hand() {
    // sd 0.02, n 4: standard error 0.01; t(0.975; 3) = 3.18245: 0.1 ± 0.0318245 in logarithms.
    let differences = four(0.1, 0.02);
    let outcome = test(&["p50=5%"], 4, 4).judge(&pairs(&[&differences]), 0);
    let change = outcome.rows[0].change.unwrap();
    let interval = change.interval.unwrap();
    assert!((change.share - (0.1_f64.exp() - 1.0)).abs() < 1e-9);
    assert!((interval.low - (0.068_175_5_f64.exp() - 1.0)).abs() < 1e-5, "{interval:?}");
    assert!((interval.high - (0.131_824_5_f64.exp() - 1.0)).abs() < 1e-5, "{interval:?}");
    assert!((interval.confidence - 0.95).abs() < 1e-12);
    // The margin ln 1.05 = 0.04879 is below 0.0682, and the least difference is 0.1 - 0.0232 =
    // 0.0768: a regression.
    assert_eq!((outcome.verdict, outcome.rows[0].p_value), (ComparisonVerdict::Regression, Some(1.0 / 16.0)));
    // With 4 pairs all must be beyond the margin. In 400 000 drawn tests, by another program, 80 %
    // had that and the interval from a shift of 2.1303 standard deviations on: ln 1.05 + 2.1303 *
    // 0.02 = 0.0914, which is 9.57 % more.
    assert!((outcome.rows[0].detectable.unwrap() - 0.095_7).abs() < 1e-3, "{:?}", outcome.rows[0].detectable);
    assert_eq!(outcome.reasons, ["response.p50 regressed: +10.5 % (+7.1 to +14.1 %), margin 5 %"]);
}

#[test]
fn the_place_of_the_interval_decides_the_finding() {
    for (mean, finding) in
        [(-0.3, "pass"), (0.0, "pass"), (0.03, "inconclusive"), (0.06, "inconclusive"), (0.1, "regression")]
    {
        let outcome = test(&["p50=5%"], 4, 4).judge(&pairs(&[&four(mean, 0.02)]), 0);
        assert_eq!(findings(&outcome), [finding], "{mean}");
        assert!(!outcome.needs_more);
    }
    let outcome = test(&["p50=5%"], 4, 4).judge(&pairs(&[&four(0.03, 0.02)]), 0);
    assert_eq!(outcome.reasons, ["response.p50 inconclusive: the margin of 5 % is inside of the interval"]);
    assert_eq!(outcome.verdict.exit_code(), 3);
}

#[test]
fn a_rate_is_worse_when_it_falls() {
    let pair = |b: f64| (run(&[1_000.0]), run(&[b]));
    let pairs = [pair(899.0), pair(901.0), pair(900.0), pair(900.0)];
    let outcome = test(&["throughput=5%"], 4, 4).judge(&pairs, 0);
    assert_eq!(outcome.verdict, ComparisonVerdict::Regression);
    let row = &outcome.rows[0];
    assert!((row.change.unwrap().share + 0.1).abs() < 1e-4, "{row:?}");
    // The change that can be found is a fall of a little more than 5 %.
    assert!((-0.06..-0.05).contains(&row.detectable.unwrap()), "{row:?}");
    let faster: Vec<_> = pairs.into_iter().map(|(a, b)| (b, a)).collect();
    assert_eq!(test(&["throughput=5%"], 4, 4).judge(&faster, 0).verdict, ComparisonVerdict::Pass);
}

#[test]
fn metrics_step_down() {
    // n 4, error 0.05 over two metrics: t(0.9875; 3) = 4.17653; alone again: t(0.975; 3) = 3.18245.
    // Margins of 0. Standard error 0.01. The second has its mean between the two: it regresses only
    // once the first has.
    let (strong, weak, none) = (four(0.2, 0.02), four(0.036, 0.02), four(-0.2, 0.02));
    let both = test(&["p50=0%", "p99=0%"], 4, 4);
    let outcome = both.judge(&pairs(&[&strong, &weak]), 0);
    assert_eq!(findings(&outcome), ["regression", "regression"]);
    let confidences: Vec<f64> =
        outcome.rows.iter().map(|row| row.change.unwrap().interval.unwrap().confidence).collect();
    assert!((confidences[0] - 0.975).abs() < 1e-12 && (confidences[1] - 0.95).abs() < 1e-12, "{confidences:?}");
    assert_eq!(findings(&both.judge(&pairs(&[&none, &weak]), 0)), ["pass", "inconclusive"]);
    // Two metrics that are each too weak for half of the error do not help each other.
    assert_eq!(findings(&both.judge(&pairs(&[&weak, &weak]), 0)), ["inconclusive", "inconclusive"]);
    assert_eq!(findings(&test(&["p50=0%"], 4, 4).judge(&pairs(&[&weak]), 0)), ["regression"]);
}

#[test]
fn the_error_is_divided_over_planned_looks() {
    let weak = four(0.036, 0.02);
    // t(0.9875; 3) = 4.17653 again, with one metric and two looks.
    let outcome = test(&["p50=0%"], 4, 8).judge(&pairs(&[&weak]), 0);
    assert_eq!((findings(&outcome), outcome.needs_more, outcome.look), (vec!["inconclusive"], true, 1));
    assert!((outcome.rows[0].change.unwrap().interval.unwrap().confidence - 0.975).abs() < 1e-12);
    let outcome = test(&["p50=0%"], 4, 8).judge(&pairs(&[&[weak.clone(), weak].concat()]), 0);
    assert_eq!((findings(&outcome), outcome.needs_more, outcome.look), (vec!["regression"], false, 2));
    let notes = outcome.notes();
    assert!(notes[0].ends_with("corrected for 2 planned looks (Bonferroni), after 4, 8 pairs"), "{notes:?}");
}

#[test]
fn looks_are_multiples_and_the_maximum() {
    for (first, most, looks) in [(10, 30, vec![10, 20, 30]), (10, 10, vec![10]), (10, 25, vec![10, 20, 25])] {
        assert_eq!(test(&["p50=5%"], first, most).looks(), looks);
    }
    let test = test(&["p50=5%"], 10, 25);
    for (n, next) in [(0, Some(10)), (9, Some(10)), (10, Some(20)), (20, Some(25)), (25, None)] {
        assert_eq!(test.next_look(n), next);
    }
    for (n, look) in [(7, 1), (10, 1), (11, 2), (20, 2), (25, 3)] {
        assert_eq!(test.judge(&pairs(&[&vec![0.0; n]]), 0).look, look, "{n}");
    }
}

#[test]
fn the_signs_must_agree_with_the_interval() {
    // Six pairs: 2^-6 = 0.0156 is below 0.025, so the p-value decides. One difference is a little
    // below 0 and the others far above: interval 0.1 ± t(0.975; 5) * sd / √6, all above 0; of 64
    // combinations of signs 2 reach the sum: 0.03125.
    let differences = [0.12, 0.12, 0.12, 0.12, 0.125, -0.005];
    let outcome = test(&["p50=0%"], 6, 6).judge(&pairs(&[&differences]), 0);
    assert_eq!(findings(&outcome), ["inconclusive"]);
    assert!((outcome.rows[0].p_value.unwrap() - 2.0 / 64.0).abs() < 1e-12);
    let note = outcome.rows[0].note.clone().unwrap();
    let doubt = "the sign-flip test is not sure: p = 3.12 %, and 2.50 % is the most";
    assert_eq!(note, format!("the interval is beyond the margin of 0 %, but {doubt}"));
    let differences = [0.12, 0.12, 0.12, 0.12, 0.125, 0.005];
    assert_eq!(findings(&test(&["p50=0%"], 6, 6).judge(&pairs(&[&differences]), 0)), ["regression"]);
}

#[test]
fn few_pairs_must_all_be_beyond_the_margin() {
    // Four pairs and an error of 0.12: 2^-4 = 0.0625 can't reach 0.06. Mean 0.10965, sd 0.0407,
    // standard error 0.02035, t(0.94; 3) = 2.17: the interval begins at 0.0655, beyond ln 1.05 =
    // 0.04879 in both cases.
    let test = PairedTest::new(vec!["p50=5%".parse().unwrap()], "88%".parse().unwrap(), 4, 4).unwrap();
    for (least, finding) in [(0.0486, "inconclusive"), (0.0489, "regression")] {
        let outcome = test.judge(&pairs(&[&[least, 0.13, 0.13, 0.13]]), 0);
        assert!(outcome.rows[0].change.unwrap().interval.unwrap().low > 0.0655, "{:?}", outcome.rows);
        assert_eq!(findings(&outcome), [finding], "{least}");
    }
}

#[test]
fn more_pairs_do_not_help_a_percentile_without_messages() {
    let mut few = pairs(&[&four(0.0, 0.001), &four(0.0, 0.001)]);
    few[2].1.values[1].messages = 9_999;
    let outcome = test(&["p50=5%", "p99=10%"], 4, 8).judge(&few, 0);
    assert_eq!(outcome.rows[1].finding, Some(MetricFinding::Refused { messages: 9_999, needed: 10_000 }));
    assert_eq!(
        (findings(&outcome)[0], outcome.verdict, outcome.needs_more),
        ("pass", ComparisonVerdict::Inconclusive, false)
    );
}

#[test]
fn a_missing_metric_is_a_failure() {
    let mut gone = pairs(&[&four(0.0, 0.001)]);
    gone[3].1.values[0].value = None;
    let outcome = test(&["p50=5%"], 4, 8).judge(&gone, 0);
    assert_eq!(
        (outcome.verdict, outcome.verdict.exit_code(), outcome.needs_more),
        (ComparisonVerdict::Missing, 1, false)
    );
    assert_eq!(outcome.reasons, ["response.p50 is missing: not measured in run 4 of the candidate"]);
    for (a, _) in &mut gone {
        a.values[0].value = None;
    }
    for (_, b) in &mut gone {
        b.values[0].value = None;
    }
    let outcome = test(&["p50=5%"], 4, 8).judge(&gone, 0);
    assert_eq!((outcome.verdict, outcome.needs_more), (ComparisonVerdict::Inconclusive, false));
}

#[test]
fn a_run_that_broke_outranks_the_metrics() {
    let gates: Vec<Gate> = Gate::defaults();
    let good = Observation::of(&sample::pass(), &gates);
    let test = PairedTest::new(gates.clone(), Confidence::default(), 3, 3).unwrap();
    let mut pairs = vec![(good.clone(), good.clone()); 3];
    assert_eq!(test.judge(&pairs, 0).verdict, ComparisonVerdict::Pass);
    pairs[0].0 = Observation::of(&sample::invalid(), &gates);
    assert_eq!(test.judge(&pairs, 0).verdict, ComparisonVerdict::Invalid);
    pairs[2].1 = Observation::of(&sample::violation(), &gates);
    let outcome = test.judge(&pairs, 0);
    assert_eq!((outcome.verdict, outcome.needs_more), (ComparisonVerdict::Delivery, false));
    assert!(outcome.reasons[0].starts_with("pair 3, candidate: 3 of 500 000 messages lost"), "{:?}", outcome.reasons);
    assert!(outcome.reasons.iter().any(|reason| reason.starts_with("pair 1, baseline: generator: ")));
}

#[test]
fn without_pairs_or_with_one_nothing_can_be_told() {
    let test = test(&["p50=5%"], 4, 4);
    for (pairs, note) in
        [(Vec::new(), "measured on neither side"), (pairs(&[&[0.5]]), "one pair does not say how much pairs vary")]
    {
        let outcome = test.judge(&pairs, 0);
        assert_eq!((findings(&outcome), outcome.verdict), (vec!["inconclusive"], ComparisonVerdict::Inconclusive));
        assert_eq!(outcome.rows[0].note.as_deref(), Some(note));
    }
}

#[test]
fn a_test_must_be_able_to_decide() {
    let new = |gates: &[&str], pairs, max_pairs| {
        let gates = gates.iter().map(|gate| gate.parse().unwrap()).collect();
        PairedTest::new(gates, Confidence::default(), pairs, max_pairs).map(drop).map_err(|error| error.to_string())
    };
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(new(&[], 10, 10), refused("a test needs at least one metric that decides"));
    assert_eq!(new(&["p50=5%", "response.p50=7%"], 10, 10), refused("a metric is declared twice"));
    assert_eq!(new(&["p50=5%"], 2, 10), refused("2 is too few pairs: at least 3 are needed to see how much they vary"));
    assert_eq!(new(&["p50=5%"], 10, 9), refused("at most 9 pairs are fewer than the 10 of the first look"));
    assert_eq!(new(&["p50=5%", "service.p50=5%"], 3, 3), Ok(()));
}

/// A pair in which the generator was too slow, in the runs named.
fn discarded(baseline: bool, candidate: bool) -> DiscardedPair {
    let spoiled = |spoiled| Observation {
        verdict: if spoiled { judge::Verdict::Invalid } else { judge::Verdict::Pass },
        reasons: if spoiled { vec!["generator: a worker was busy".to_owned()] } else { Vec::new() },
        ..run(&[1e5])
    };
    DiscardedPair { pair: 1, a: spoiled(baseline), b: spoiled(candidate) }
}

#[test]
fn a_candidate_whose_runs_are_discarded_does_not_pass() {
    let (test, same) = (test(&["p50=5%"], 4, 4), pairs(&[&four(0.0, 0.001)]));
    let judged = |baseline: usize, candidate: usize, both: usize| {
        let mut all = vec![discarded(true, false); baseline];
        all.extend(vec![discarded(false, true); candidate]);
        all.extend(vec![discarded(true, true); both]);
        test.judge_with(&same, &all, 0)
    };
    assert_eq!(judged(0, 0, 0).verdict, ComparisonVerdict::Pass);
    let outcome = judged(0, 15, 0);
    assert_eq!(
        (outcome.verdict, outcome.verdict.exit_code(), outcome.needs_more),
        (ComparisonVerdict::Inconclusive, 3, false)
    );
    assert!(outcome.reasons[0].starts_with("15 runs of the candidate were discarded and 0 of the baseline"));
    assert!(outcome.notes().iter().any(|note| note.contains("the candidate alone (15)")), "{:?}", outcome.notes());
    // Discards on both sides alike say nothing, nor do a few by bad luck.
    for (baseline, candidate, both) in [(8, 8, 0), (0, 0, 20), (0, 4, 0), (15, 0, 0)] {
        let outcome = judged(baseline, candidate, both);
        assert_eq!(outcome.verdict, ComparisonVerdict::Pass, "{baseline} {candidate} {both}");
        assert_eq!(outcome.discarded.len(), baseline + candidate + both);
    }
    // A regression stays one.
    let worse = pairs(&[&four(0.1, 0.02)]);
    assert_eq!(test.judge_with(&worse, &vec![discarded(false, true); 15], 0).verdict, ComparisonVerdict::Regression);
}

#[test]
fn a_slow_generator_is_answered_with_longer_runs() {
    let test = test(&["p50=5%"], 4, 4);
    let mut pairs = pairs(&[&four(0.0, 0.001)]);
    pairs[3].1 = discarded(false, true).b;
    let outcome = test.judge_with(&pairs, &[discarded(true, false), discarded(true, true)], 0);
    assert_eq!(outcome.verdict, ComparisonVerdict::Invalid);
    assert!(outcome.reasons[1].starts_with("the generator was too slow in 3 of 6 pairs: in longer runs (--duration)"));
}

#[test]
fn an_odd_number_of_pairs_says_which_order_came_more_often() {
    let judged = |n: u32| test(&["p50=5%"], n, n).judge(&pairs(&[&vec![0.0; n as usize]]), 7);
    let (odd, even) = (judged(5), judged(6));
    assert_eq!((odd.order.iter().sum::<usize>(), odd.order[0].abs_diff(odd.order[1]), even.order), (5, 1, [3, 3]));
    let said = |outcome: &PairedComparison| outcome.notes().iter().any(|note| note.contains("a steady drift cancels"));
    assert!(said(&odd) && !said(&even));
}

#[test]
fn the_notes_promise_of_intervals_only_what_each_has() {
    let outcome = test(&["p50=0%", "p99=0%"], 4, 4).judge(&pairs(&[&four(0.2, 0.02), &four(0.036, 0.02)]), 0);
    let notes = outcome.notes();
    assert!(
        notes[0].contains("a false regression of any metric at any look has a risk of 2.50 % at most"),
        "{notes:?}"
    );
    assert_eq!(notes[1], "each interval holds by itself with 95.0 to 97.5 %, all of them together less often");
}
