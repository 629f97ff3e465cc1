//! The HTML report in a headless Chromium: made from real runs, opened from a file, narrow and
//! wide, light and dark.
//!
//! With `REPORT_SCREENSHOTS=/some/folder`, pages and pictures of them are left there.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use reports::{
    Judgement, Report, Verdict,
    model::{Evidence, Interval, IntervalConnections},
    render::{Html, LabelledResult, search::RenderSearch},
    search::{FailureCause, NextRate, Resolution, Search, SearchRecord, Step, StepOutcome},
};
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
type JudgedReport = (Report, Judgement);

/// The name of a page, and what is on it.
type ReportPage<'a> = (&'a str, Content<'a>);

#[derive(Clone, Copy)]
enum Content<'a> {
    /// Results with their labels.
    Results(&'a [(&'a str, &'a JudgedReport)]),
    Search(&'a SearchRecord),
}

/// What the browser saw of each page, after what must be true of all of them.
fn look(pages: &[ReportPage<'_>]) -> Vec<Value> {
    let browser = installed("browser", "node_modules/playwright-core");
    let temporary = tempfile::tempdir().expect("a folder");
    let asked = std::env::var_os("REPORT_SCREENSHOTS").map(PathBuf::from);
    let folder = asked.as_deref().unwrap_or(temporary.path());
    let job = |(name, content): &ReportPage<'_>| {
        let page = write(folder, name, *content);
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

fn write(folder: &Path, name: &str, content: Content<'_>) -> PathBuf {
    let path = folder.join(name).with_extension("html");
    let out = &mut File::create(&path).expect("a file");
    let written = match content {
        Content::Results(results) => {
            let entries =
                results.iter().map(|(label, (report, judgement))| LabelledResult { label, report, judgement });
            Html.page(&entries.collect::<Vec<_>>(), out)
        }
        Content::Search(record) => Html.search(record, out),
    };
    written.expect("a page");
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
        ("pass", Content::Results(&[("pass.json", &first)])),
        ("violation", Content::Results(&[("violation.json", &violation)])),
        ("closed", Content::Results(&[("closed.json", &closed)])),
        ("hour", Content::Results(&[("hour.json", &hour)])),
        ("several", Content::Results(&[("pass.json", &first), (HOSTILE, &violation), ("closed.json", &closed)])),
    ]);
    let views = |page: usize| seen[page]["views"].as_array().expect("views");
    // Response, service, floor and send lag; sent and matched; three lines of response; connect and
    // its phases, TCP and upgrade.
    for (page, plots, lines) in [(0, 4, 12), (1, 4, 12), (2, 4, 11), (3, 4, 12), (4, 9, 26)] {
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

#[test]
fn the_page_of_a_search_is_shown_as_it_is_meant() {
    let good = Reference::start(Reply::Echo);
    let (report, _) = loadgen(&good.url(), &SHORT);
    good.finish();
    let narrow = searched(&report, 800.0, 5_000.0, HOSTILE);
    let wide = searched(&report, 25.0, 2_000_000.0, "threshold p99<5ms missed: it is 7.31 ms");
    let seen = look(&[("narrow", Content::Search(&narrow)), ("wide", Content::Search(&wide))]);
    for (page, verdict) in [(0, "FOUND"), (1, "FOUND")] {
        for view in seen[page]["views"].as_array().expect("views") {
            // p50, p99 and the threshold; due and matched.
            assert_eq!((&view["plots"], &view["lines"], &view["drawn"]), (&json!(2), &json!(5), &json!(5)), "{page}");
            assert_eq!(view["verdicts"], json!([verdict]));
            assert!(view["alarms"].as_u64() > Some(0));
        }
    }
    assert!(seen[0]["views"][0]["text"].as_str().expect("text").contains("<script>alert(1)</script>"));
}

/// A search of a server that holds up to `capacity`; what does not hold, does not for this reason.
fn searched(report: &Report, from: f64, capacity: f64, reason: &str) -> SearchRecord {
    let search = Search::new(from, 1e7, from / 10.0, Resolution::default(), 3).expect("a range");
    let mut steps: Vec<Step> = Vec::new();
    let conclusion = loop {
        let rate = match search.next(&steps) {
            NextRate::Rate(rate) => rate,
            NextRate::End(conclusion) => break conclusion,
        };
        let threshold = if rate > capacity { "p99<1ns" } else { "p99<1m" };
        let judgement = reports::judge(report, &[threshold.parse().expect("a threshold")]);
        let mut step = Step::of(rate, report, &judgement);
        // The machine may have been too slow for the run.
        step.outcome = if rate > capacity { StepOutcome::Fails(FailureCause::Threshold) } else { StepOutcome::Holds };
        step.reasons = if rate > capacity { vec![reason.to_owned()] } else { Vec::new() };
        step.matched_per_s = Some(rate.min(capacity));
        steps.push(step);
    };
    let mut plan = report.plan.clone();
    plan.run.thresholds = vec!["p99<5ms".to_owned()];
    SearchRecord {
        target: report.target.clone(),
        plan,
        environment: report.environment.clone(),
        started_at: report.started_at.clone(),
        search,
        pause_s: 1.0,
        steps,
        conclusion,
    }
}

/// As if the run had gone on for an hour, with 40 million messages: long lines, and many nines.
fn hour((report, judgement): &JudgedReport) -> JudgedReport {
    let mut report = report.clone();
    report.total.intervals = (0..3_600).map(second).collect();
    report.measured_s = 3_600.0;
    let latency = &mut report.total.latency;
    for histogram in [&mut latency.response, &mut latency.service, &mut latency.floor, &mut latency.send_lag] {
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
        connections: IntervalConnections::default(),
        response: None,
    }
}

/// As if the peer had chosen every string.
fn hostile((report, judgement): &mut JudgedReport) {
    HOSTILE.clone_into(&mut report.target.url);
    HOSTILE.clone_into(&mut report.environment.kernel);
    report.total.connections.errors.insert(HOSTILE.to_owned(), 1);
    judgement.reasons.push(HOSTILE.to_owned());
    report.total.evidence.push(Evidence {
        peer: HOSTILE.to_owned(),
        received: Some(HOSTILE.to_owned()),
        detail: Some(HOSTILE.to_owned()),
        ..Evidence::default()
    });
}
