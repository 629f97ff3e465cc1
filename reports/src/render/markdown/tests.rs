use comrak::{Arena, Options, nodes::NodeValue, parse_document};

use super::*;
use crate::{
    escape::visible,
    judge::judge,
    model::{Counts, Latency, Tally, sample},
    render::rendered,
};

/// A part of a Markdown text.
#[derive(Debug, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Code(String),
    /// The name of any node that a report must not have.
    Other(String),
}

/// Reads Markdown as GitHub does.
pub(crate) fn parse(text: &str) -> Vec<Node> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    for on in [
        &mut extension.table,
        &mut extension.autolink,
        &mut extension.strikethrough,
        &mut extension.tasklist,
        &mut extension.footnotes,
        &mut extension.alerts,
        &mut extension.math_dollars,
        &mut extension.math_code,
    ] {
        *on = true;
    }
    let arena = Arena::new();
    let mut nodes = Vec::new();
    for node in parse_document(&arena, text, &options).descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(text) => nodes.push(Node::Text(text.to_string())),
            NodeValue::Code(code) => nodes.push(Node::Code(code.literal.clone())),
            NodeValue::Document
            | NodeValue::Paragraph
            | NodeValue::Heading(_)
            | NodeValue::List(_)
            | NodeValue::Item(_)
            | NodeValue::Table(_)
            | NodeValue::TableRow(_)
            | NodeValue::TableCell
            | NodeValue::SoftBreak => {}
            other => nodes.push(Node::Other(format!("{other:?}"))),
        }
    }
    nodes
}

#[test]
fn a_clean_pass() {
    let mut report = sample::pass();
    report.plan.thresholds = vec!["p99<5ms".to_owned(), "throughput>=49000".to_owned()];
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
fn nothing_measured_is_shown_as_such() {
    let mut report = sample::pass();
    report.measured = Tally { counts: Counts::default(), ..Tally::default() };
    report.latency = Latency::default();
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
    (report.plan.payload, report.plan.expect, report.plan.thresholds) = (text(), text(), vec![text()]);
    let environment = &mut report.environment;
    (environment.cpu, environment.kernel, environment.version) = (text(), text(), text());
    report.plan.engine = text();
    report.started_at = text();
    report.connections.errors.insert(text(), 1);
    report.connections.details.insert(text(), text());
    for evidence in &mut report.evidence {
        (evidence.kind, evidence.local, evidence.peer) = (text(), text(), text());
        (evidence.expected, evidence.received, evidence.detail) = (Some(text()), Some(text()), Some(text()));
    }
    let mut judgement = judge(&report, &[]);
    judgement.reasons = vec![text()];
    (report, judgement)
}

fn render(report: &Report, judgement: &Judgement) -> String {
    let mut out = Vec::new();
    Markdown.render(report, judgement, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn whatever_a_report_holds_is_code_and_nothing_else() {
    // Where a text stands, and what else there is, does not depend on what it says.
    let harmless = parse(&{
        let (report, judgement) = of("x");
        render(&report, &judgement)
    });
    for hostile in [
        "<img src=x onerror=alert(1)><!-- </code></details> <script>",
        "[link](https://example.org) ![](x) https://example.org www.example.org me@example.org",
        "@octocat #1 owner/repo#2 GH-3 0123456789012345678901234567890123456789",
        "`` ` ``` | a | b |\\| &lt; &#60; $x$ $`x`$ ~~x~~ **x** _x_ [^1] :tada:",
        "a\n\n# heading\n\n- item\r\n```\n<b>\n| a |\n|---|\n\t> quote",
        "\u{1b}[31m\u{202e}\u{2028}\u{0}",
    ] {
        let (report, judgement) = of(hostile);
        let text = render(&report, &judgement);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text}");
        let nodes = parse(&text);
        assert_eq!(nodes.len(), harmless.len(), "{text}");
        let shown = visible(hostile);
        let mut spans = 0;
        for (node, harmless) in nodes.iter().zip(&harmless) {
            match (node, harmless) {
                (Node::Code(code), Node::Code(_)) => {
                    spans += usize::from(code.contains(&shown));
                }
                _ => assert_eq!(node, harmless),
            }
        }
        // Reasons, target, payload, expectation and its remark, threshold, four of the environment,
        // engine, a kind of error with what its first said, a kind of evidence, and three lines of
        // each of three pieces.
        assert_eq!(spans, 1 + 1 + 1 + 2 + 1 + 4 + 1 + 2 + 1 + 3 * 3, "{text}");
    }
}

#[test]
fn a_summary_stays_within_what_github_takes() {
    let (mut report, mut judgement) = of(&"🦀\u{202e}".repeat(10_000));
    judgement.reasons = vec![judgement.reasons[0].clone(); 100];
    report.plan.thresholds = vec!["`".repeat(1000); 100];
    report.evidence = (0..100)
        .flat_map(|kind| {
            report.evidence.iter().map(move |evidence| {
                let mut evidence = evidence.clone();
                evidence.kind = format!("{kind}");
                evidence
            })
        })
        .collect();
    report.connections.errors = (0..1000).map(|n| (format!("{n}"), n)).collect();
    let text = render(&report, &judgement);
    assert!(text.len() < 1024 * 1024, "{}", text.len());
    assert!(text.contains("- and 80 more"), "{text}");
}
