use super::*;
use crate::{
    judge::judge,
    model::{Counts, Expect, GroupMeasurement, Latency, Measurement, Tally, sample},
    render::{hostile::is_safe, rendered, written},
};

fn text(report: &Report, color: bool) -> String {
    rendered(&Text { color, ..Text::default() }, report)
}

#[test]
fn rooms() {
    insta::assert_snapshot!(text(&sample::rooms(), false));
}

#[test]
fn sessions() {
    insta::assert_snapshot!(text(&sample::sessions(), false));
}

#[test]
fn a_dialogue() {
    insta::assert_snapshot!(text(&sample::dialogue(), false));
}

#[test]
fn connections_through_a_proxy() {
    insta::assert_snapshot!(text(&sample::connected(), false));
}

#[test]
fn a_shard() {
    insta::assert_snapshot!(text(&sample::shard(), false));
}

#[test]
fn merged_shards_of_which_one_is_missing() {
    let mut report = sample::merged();
    report.shards.remove(1);
    report.partial = true;
    insta::assert_snapshot!(text(&report, false));
}

#[test]
fn a_clean_pass() {
    let mut report = sample::pass();
    report.plan.run.thresholds = vec!["p99<5ms".to_owned(), "throughput>=49000".to_owned()];
    insta::assert_snapshot!(text(&report, false));
}

#[test]
fn a_missed_threshold() {
    let mut report = sample::pass();
    report.plan.run.thresholds = vec!["p99<100us".to_owned(), "throughput>=50k".to_owned()];
    insta::assert_snapshot!(text(&report, false));
}

#[test]
fn a_delivery_violation_with_evidence() {
    insta::assert_snapshot!(text(&sample::violation(), false));
}

#[test]
fn an_invalid_run() {
    insta::assert_snapshot!(text(&sample::invalid(), false));
}

#[test]
fn connections_that_the_target_lost() {
    insta::assert_snapshot!(text(&sample::connections(), false));
}

#[test]
fn a_closed_model_run() {
    insta::assert_snapshot!(text(&sample::closed(), false));
}

#[test]
fn colour_on() {
    // A snapshot that can be read: the escape character as a symbol.
    insta::assert_snapshot!(text(&sample::violation(), true).replace('\u{1b}', "␛"));
}

#[test]
fn stolen_time_is_said_from_a_hundredth_on() {
    let with = |stolen| {
        let mut report = sample::pass();
        report.generator.stolen = stolen;
        text(&report, false)
    };
    for quiet in [None, Some(0.0), Some(0.0099)] {
        assert!(!with(quiet).contains("hypervisor"), "{quiet:?}");
    }
    assert!(with(Some(0.01)).contains("\nstolen       a hypervisor gave 1.00 % of"), "{}", with(Some(0.01)));
}

#[test]
fn nothing_measured_is_shown_as_such() {
    let mut report = sample::pass();
    report.total.measured = Tally::default();
    report.total.warmup = Tally::default();
    report.total.latency = Latency::default();
    report.measured_s = 0.0;
    let text = text(&report, false);
    assert!(text.contains("  response             -          -"), "{text}");
    assert!(text.contains("- matched/s, - sent/s of -/s due"), "{text}");
    assert!(text.contains("nothing sent"), "{text}");
    assert!(text.ends_with("limited by   not known: nothing was measured\n"), "{text}");
}

#[test]
fn books_that_do_not_balance_are_not_shown_as_equal() {
    let mut report = sample::pass();
    report.total.measured.counts = Counts { sent: 5, matched: 4, ..Counts::default() };
    assert!(text(&report, false).contains("5 sent ≠ 4 matched + 0 lost"));
}

#[test]
fn lines_fit_and_colours_are_all_that_colour_adds() {
    for report in [sample::pass(), sample::violation(), sample::connections(), sample::closed()] {
        let (plain, colored) = (text(&report, false), text(&report, true));
        assert!(plain.lines().all(|line| line.chars().count() <= 100 && !line.ends_with(' ')), "{plain}");
        assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
        let mut parts = colored.split("\u{1b}[");
        let mut stripped = parts.next().unwrap().to_owned();
        for part in parts {
            let (code, rest) = part.split_once('m').unwrap();
            assert!(["", "0", "1", "2", "31", "32", "33"].contains(&code), "{code}");
            stripped.push_str(rest);
        }
        assert_eq!(stripped, plain);
    }
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    let marked = || {
        let mut marked = sample::violation();
        marked.total.latency.floor.record(1).unwrap();
        marked
    };
    let others = [sample::invalid, sample::connections, sample::closed, sample::connected, sample::merged];
    for sample in [marked, sample::pass].into_iter().chain(others) {
        let report = sample();
        let judgement = judge(&report, &[]);
        for width in [40, 60, 80, 120] {
            let text = written(|out| Text { color: false, width }.render(&report, &judgement, out));
            assert!(text.lines().all(|line| line.chars().count() <= width && !line.ends_with(' ')), "{width}: {text}");
        }
    }
}

