use super::*;
use crate::{
    escape::visible,
    judge::judge,
    model::{Counts, Expect, GroupMeasurement, Latency, Measurement, Tally, sample},
    render::{
        hostile::{is_safe, spans_with},
        rendered, written,
    },
};

#[test]
fn rooms() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::rooms()));
}

#[test]
fn sessions() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::sessions()));
}

#[test]
fn connections_through_a_proxy() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::connected()));
}

#[test]
fn merged_shards() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::merged()));
}

#[test]
fn what_is_said_of_shards_is_code_and_nothing_else() {
    let with = |text: &str| {
        let mut report = sample::merged_with(text);
        report.environment.cpu = "harmless".to_owned();
        rendered(&Markdown, &report)
    };
    let harmless = with("x");
    for hostile in HOSTILE {
        let text = with(hostile);
        assert!(is_safe(&text), "{text}");
        assert_eq!(spans_with(&visible(hostile), &text, &harmless), 1, "the machines: {text}");
    }
}

#[test]
fn a_clean_pass() {
    let mut report = sample::pass();
    report.plan.run.thresholds = vec!["p99<5ms".to_owned(), "throughput>=49000".to_owned()];
    insta::assert_snapshot!(rendered(&Markdown, &report));
}

#[test]
fn a_delivery_violation_with_evidence() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::violation()));
}

#[test]
fn an_invalid_run() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::connections()));
}

#[test]
fn a_closed_model_run() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::closed()));
}

#[test]
fn two_groups() {
    insta::assert_snapshot!(rendered(&Markdown, &sample::two_groups()));
}

#[test]
fn nothing_measured_is_shown_as_such() {
    let mut report = sample::pass();
    report.total.measured = Tally { counts: Counts::default(), ..Tally::default() };
    report.total.latency = Latency::default();
    report.measured_s = 0.0;
    let text = rendered(&Markdown, &report);
    assert!(text.contains("| response | - | - | - | - | - | - | 0 |"), "{text}");
    assert!(text.contains("| 0 s | - | - | - | - | - |"), "{text}");
    assert!(text.contains("limited by not known: nothing was measured"), "{text}");
}

/// A sample in which every text is `text`.
fn of(text: &str) -> (Report, Judgement) {
    let mut report = sample::violation();
    let text = || text.to_owned();
    report.target.url = text();
    report.plan.run.thresholds = vec![text()];
    report.plan.groups[0].expect = Expect::Reply(text());
    let environment = &mut report.environment;
    (environment.cpu, environment.kernel, environment.version) = (text(), text(), text());
    report.started_at = text();
    report.total.connections.errors.insert(text(), 1);
    report.total.connections.details.insert(text(), text());
    for evidence in &mut report.total.evidence {
        (evidence.local, evidence.peer) = (text(), text());
        (evidence.expected, evidence.received, evidence.detail) = (Some(text()), Some(text()), Some(text()));
    }
    let mut judgement = judge(&report, &[]);
    judgement.reasons = vec![text()];
    (report, judgement)
}

const HOSTILE: [&str; 6] = [
    "<img src=x onerror=alert(1)><!-- </code></details> <script>",
    "[link](https://example.org) ![](x) https://example.org www.example.org me@example.org",
    "@octocat #1 owner/repo#2 GH-3 0123456789012345678901234567890123456789",
    "`` ` ``` | a | b |\\| &lt; &#60; $x$ $`x`$ ~~x~~ **x** _x_ [^1] :tada:",
    "a\n\n# heading\n\n- item\r\n```\n<b>\n| a |\n|---|\n\t> quote",
    "\u{1b}[31m\u{202e}\u{2028}\u{0}",
];

#[test]
fn the_name_of_a_group_is_code_and_nothing_else() {
    let with = |name: &str| {
        let mut report = sample::two_groups();
        name.clone_into(&mut report.groups[0].name);
        name.clone_into(&mut report.plan.groups[0].name);
        rendered(&Markdown, &report)
    };
    let harmless = with("x");
    for hostile in HOSTILE {
        let text = with(hostile);
        assert!(is_safe(&text), "{text}");
        // At the reason, the evidence and the plan. In a table, a pipe is escaped.
        let in_table = usize::from(!hostile.contains('|'));
        assert_eq!(spans_with(&visible(hostile), &text, &harmless), 3 + in_table, "{text}");
    }
}

#[test]
fn whatever_a_report_holds_is_code_and_nothing_else() {
    // Where a text stands, and what else there is, does not depend on what it says.
    let (report, judgement) = of("x");
    let harmless = written(|out| Markdown.render(&report, &judgement, out));
    for hostile in HOSTILE {
        let (report, judgement) = of(hostile);
        let text = written(|out| Markdown.render(&report, &judgement, out));
        assert!(is_safe(&text), "{text}");
        let spans = spans_with(&visible(hostile), &text, &harmless);
        // Reasons, target, expectation and its remark, threshold, four of the environment, a kind
        // of error with what its first said, and three lines of each of six pieces of evidence.
        assert_eq!(spans, 1 + 1 + 2 + 1 + 4 + 2 + 3 * 6, "{text}");
    }
}

#[test]
fn a_summary_stays_within_what_github_takes() {
    let long = "🦀\u{202e}".repeat(10_000);
    let (mut report, mut judgement) = of(&long);
    judgement.reasons = vec![judgement.reasons[0].clone(); 100];
    report.plan.run.thresholds = vec!["`".repeat(1000); 100];
    report.total.evidence = vec![report.total.evidence; 100].concat();
    report.total.connections.errors = (0..1000).map(|n| (format!("{n}"), n)).collect();
    let text = written(|out| Markdown.render(&report, &judgement, out));
    assert!(text.len() < 1024 * 1024, "{}", text.len());
    assert!(text.contains("- and 80 more"), "{text}");

    // With groups.
    report.total.evidence.truncate(60);
    let measurement = Measurement { evidence: report.total.evidence.clone(), ..Measurement::default() };
    report.groups = vec![GroupMeasurement { name: long, measurement }; 50];
    let text = written(|out| Markdown.render(&report, &judgement, out));
    assert!(text.len() < 1024 * 1024, "{}", text.len());
    assert!(text.contains("And 10 more groups") && text.contains("And that of 47 more groups"), "{text}");
}
