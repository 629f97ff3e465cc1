mod strategies;

use base64::{Engine, engine::general_purpose::STANDARD};
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use proptest::prelude::*;
use serde_json::Value;

use self::strategies::{judgements, reports};
use super::*;
use crate::{
    judge::judge,
    metric::quantiles::Quantiles,
    model::{LoadRecord, sample},
};

fn json(report: &Report) -> Value {
    serde_json::from_str(&to_json(report, &judge(report, &[])).unwrap()).unwrap()
}

fn refusal(text: &str) -> StoreError {
    from_json(text.as_bytes()).expect_err(text)
}

#[test]
fn what_is_no_result_of_this_version_is_refused_by_name() {
    assert!(matches!(refusal("response p99 5 ms"), StoreError::NotJson(_)));
    assert!(matches!(from_json(b"\xff\xfe"), Err(StoreError::NotJson(_))));
    assert!(matches!(refusal(""), StoreError::Truncated { line: 1, column: 0 }));
    assert!(matches!(refusal("{}"), StoreError::NoSchema(_)));
    assert!(matches!(refusal("[1, 2]"), StoreError::NoSchema(_)));
    assert!(matches!(refusal(r#"{"schema": 1}"#), StoreError::NoSchema(_)));
    assert!(matches!(refusal(r#"{"schema": "loadgen.result/3"}"#), StoreError::NewerSchema { .. }));
    for other in
        ["loadgen.result/1", "loadgen.result/0", "loadgen.result/", "loadgen.result/one", "loadgen.comparison/1", ""]
    {
        let error = refusal(&format!(r#"{{"schema": "{other}"}}"#));
        assert!(matches!(&error, StoreError::OtherSchema { found, .. } if found == other), "{error}");
    }
    assert_eq!(
        refusal(r#"{"schema": "loadgen.result/3"}"#).to_string(),
        "this result has the newer format loadgen.result/3, and this version reads loadgen.result/2 only; use a newer loadgen"
    );
    assert_eq!(refusal("{}").to_string(), r#"not a result: expected an object with "schema": "loadgen.result/2""#);
    // The name comes from a file and goes to a terminal.
    assert_eq!(
        refusal(r#"{"schema": "\u001b[2J"}"#).to_string(),
        r#"not a result: its schema is "\x1b[2J", expected "loadgen.result/2""#
    );
    assert!(matches!(refusal(r#"{"schema": "loadgen.result/2"}"#), StoreError::Malformed(..)));
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    let report = sample::violation();
    let text = to_json(&report, &judge(&report, &[])).unwrap();
    let end = text.trim_end().len();
    for cut in (0..1000).chain((1000..end).step_by(7)).chain([end - 1]) {
        let error = from_json(&text.as_bytes()[..cut]).expect_err("it is incomplete");
        assert!(matches!(error, StoreError::Truncated { .. }), "cut at {cut}: {error}");
    }
}

#[test]
fn a_histogram_that_does_not_decode_is_named() {
    let mut value = json(&sample::pass());
    value["total"]["histograms"]["send_lag"] = "AAAA".into();
    assert!(matches!(refusal(&value.to_string()), StoreError::Histogram { name: "send_lag", .. }));
}

#[test]
fn the_histogram_of_a_second_that_does_not_decode_is_refused() {
    let other_shape = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1_000_000, 2).unwrap();
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(&other_shape, &mut bytes).unwrap();
    for (text, problem) in [("AAAA", "not an HdrHistogram"), ("?", "not base64"), (&STANDARD.encode(bytes), "2 digits")]
    {
        let mut value = json(&sample::pass());
        value["total"]["intervals"][9]["response_histogram"] = text.into();
        let error = refusal(&value.to_string());
        assert!(matches!(error, StoreError::Malformed(..)), "{error}");
        let error = error.to_string();
        assert!(error.contains(problem) && error.contains("at line"), "{error}");
    }
}

#[test]
fn shards_and_their_starts_are_read_back() {
    for report in [sample::shard(), sample::shard_of(4), sample::merged()] {
        let text = to_json(&report, &judge(&report, &[])).unwrap();
        let (read, _) = from_json(text.as_bytes()).unwrap();
        assert!(read.start.is_some() && !read.shards.is_empty());
        assert_eq!((read.partial, read.start, read.shards), (report.partial, report.start, report.shards));
    }
}

#[test]
fn a_missing_key_is_named() {
    let mut value = json(&sample::pass());
    value["total"]["counts"].as_object_mut().unwrap().remove("lost");
    let error = refusal(&value.to_string());
    assert!(error.to_string().starts_with("not a valid loadgen.result/2: missing field `lost`"), "{error}");
}

#[test]
fn numbers_that_json_does_not_have_are_refused_by_key() {
    type SetNumber = fn(&mut Report, f64);
    let table: [(&str, SetNumber); 7] = [
        ("measured_s", |r, x| r.measured_s = x),
        ("plan.run.drain_s", |r, x| r.plan.run.drain_s = x),
        ("generator.busiest_worker", |r, x| r.generator.busiest_worker = x),
        ("generator.stolen", |r, x| r.generator.stolen = Some(x)),
        ("intervals.at_s", |r, x| r.total.intervals[9].at_s = x),
        ("evidence.at_s", |r, x| r.total.evidence[2].at_s = x),
        ("plan.groups.rate_per_client", |r, x| {
            r.plan.groups[0].load = LoadRecord::open(x, 1, 1);
        }),
    ];
    for (key, change) in table {
        for x in [f64::NAN, f64::INFINITY] {
            let mut report = sample::violation();
            change(&mut report, x);
            let judgement = judge(&sample::pass(), &[]);
            assert!(matches!(to_json(&report, &judgement), Err(StoreError::NotFinite(named)) if named == key), "{key}");
        }
    }
}

#[test]
fn derived_numbers_are_written_and_never_believed() {
    let report = sample::pass();
    let mut value = json(&report);
    assert_eq!(
        value["total"]["latency_ns"]["response"]["p99_9"],
        Quantiles::of(&report.total.latency.response).p99_9.unwrap()
    );
    // 499 980 matched in 10 s.
    assert_eq!(value["total"]["throughput"]["matched_per_s"], 49_998.0);
    value["total"]["latency_ns"] = "wrong".into();
    value["total"].as_object_mut().unwrap().remove("throughput");
    value["a key of a later revision"] = true.into();
    assert_eq!(from_json(value.to_string().as_bytes()).unwrap().0, report);
}

#[test]
fn the_summary_of_an_empty_histogram_is_null() {
    let value = json(&sample::closed());
    assert_eq!(value["total"]["latency_ns"]["send_lag"]["count"], 0);
    assert_eq!(value["total"]["latency_ns"]["send_lag"]["p99"], Value::Null);
}

#[test]
fn keys_are_in_the_order_of_the_contract() {
    let report = sample::pass();
    let text = to_json(&report, &judge(&report, &[])).unwrap();
    let keys: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("  \"").and_then(|rest| rest.split('"').next())).collect();
    assert_eq!(
        keys.join(" "),
        "schema verdict reasons limited_by interrupted stopped_on_miss target plan environment started_at measured_s partial \
         start generator shards unresolved total groups"
    );
    assert!(text.ends_with("}\n"));
}

#[test]
fn groups_are_those_of_the_plan() {
    let report = sample::two_groups();
    let value = json(&report);
    assert_eq!(value["groups"][1]["name"], "slow");
    assert_eq!(value["groups"][1]["counts"]["sent"], report.groups[1].measurement.measured.counts.sent);
    for wrong in [Value::Array(Vec::new()), Value::Array(vec![value["groups"][1].clone(); 2])] {
        let mut changed = value.clone();
        changed["groups"] = wrong;
        assert!(refusal(&changed.to_string()).to_string().contains("`groups`: they are not those of the plan"));
    }
    let mut only = json(&sample::pass());
    assert_eq!(only["groups"], Value::Array(Vec::new()), "nothing stands there twice");
    only["groups"] = value["groups"].clone();
    assert!(refusal(&only.to_string()).to_string().contains("one group only"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_report_reads_back_as_it_was(report in reports(), judgement in judgements()) {
        let text = to_json(&report, &judgement).unwrap();
        let (read_report, read_judgement) = from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(read_report, report);
        prop_assert_eq!(read_judgement, judgement);
    }
}

#[test]
fn results_on_one_line_are_read_until_one_is_broken() {
    let one = |report: &Report| to_json(report, &judge(report, &[])).unwrap().replace('\n', "");
    let (pass, violation) = (sample::pass(), sample::violation());
    let text = one(&pass) + &one(&violation);
    let read: Vec<_> = from_json_texts(text.as_bytes()).map(|result| result.unwrap().0).collect();
    assert_eq!(read, [pass, violation]);
    let cut: Vec<_> = from_json_texts(&text.as_bytes()[..text.len() - 9]).collect();
    assert!(matches!(cut[..], [Ok(_), Err(StoreError::Truncated { .. })]), "{cut:?}");
    assert_eq!(from_json_texts(b" \n").count(), 0);
    assert!(matches!(from_json_texts(b"{}{").collect::<Vec<_>>()[..], [Err(_)]));
}