#[test]
fn a_narrow_terminal() {
    let report = sample::violation();
    insta::assert_snapshot!(written(|out| Text { color: false, width: 60 }.render(&report, &judge(&report, &[]), out)));
}

#[test]
fn whatever_a_report_holds_the_terminal_is_safe() {
    let hostile = "\u{1b}]0;title\u{7}\u{202e}\n\u{9b}2J漢字 word-without-end".to_owned() + &"x".repeat(300);
    let mut report = sample::violation();
    report.target.url.clone_from(&hostile);
    report.plan.groups[0].expect = Expect::Reply(hostile.clone());
    report.environment.cpu.clone_from(&hostile);
    report.started_at.clone_from(&hostile);
    report.total.connections.errors.insert(hostile.clone(), 1);
    report.total.connections.details.insert(hostile.clone(), hostile.clone());
    report.groups = sample::two_groups().groups;
    for group in &mut report.groups {
        group.name.clone_from(&hostile);
    }
    for evidence in &mut report.total.evidence {
        evidence.peer.clone_from(&hostile);
        evidence.received = Some(hostile.clone());
        evidence.detail = Some(hostile.clone());
    }
    report.shards = sample::merged_with(&hostile).shards;
    let mut judgement = judge(&report, &[]);
    judgement.reasons.push(hostile);
    let text = written(|out| Text::default().render(&report, &judgement, out));
    assert!(is_safe(&text));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn times_that_are_longer_than_a_histogram_tells_are_said() {
    let mut report = sample::pass();
    let shown = |report: &Report| text(report, false);
    assert!(!shown(&report).contains("over 60 s"));
    report.total.latency.response.saturating_record_n(90_000_000_000, 2);
    assert!(
        shown(&report).contains("\nover 60 s    2 response times of 60.0 s or more are recorded as 60.0 s"),
        "{}",
        shown(&report)
    );
}

#[test]
fn two_groups() {
    insta::assert_snapshot!(text(&sample::two_groups(), false));
}

/// As many copies of the groups as make `n` groups.
fn groups(n: usize) -> Report {
    let mut report = sample::two_groups();
    let [bad, good] = &report.groups[..] else { panic!("two groups") };
    let group = |index: usize| {
        let Measurement { connections, measured, evidence, .. } =
            if index % 2 == 1 { bad.measurement.clone() } else { good.measurement.clone() };
        // Full histograms would take long to read.
        let measurement = Measurement { connections, measured, evidence, ..Measurement::default() };
        GroupMeasurement { name: format!("group-{index}-{}", "long".repeat(index % 8)), measurement }
    };
    report.groups = (0..n).map(group).collect();
    report
}

#[test]
fn many_groups_fit_and_those_with_faults_go_first() {
    let report = groups(60);
    let judgement = judge(&report, &[]);
    for width in [40, 60, 80, 120] {
        let text = written(|out| Text { color: false, width }.render(&report, &judgement, out));
        assert!(text.lines().all(|line| line.chars().count() <= width && !line.ends_with(' ')), "{width}: {text}");
    }
    let text = text(&report, false);
    assert!(text.contains("             and 20 more groups, in the result file\n"), "{text}");
    assert!(text.contains("             and that of 25 more groups, in the result file\n"), "{text}");
    let shown = |index: usize| text.lines().any(|line| line.starts_with(&format!("group-{index}-")));
    assert!((1..60).step_by(2).all(shown), "groups with lost messages: {text}");
    assert!((0..20).step_by(2).all(shown) && !shown(20), "{text}");
}

#[test]
fn the_mark_of_a_group_is_explained_once() {
    let mut report = sample::two_groups();
    let marks = |report: &Report| text(report, false).matches("the generator may have a part").count();
    assert_eq!(marks(&report), 0);
    for part in [0, 1] {
        let latency = &mut report.groups[part].measurement.latency;
        latency.floor = Latency::histogram();
        latency.floor.record_n(1, latency.response.len()).unwrap();
        assert_eq!(marks(&report), 1);
    }
    report.total.latency.floor = report.groups[0].measurement.latency.floor.clone();
    assert_eq!(marks(&report), 1, "the total has marks, too");
}
