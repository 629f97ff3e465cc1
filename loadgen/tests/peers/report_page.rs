//! The HTML report in a headless Chromium: made from real runs, opened from a file, narrow and wide, light and dark.
//!
//! With `REPORT_SCREENSHOTS=/some/folder`, pages and pictures of them are left there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reports::model::{Evidence, Interval};
use reports::render::{Entry, Html};
use reports::{Judgement, Report, Verdict};
use serde_json::{Value, json};
use server::{FaultKind, Faults, Options, Reply};

use crate::rig::{Process, Reference, installed, loadgen};

/// More than the script waits for.
const LIMIT: Duration = Duration::from_secs(300);

/// What a peer might send so that a page runs it.
const HOSTILE: &str =
    "</style></title></svg>\"'><script>alert(1)</script><img src=http://example.invalid/x onerror=alert(1)>\u{202e}";

const SHORT: [&str; 10] =
    ["--clients", "20", "--rate", "200", "--duration", "2s", "--warmup", "200ms", "--drain", "500ms"];

/// A run with its judgement.
type Outcome = (Report, Judgement);

/// The name of a page, and the results on it with their labels.
type Page<'a> = (&'a str, &'a [(&'a str, &'a Outcome)]);

/// What the browser saw of each page, after what must be true of all of them.
fn look(pages: &[Page<'_>]) -> Vec<Value> {
    let browser = installed("browser", "node_modules/playwright-core");
    let temporary = tempfile::tempdir().expect("a folder");
    let asked = std::env::var_os("REPORT_SCREENSHOTS").map(PathBuf::from);
    let folder = asked.as_deref().unwrap_or(temporary.path());
    let job = |(name, results): &Page<'_>| {
        let page = write(folder, name, results);
        json!({ "page": page, "screenshot": asked.is_some().then(|| folder.join(name)) })
    };
    let jobs: Vec<Value> = pages.iter().map(job).collect();
    let mut command = Command::new("node");
    command.arg(browser.join("report.mjs")).arg(Value::from(jobs).to_string());
    let outcome = Process::start(&mut command).wait(LIMIT);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{:?}", outcome.lines);
    let seen: Vec<Value> = serde_json::from_str(&outcome.lines.concat()).expect("JSON");
    for (page, (name, _)) in seen.iter().zip(pages) {
        assert_eq!(page["complaints"], json!([]), "{name}");
        assert_eq!(page["requests"], json!([]), "{name} asked for more than itself");
        for view in page["views"].as_array().expect("views") {
            sound(name, view);
        }
    }
    seen
}

fn write(folder: &Path, name: &str, results: &[(&str, &Outcome)]) -> PathBuf {
    let path = folder.join(name).with_extension("html");
    let entries = results.iter().map(|(label, (report, judgement))| Entry { label, report, judgement });
    Html.page(&entries.collect::<Vec<_>>(), &mut File::create(&path).expect("a file")).expect("a page");
    path
}

/// Everything has its style and its room.
fn sound(name: &str, view: &Value) {
    let place = format!("{name} at {} in {}", view["width"], view["colorScheme"]);
    let wider = view["wider"].as_i64().expect("a number");
    assert!(wider <= 0, "{place}: {wider} pixels must be scrolled to the side");
    assert_eq!(view["styled"], true, "{place}: the policy refuses the style");
    assert_eq!(view["scripts"], 0, "{place}: an element that nobody made");
    assert_eq!((&view["overlaps"], &view["outside"]), (&json!([]), &json!([])), "{place}: labels");
    assert!(view["smallest"].as_f64().is_some_and(|pixels| pixels >= 11.0), "{place}: text of {}", view["smallest"]);
}

