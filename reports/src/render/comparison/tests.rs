use super::{
    sample::{STEADY, WILD, foreign, outcome, regression, run},
    *,
};
use crate::{
    compare::{CompareOptions, compare},
    escape::visible,
    model::{
        Latency,
        sample::{pass, violation},
    },
    render::{
        Json, Markdown, Text,
        hostile::{HOSTILE, is_safe, spans_with},
        written,
    },
};

fn hostile() -> Comparison {
    foreign(HOSTILE)
}

fn text(comparison: &Comparison, color: bool) -> String {
    written(|out| Text { color, ..Text::default() }.comparison(comparison, out))
}

fn ab(outcome: &PairedComparison) -> Ab<'_> {
    Ab { a: "cmd:./server-old --listen {addr}", b: "cmd:./server --listen {addr}", outcome, repeated: 2 }
}

#[test]
fn text_of_a_regression() {
    insta::assert_snapshot!(text(&regression(), false));
}

#[test]
fn text_of_one_run_a_side() {
    insta::assert_snapshot!(text(
        &compare(&[run(80_000, 400_000)], &[run(81_000, 390_000)], &CompareOptions::default()),
        false
    ));
}

#[test]
fn text_of_incomparable_runs() {
    let mut other = run(80_000, 400_000);
    other.plan.groups[0].clients = 50;
    other.environment.cores = 4;
    insta::assert_snapshot!(text(&compare(&[run(80_000, 400_000)], &[other], &CompareOptions::default()), false));
}

#[test]
fn text_of_a_violation_and_a_missing_metric() {
    let mut candidate = violation();
    candidate.total.latency.connect = Latency::histogram();
    insta::assert_snapshot!(text(&compare(&[pass()], &[candidate], &CompareOptions::default()), false));
}

#[test]
fn text_of_pairs() {
    let (regressed, open) = (outcome(&STEADY, 10), outcome(&WILD, 30));
    insta::assert_snapshot!("text_of_pairs_that_regressed", written(|out| Text::default().ab(&ab(&regressed), out)));
    insta::assert_snapshot!("text_of_pairs_that_tell_nothing", written(|out| Text::default().ab(&ab(&open), out)));
}

#[test]
fn text_for_a_narrow_terminal() {
    let narrow = Text { color: false, width: 60 };
    insta::assert_snapshot!(written(|out| narrow.ab(&ab(&outcome(&WILD, 30)), out)));
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    let comparisons = [regression(), compare(&[pass()], &[violation()], &CompareOptions::default())];
    let pairs = outcome(&WILD, 30);
    for width in [40, 60, 80, 120] {
        let format = Text { color: false, width };
        for output in [
            written(|out| format.comparison(&comparisons[0], out)),
            written(|out| format.comparison(&comparisons[1], out)),
            written(|out| format.ab(&ab(&pairs), out)),
        ] {
            assert!(output.lines().all(|line| line.chars().count() <= width), "{width}: {output}");
        }
    }
}

#[test]
fn colour_on() {
    let colored = written(|out| Text { color: true, ..Text::default() }.ab(&ab(&outcome(&STEADY, 10)), out));
    insta::assert_snapshot!(colored.replace('\u{1b}', "␛"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!("markdown_of_a_regression", written(|out| Markdown.comparison(&regression(), out)));
    insta::assert_snapshot!("markdown_of_hostile_runs", written(|out| Markdown.comparison(&hostile(), out)));
    insta::assert_snapshot!("markdown_of_pairs", written(|out| Markdown.ab(&ab(&outcome(&WILD, 30)), out)));
}

#[test]
fn json() {
    let mut short = run(80_000, 400_000);
    short.total.latency.response = Latency::histogram();
    short.total.latency.response.record_n(80_000, 5_000).unwrap();
    let refused = compare(&[run(80_000, 400_000)], &[short], &CompareOptions::default());
    insta::assert_snapshot!("json_of_a_comparison", written(|out| Json.comparison(&refused, out)));
    insta::assert_snapshot!("json_of_pairs", written(|out| Json.ab(&ab(&outcome(&STEADY[..3], 6)), out)));
}

#[test]
fn hostile_text_stays_text_in_every_format() {
    let comparison = hostile();
    let outcome = outcome(&WILD, 10);
    let hostile_ab = Ab { a: HOSTILE, b: HOSTILE, outcome: &outcome, repeated: 0 };
    for output in [text(&comparison, false), written(|out| Text::default().ab(&hostile_ab, out))] {
        assert!(is_safe(&output), "{output}");
        assert!(output.lines().all(|line| line.chars().count() <= 100 && !line.starts_with('#')), "{output}");
    }
    let markdown = |text: &str| {
        let ab = Ab { a: text, b: text, outcome: &outcome, repeated: 0 };
        written(|out| Markdown.comparison(&foreign(text), out).and_then(|()| Markdown.ab(&ab, out)))
    };
    let (wild, harmless) = (markdown(HOSTILE), markdown("plain"));
    assert!(is_safe(&wild), "{wild}");
    let spans = spans_with(&visible(HOSTILE), &wild, &harmless);
    // A reason, target and start, the processor; both commands.
    assert_eq!(spans, 1 + 2 + 1 + 2);
    let parsed: serde_json::Value = serde_json::from_str(&written(|out| Json.comparison(&comparison, out))).unwrap();
    assert_eq!(parsed["candidate"]["targets"][0], HOSTILE);
}
