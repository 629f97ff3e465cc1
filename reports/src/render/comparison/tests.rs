use super::*;
use crate::compare::{Measured, Options, compare};
use crate::escape::visible;
use crate::gate::{Confidence, Gate};
use crate::judge;
use crate::model::{Latency, Report};
use crate::paired::{Observation, Test};
use crate::render::markdown::{Node, parse};
use crate::render::{Json, Text};
use crate::sample;

/// A run of which the response times are these many nanoseconds, 99 in 100 and the last.
fn run(p50: u64, p99: u64) -> Report {
    let mut report = sample::pass();
    report.latency.response = Latency::histogram();
    report.latency.response.record_n(p50, 494_000).unwrap();
    report.latency.response.record_n(p99, 6_000).unwrap();
    report
}

fn several(p50: u64, p99: u64) -> Vec<Report> {
    (0..5).map(|k| run(p50 + k * p50 / 200, p99 + (k * 7 % 5) * p99 / 50)).collect()
}

/// p99 regressed, p50 passes.
fn regression() -> Comparison {
    compare(&several(80_000, 400_000), &several(79_000, 700_000), &Options::default())
}

/// Everything that a file can hold and that is not what it seems.
const HOSTILE: &str = "x\u{1b}[2J|`<script>alert(1)</script>[a](javascript:b)\n# c\u{202e} @me";

fn hostile() -> Comparison {
    foreign(HOSTILE)
}

/// A comparison in which somebody else chose every text.
fn foreign(text: &str) -> Comparison {
    let mut candidate = run(80_000, 400_000);
    text.clone_into(&mut candidate.target.url);
    text.clone_into(&mut candidate.environment.cpu);
    text.clone_into(&mut candidate.started_at);
    candidate.connections.died = 1;
    candidate.connections.errors = [(text.to_owned(), 1)].into();
    compare(&[run(80_000, 400_000)], &[candidate], &Options { force: true, ..Options::default() })
}

/// Pairs with these differences of p50 in percent; p99 differs by three times as much, the throughput by nothing.
fn outcome(percents: &[f64], max_pairs: u32) -> Outcome {
    let observed = |share: f64| Observation {
        values: [80_000.0 * (1.0 + share), 400_000.0 * (1.0 + 3.0 * share), 50_000.0]
            .map(|value| Measured { value: Some(value), messages: 500_000 })
            .to_vec(),
        verdict: judge::Verdict::Pass,
        reasons: Vec::new(),
    };
    let pairs: Vec<_> = percents.iter().map(|percent| (observed(0.0), observed(percent / 100.0))).collect();
    let first = u32::try_from(percents.len()).unwrap();
    Test::new(Gate::defaults(), Confidence::default(), first, max_pairs).unwrap().judge(&pairs, 0)
}

const STEADY: [f64; 10] = [11.0, 12.5, 11.7, 12.2, 13.0, 11.4, 12.8, 12.1, 11.9, 12.3];
const WILD: [f64; 10] = [-9.0, 12.0, 3.0, -4.0, 15.0, 1.0, -7.0, 8.0, 0.5, 6.0];

fn shown(render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(comparison: &Comparison, color: bool) -> String {
    shown(|out| Text { color }.comparison(comparison, out))
}

fn ab(outcome: &Outcome) -> Ab<'_> {
    Ab { a: "cmd:./server-old --listen {addr}", b: "cmd:./server --listen {addr}", outcome, repeated: 2 }
}

#[test]
fn text_of_a_regression() {
    insta::assert_snapshot!(text(&regression(), false));
}

#[test]
fn text_of_one_run_a_side() {
    insta::assert_snapshot!(text(
        &compare(&[run(80_000, 400_000)], &[run(81_000, 390_000)], &Options::default()),
        false
    ));
}

#[test]
fn text_of_incomparable_runs() {
    let mut other = run(80_000, 400_000);
    other.plan.clients = 50;
    other.environment.cores = 4;
    insta::assert_snapshot!(text(&compare(&[run(80_000, 400_000)], &[other], &Options::default()), false));
}

#[test]
fn text_of_a_violation_and_a_missing_metric() {
    let mut candidate = sample::violation();
    candidate.latency.connect = Latency::histogram();
    insta::assert_snapshot!(text(&compare(&[sample::pass()], &[candidate], &Options::default()), false));
}

#[test]
fn text_of_pairs() {
    let (regressed, open) = (outcome(&STEADY, 10), outcome(&WILD, 30));
    insta::assert_snapshot!(
        "text_of_pairs_that_regressed",
        shown(|out| Text { color: false }.ab(&ab(&regressed), out))
    );
    insta::assert_snapshot!("text_of_pairs_that_tell_nothing", shown(|out| Text { color: false }.ab(&ab(&open), out)));
}

#[test]
fn colour_on() {
    let colored = shown(|out| Text { color: true }.ab(&ab(&outcome(&STEADY, 10)), out));
    insta::assert_snapshot!(colored.replace('\u{1b}', "␛"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!("markdown_of_a_regression", shown(|out| Markdown.comparison(&regression(), out)));
    insta::assert_snapshot!("markdown_of_hostile_runs", shown(|out| Markdown.comparison(&hostile(), out)));
    insta::assert_snapshot!("markdown_of_pairs", shown(|out| Markdown.ab(&ab(&outcome(&WILD, 30)), out)));
}

#[test]
fn json() {
    let mut short = run(80_000, 400_000);
    short.latency.response = Latency::histogram();
    short.latency.response.record_n(80_000, 5_000).unwrap();
    let refused = compare(&[run(80_000, 400_000)], &[short], &Options::default());
    insta::assert_snapshot!("json_of_a_comparison", shown(|out| Json.comparison(&refused, out)));
    insta::assert_snapshot!("json_of_pairs", shown(|out| Json.ab(&ab(&outcome(&STEADY[..3], 6)), out)));
}

#[test]
fn hostile_text_stays_text_in_every_format() {
    let comparison = hostile();
    let outcome = outcome(&WILD, 10);
    let hostile_ab = Ab { a: HOSTILE, b: HOSTILE, outcome: &outcome, repeated: 0 };
    for output in [text(&comparison, false), shown(|out| Text { color: false }.ab(&hostile_ab, out))] {
        assert!(!output.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{output}");
        assert!(output.lines().all(|line| line.chars().count() <= 100 && !line.starts_with('#')), "{output}");
    }
    let markdown = |text: &str| {
        let ab = Ab { a: text, b: text, outcome: &outcome, repeated: 0 };
        shown(|out| Markdown.comparison(&foreign(text), out).and_then(|()| Markdown.ab(&ab, out)))
    };
    let (wild, harmless) = (markdown(HOSTILE), markdown("plain"));
    assert!(!wild.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{wild}");
    let (wild, harmless) = (parse(&wild), parse(&harmless));
    assert_eq!(wild.len(), harmless.len(), "{wild:#?}");
    let mut spans = 0;
    for nodes in wild.iter().zip(&harmless) {
        match nodes {
            (Node::Code(code), Node::Code(_)) => spans += usize::from(code.contains(&visible(HOSTILE))),
            (wild, harmless) => assert_eq!(wild, harmless),
        }
    }
    // A reason, target and start, the processor; both commands.
    assert_eq!(spans, 1 + 2 + 1 + 2);
    let parsed: serde_json::Value = serde_json::from_str(&shown(|out| Json.comparison(&comparison, out))).unwrap();
    assert_eq!(parsed["candidate"]["targets"][0], HOSTILE);
}