#[test]
#[ignore = "needs Chromium and Node: run loadgen/tests/peers/browser/install first"]
fn report_pages_are_shown_as_they_are_meant() {
    let good = Reference::start(Reply::Echo);
    let first = loadgen(&good.url(), &SHORT);
    let closed = loadgen(&good.url(), &["--clients", "4", "--window", "8", "--duration", "2s", "--warmup", "200ms"]);
    good.finish();
    let faults = [(FaultKind::Drop, 0.001), (FaultKind::Corrupt, 0.001), (FaultKind::Duplicate, 0.002)];
    let faults = Faults::new(faults).expect("chances");
    let bad = Reference::start_with(Options { faults, seed: 3, ..Options::default() });
    let mut violation = loadgen(&bad.url(), &SHORT);
    assert!(!bad.finish().faults.is_empty());
    assert_eq!(violation.1.verdict, Verdict::Delivery);
    hostile(&mut violation);
    let hour = hour(&first);

    let seen = look(&[
        ("pass", &[("pass.json", &first)]),
        ("violation", &[("violation.json", &violation)]),
        ("closed", &[("closed.json", &closed)]),
        ("hour", &[("hour.json", &hour)]),
        ("several", &[("pass.json", &first), (HOSTILE, &violation), ("closed.json", &closed)]),
    ]);
    let views = |page: usize| seen[page]["views"].as_array().expect("views");
    // Response, service and send lag; sent and matched; three lines of response; connect.
    for (page, plots, lines) in [(0, 4, 9), (1, 4, 9), (2, 4, 8), (3, 4, 9), (4, 8, 23)] {
        for view in views(page) {
            assert_eq!((&view["plots"], &view["lines"]), (&json!(plots), &json!(lines)), "{page}");
            assert_eq!(view["drawn"], view["lines"], "{page}: a line without a length");
            assert_eq!(view["alarms"].as_u64() > Some(0), [1, 3, 4].contains(&page), "{page}");
        }
    }
    assert_eq!(views(1)[0]["verdicts"], json!(["FAIL"]));
    assert_eq!(views(4)[0]["verdicts"].as_array().map(Vec::len), Some(3));
    let text = views(1)[0]["text"].as_str().expect("text");
    assert!(text.contains("<script>alert(1)</script>") && text.contains("\\u{202e}"), "{text}");
}

/// As if the run had gone on for an hour, with 40 million messages: long lines, and many nines.
fn hour((report, judgement): &Outcome) -> Outcome {
    let mut report = report.clone();
    report.intervals = (0..3_600).map(second).collect();
    report.measured_s = 3_600.0;
    let latency = &mut report.latency;
    for histogram in [&mut latency.response, &mut latency.service, &mut latency.send_lag] {
        histogram.record_n(histogram.value_at_quantile(0.5), 40_000_000).expect("in range");
    }
    (report, judgement.clone())
}

/// A second of it: uneven, with a stall after half an hour.
fn second(number: u32) -> Interval {
    let uneven = u64::from(number.wrapping_mul(2_654_435_761) >> 20);
    let stalled = number / 10 == 180;
    Interval {
        at_s: number.into(),
        sent: 4_000,
        matched: if stalled { 0 } else { 3_900 + uneven / 20 },
        anomalies: u64::from(number % 400 == 399),
        response_p50_ns: (!stalled).then_some(150_000 + 10 * uneven),
        response_p99_ns: (!stalled).then_some(600_000 + 200 * uneven),
        response_max_ns: (!stalled).then_some(if number == 1_810 { 9_000_000_000 } else { 2_000_000 + 3_000 * uneven }),
        response: None,
    }
}

/// As if the peer had chosen every string.
fn hostile((report, judgement): &mut Outcome) {
    HOSTILE.clone_into(&mut report.target.url);
    HOSTILE.clone_into(&mut report.environment.kernel);
    report.connections.errors.insert(HOSTILE.to_owned(), 1);
    judgement.reasons.push(HOSTILE.to_owned());
    report.evidence.push(Evidence {
        kind: HOSTILE.to_owned(),
        peer: HOSTILE.to_owned(),
        received: Some(HOSTILE.to_owned()),
        detail: Some(HOSTILE.to_owned()),
        ..Evidence::default()
    });
}
