use std::collections::BTreeSet;

use dom::Dom;

use super::{page::policy, *};
use crate::{
    judge::judge,
    model::{GroupMeasurement, Interval, IntervalConnections, Latency, ShardRecord, Tally, sample},
    render::written,
};

mod dom;
mod hostile;
mod search;

/// The page of these reports with their labels.
fn page(reports: &[(&str, &Report)]) -> String {
    let judgements: Vec<Judgement> = reports.iter().map(|(_, report)| judge(report, &[])).collect();
    let results = reports.iter().zip(&judgements);
    page_of(
        &results.map(|((label, report), judgement)| LabelledResult { label, report, judgement }).collect::<Vec<_>>(),
    )
}

fn page_of(results: &[LabelledResult<'_>]) -> String {
    written(|out| Html.page(results, out))
}

/// Ten distinct latencies instead of ten thousand, so that a snapshot can be read.
fn few(mut report: Report) -> Report {
    let mut latency = Latency::default();
    for n in 1..=10 {
        let stall = if n == 10 { 3_000_000 } else { 0 };
        latency.service.record_n(20_000 * n + stall, 50).unwrap();
        latency.response.record_n(20_500 * n + stall, 50).unwrap();
        latency.connect.record(300_000 + 20_000 * n).unwrap();
        if !report.total.latency.send_lag.is_empty() {
            latency.send_lag.record_n(900 + 10 * n, 50).unwrap();
        }
    }
    report.total.latency = latency;
    report
}

/// The page without its style sheet, which people check in a browser.
fn markup(page: &str) -> String {
    page.replace(policy::STYLE, "…").replace(&policy::policy().replace('\'', "&#39;"), "…")
}

#[test]
fn a_pass() {
    let report = few(sample::pass());
    insta::assert_snapshot!(markup(&written(|out| Html.render(&report, &judge(&report, &[]), out))));
}

#[test]
fn a_violation() {
    let mut report = few(sample::violation());
    report.total.intervals[2].anomalies = 4;
    report.total.intervals[3].response_p50_ns = None;
    // One more than is shown at once.
    report.total.evidence.push(report.total.evidence[0].clone());
    insta::assert_snapshot!(markup(&page(&[("result.json", &report)])));
}

#[test]
fn two_groups() {
    let mut report = few(sample::two_groups());
    let latency = report.total.latency.clone();
    for group in &mut report.groups {
        group.measurement.latency.clone_from(&latency);
    }
    insta::assert_snapshot!(markup(&page(&[("result.json", &report)])));
}

#[test]
fn sessions() {
    let report = sample::sessions();
    insta::assert_snapshot!(markup(&page(&[("result.json", &report)])));
    let pass = sample::pass();
    let page = page(&[("a", &report), ("b", &pass)]);
    Dom::of(&page);
    for shown in ["Attempts to open over time", "a: How connections ended", "attempts that failed"] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn rooms() {
    let report = sample::rooms();
    insta::assert_snapshot!(markup(&page(&[("result.json", &report)])));
    let (pass, dialogue) = (sample::pass(), sample::dialogue());
    let page = page(&[("a", &report), ("b", &pass), ("c", &dialogue)]);
    Dom::of(&page);
    for shown in ["a: 10 rooms, 1 with violations, the worst first", "Last time by percentile", "steps of joining"] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn shards_have_a_table() {
    let (merged, shard, pass) = (sample::merged(), sample::shard(), sample::pass());
    let one = page(&[("a", &merged)]);
    Dom::of(&one);
    for shown in ["Shards and start", "within 40.9 ms of each other", ">shard 4<", ">41.2 ms<", "Other CPU 9000"] {
        assert!(one.contains(shown), "{shown}");
    }
    let several = page(&[("a", &merged), ("b", &shard), ("c", &pass)]);
    Dom::of(&several);
    for shown in ["<span>a</span></th>", "2 of 4, with 25 of 100 clients"] {
        assert!(several.contains(shown), "{shown}");
    }
    assert!(!page(&[("c", &pass)]).contains("Shards and start"));
}

#[test]
fn many_shards_are_not_a_large_page() {
    let mut report = sample::merged();
    let shard = report.shards[0].clone();
    report.shards = (1..=1000).map(|number| ShardRecord { number, of: 1000, ..shard.clone() }).collect();
    report.shards[899].start.error_s = Some(1.5);
    let page = page(&[("many", &report)]);
    assert!(page.len() < 400_000, "{}", page.len());
    assert!(page.contains(">shard 900<") && page.contains("100 shards have rows, "));
    assert_eq!(page.matches("<th scope=\"row\">shard ").count(), 100);
}

#[test]
fn how_connections_were_opened_has_a_table() {
    let (report, pass) = (sample::connected(), sample::pass());
    let with = page(&[("a", &report), ("b", &pass)]);
    Dom::of(&with);
    for shown in [
        "How it connected",
        ">certificates<",
        ">way to the server<",
        "10 full and 90 resumed handshakes",
        "agreed on 80 of 100 connections",
        "(3.20 to 1), received",
        "proxy (its tunnel)",
    ] {
        assert!(with.contains(shown) || page(&[("a", &report)]).contains(shown), "{shown}");
    }
    assert!(!page(&[("b", &pass)]).contains("How it connected"));
}

#[test]
fn several_results_with_groups_have_one_table_of_them() {
    let (groups, one) = (sample::two_groups(), sample::pass());
    let page = page(&[("a", &groups), ("b", &groups), ("c", &one)]);
    Dom::of(&page);
    assert_eq!(page.matches("Each group of clients by itself").count(), 2, "a caption and the name of its region");
    assert!(!page.contains("Groups compared") && !page.contains(">Group chat<"));
}

#[test]
fn several_results() {
    let (pass, invalid, closed) = (few(sample::pass()), few(sample::connections()), few(sample::closed()));
    insta::assert_snapshot!(markup(&page(&[("a.json", &pass), ("b.json", &invalid), ("c.json", &closed)])));
}

#[test]
fn phases_of_connecting_are_shown_if_they_were_measured() {
    let mut report = sample::pass();
    report.total.connections.dns_ns = Some(1_500_000);
    let with = page(&[("a", &report)]);
    for shown in ["TCP (start to connected)", "upgrade (opening handshake)", ">host lookup<", ">1.50 ms<"] {
        assert!(with.contains(shown), "{shown}");
    }
    assert!(!with.contains("TLS (its handshake)"), "there was none");
    let latency = &mut report.total.latency;
    (latency.connect_tcp, latency.connect_upgrade) = (Latency::histogram(), Latency::histogram());
    assert!(!page(&[("a", &report)]).contains("TCP (start to connected)"));
}

#[test]
fn lists_that_were_cut_are_said() {
    let mut report = sample::two_groups();
    report.unresolved.missing_not_kept = 7;
    let page = page(&[("a", &report)]);
    assert_eq!(page.matches("lists 0 of 7 messages that did not come back").count(), 1, "once, of the run");
}

#[test]
fn the_policy_allows_the_style_of_the_page_and_nothing_else() {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    let page = page(&[("violation", &sample::violation())]);
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    let elements = Dom::of(&page).elements;
    let policies: Vec<_> = elements.iter().filter(|one| one.attributes.contains_key("http-equiv")).collect();
    assert_eq!(policies.len(), 1);
    assert_eq!(policies[0].attributes["http-equiv"], "Content-Security-Policy");
    assert_eq!(
        policies[0].attributes["content"],
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
    );
    // Before what it is about.
    let at = |name: &str| elements.iter().position(|one| one.name == name);
    assert!(elements.iter().position(|one| one == policies[0]) < at("style") && at("style") < at("body"));
    assert!(!policy::STYLE.contains("url(") && !policy::STYLE.contains("@import"));
}

#[test]
fn nothing_in_the_page_runs_or_asks_for_anything() {
    let pages = [page(&[("a", &sample::violation()), ("b", &sample::closed())]), page(&[("g", &sample::two_groups())])];
    for page in &pages {
        check_elements(&Dom::of(page).elements);
    }
}

fn check_elements(elements: &[dom::Element]) {
    let mut ids = BTreeSet::new();
    for element in elements {
        let name = element.name.as_str();
        assert!(!["script", "img", "link", "iframe", "object", "form", "a", "image", "base"].contains(&name), "{name}");
        for (attribute, value) in &element.attributes {
            assert!(attribute != "style" && attribute != "src" && !attribute.starts_with("on"), "{attribute}={value}");
            assert!(attribute != "href" || value.starts_with('#'), "{value}");
        }
        if let Some(id) = element.attributes.get("id") {
            assert!(ids.insert(id), "two elements have the id {id}");
        }
    }
    // What is referred to is there.
    for element in elements {
        let named = |attribute| element.attributes.get(attribute).map_or("", String::as_str);
        for id in named("aria-labelledby").split_whitespace().chain(named("href").strip_prefix('#')) {
            assert!(ids.contains(&id.to_owned()), "{id}");
        }
    }
}

#[test]
fn nothing_to_show_is_an_error() {
    assert_eq!(Html.page(&[], &mut Vec::new()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn nothing_measured_is_shown_as_such() {
    let mut report = sample::pass();
    (report.total.measured, report.total.warmup) = (Tally::default(), Tally::default());
    report.total.latency = Latency::default();
    report.total.intervals.clear();
    report.measured_s = 0.0;
    let empty = page(&[("empty", &report)]);
    Dom::of(&empty);
    for words in [
        "No message matched, so there is no latency.",
        "No second of the run was recorded.",
        "No connection opened.",
        "not known: nothing was measured",
    ] {
        assert!(empty.contains(words), "{words}");
    }
    // Beside one that has something, it has a line without points.
    let both = page(&[("full", &sample::pass()), ("empty", &report)]);
    Dom::of(&both);
    assert!(both.contains("empty: nothing measured") && both.contains(r#"d="""#));
}

#[test]
fn one_second_without_an_answer() {
    let mut report = sample::pass();
    report.total.intervals = vec![Interval { at_s: 0.0, sent: 5, ..Interval::default() }];
    report.measured_s = 0.4;
    let page = page(&[("short", &report)]);
    Dom::of(&page);
    assert!(page.contains("sent at 0 s: 5") && page.contains("drain") && !page.contains("Response time over time"));
}

#[test]
fn what_is_open_and_what_the_closed_model_hides_is_said() {
    let closed = page(&[("closed", &sample::closed())]);
    assert!(closed.contains("coordinated omission applies") && closed.contains("--expect count decides"));
    assert!(!closed.contains("send lag"));
    assert!(page(&[("invalid", &sample::invalid())]).contains("interrupted: 8.50 s of 10 s measured"));
}

#[test]
fn a_long_run_is_not_a_large_page() {
    let mut report = sample::pass();
    report.measured_s = 3_600.0;
    // Numbers that never repeat.
    report.total.intervals = (0..3_600_u32).map(noisy).collect();
    let one = page(&[("an hour", &report)]);
    assert!(one.len() < 200_000, "{}", one.len());
    assert!(one.contains("A point of a line stands for 9 seconds"), "{one}");
    let results = vec![("an hour", &report); 20];
    let many = page(&results);
    assert!(many.len() < 2_000_000, "{}", many.len());
}

#[test]
fn many_groups_are_not_a_large_page() {
    let mut report = sample::two_groups();
    report.measured_s = 3_600.0;
    for group in &mut report.groups {
        group.measurement.intervals = (0..3_600_u32).map(noisy).collect();
    }
    let mut groups = report.groups.clone();
    // Full histograms would take long to read.
    groups[1].measurement.latency = Latency::default();
    report.groups = (0..100).map(|n| GroupMeasurement { name: format!("g{n}"), ..groups[n.min(1)].clone() }).collect();
    let page = page(&[("many", &report)]);
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("The first 20 groups have lines and sections below."));
    assert_eq!(page.matches("<h2 id=\"group-").count(), 20);
    assert!(page.contains(" g99<"), "the table has all");
}

fn noisy(second: u32) -> Interval {
    let noise = u64::from(second.wrapping_mul(2_654_435_761) >> 16);
    Interval {
        at_s: f64::from(second),
        sent: 50_000 + noise % 100,
        matched: 40_000 + noise,
        anomalies: noise % 2,
        response_p50_ns: Some(80_000 + noise),
        response_p99_ns: Some(150_000 + 3 * noise),
        response_max_ns: Some(300_000 + 7 * noise),
        connections: IntervalConnections::default(),
        response: None,
    }
}

#[test]
fn numbers_that_no_run_has_do_no_harm() {
    let mut report = sample::violation();
    for (index, row) in report.total.intervals.iter_mut().enumerate() {
        row.at_s = [f64::MAX, -1e300, 0.0, 1e9, f64::MIN_POSITIVE][index % 5];
        (row.sent, row.matched, row.anomalies) = (u64::MAX, u64::MAX, u64::MAX);
        (row.response_p50_ns, row.response_max_ns) = (Some(0), Some(u64::MAX));
    }
    (report.total.measured.counts.sent, report.total.warmup.counts.lost) = (u64::MAX, u64::MAX);
    report.total.measured.anomalies.duplicated = u64::MAX;
    report.total.evidence[0].at_s = f64::MAX;
    report.plan.run.duration_s = Some(f64::MAX);
    for measured_s in [f64::MAX, f64::MIN_POSITIVE, -1.0, 1e12] {
        report.measured_s = measured_s;
        let page = page(&[("odd", &report), ("odd too", &report)]);
        Dom::of(&page);
        assert!(!page.contains("NaN"), "{measured_s}");
    }
}
