use base64::{Engine, engine::general_purpose::STANDARD};
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
};
use serde_json::Value;

use super::*;
use crate::{
    judge::{LimitedBy, Verdict, judge},
    metric::quantiles::Quantiles,
    model::{
        Anomalies, Connections, Counts, Dropped, Environment, Evidence, GeneratorHealth, Interval, Latency, LoadRecord,
        Measurement, PackedHistogram, PerCall, PlanRecord, ReadContext, Tally, TargetRecord, Traffic, WireSummary,
        sample,
    },
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
    assert!(matches!(refusal(r#"{"schema": "loadgen.result/2"}"#), StoreError::NewerSchema { .. }));
    for other in ["loadgen.result/0", "loadgen.result/", "loadgen.result/one", "loadgen.comparison/1", ""] {
        let error = refusal(&format!(r#"{{"schema": "{other}"}}"#));
        assert!(matches!(&error, StoreError::OtherSchema { found, .. } if found == other), "{error}");
    }
    assert_eq!(
        refusal(r#"{"schema": "loadgen.result/2"}"#).to_string(),
        "this result has the newer format loadgen.result/2, and this version reads loadgen.result/1 only; use a newer loadgen"
    );
    assert_eq!(refusal("{}").to_string(), r#"not a result: expected an object with "schema": "loadgen.result/1""#);
    // The name comes from a file and goes to a terminal.
    assert_eq!(
        refusal(r#"{"schema": "\u001b[2J"}"#).to_string(),
        r#"not a result: its schema is "\x1b[2J", expected "loadgen.result/1""#
    );
    assert!(matches!(refusal(r#"{"schema": "loadgen.result/1"}"#), StoreError::Malformed(..)));
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
    value["histograms"]["send_lag"] = "AAAA".into();
    assert!(matches!(refusal(&value.to_string()), StoreError::Histogram { name: "send_lag", .. }));
}

#[test]
fn the_histogram_of_a_second_that_does_not_decode_is_named() {
    let other_shape = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1_000_000, 2).unwrap();
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(&other_shape, &mut bytes).unwrap();
    for (text, problem) in [("AAAA", "not an HdrHistogram"), ("?", "not base64"), (&STANDARD.encode(bytes), "2 digits")]
    {
        let mut value = json(&sample::pass());
        value["intervals"][9]["response_histogram"] = text.into();
        let error = refusal(&value.to_string());
        assert!(matches!(error, StoreError::Histogram { name: "intervals.response_histogram", .. }), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn a_file_without_histograms_of_seconds_is_read_as_before() {
    let mut report = sample::pass();
    let mut value = json(&report);
    assert!(value["intervals"][0]["response_histogram"].is_string());
    for interval in value["intervals"].as_array_mut().unwrap() {
        interval.as_object_mut().unwrap().remove("response_histogram");
    }
    for interval in &mut report.total.intervals {
        interval.response = None;
    }
    assert_eq!(from_json(value.to_string().as_bytes()).unwrap().0, report);
    // Nor is the key written where there is nothing to say.
    assert_eq!(json(&report), value);
}

#[test]
fn a_file_without_an_engine_is_of_tungstenite() {
    let mut report = sample::pass();
    report.plan.engine = "lean".to_owned();
    let text = to_json(&report, &judge(&report, &[])).unwrap();
    assert_eq!(from_json(text.as_bytes()).unwrap().0.plan.engine, "lean");
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["plan"].as_object_mut().unwrap().remove("engine").unwrap();
    assert_eq!(from_json(file.to_string().as_bytes()).unwrap().0.plan.engine, "tungstenite");
}

#[test]
fn a_file_without_stolen_time_reads_as_none() {
    let text = to_json(&sample::pass(), &judge(&sample::pass(), &[])).unwrap();
    assert_eq!(from_json(text.as_bytes()).unwrap().0.generator.stolen, Some(0.002));
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["generator"].as_object_mut().unwrap().remove("stolen").unwrap();
    assert_eq!(from_json(file.to_string().as_bytes()).unwrap().0.generator.stolen, None);
}

#[test]
fn a_missing_key_is_named() {
    let mut value = json(&sample::pass());
    value["counts"].as_object_mut().unwrap().remove("lost");
    let error = refusal(&value.to_string());
    assert!(error.to_string().starts_with("not a valid loadgen.result/1: missing field `lost`"), "{error}");
}

#[test]
fn numbers_that_json_does_not_have_are_refused_by_key() {
    type SetNumber = fn(&mut Report, f64);
    let table: [(&str, SetNumber); 7] = [
        ("measured_s", |r, x| r.measured_s = x),
        ("wire.messages_per_read.mean", |r, x| r.total.wire.messages_per_read.mean = x),
        ("generator.busiest_worker", |r, x| r.generator.busiest_worker = x),
        ("generator.stolen", |r, x| r.generator.stolen = Some(x)),
        ("intervals.at_s", |r, x| r.total.intervals[9].at_s = x),
        ("evidence.at_s", |r, x| r.total.evidence[2].at_s = x),
        ("plan.rate_per_client", |r, x| {
            r.plan.load = LoadRecord::Open { rate_per_client: x, burst: 1, max_in_flight: 1 };
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
    assert_eq!(value["latency_ns"]["response"]["p99_9"], Quantiles::of(&report.total.latency.response).p99_9.unwrap());
    // 499 980 matched in 10 s.
    assert_eq!(value["throughput"]["matched_per_s"], 49_998.0);
    value["latency_ns"] = "wrong".into();
    value.as_object_mut().unwrap().remove("throughput");
    value["a key of a later revision"] = true.into();
    assert_eq!(from_json(value.to_string().as_bytes()).unwrap().0, report);
}

#[test]
fn the_summary_of_an_empty_histogram_is_null() {
    let value = json(&sample::closed());
    assert_eq!(value["latency_ns"]["send_lag"]["count"], 0);
    assert_eq!(value["latency_ns"]["send_lag"]["p99"], Value::Null);
}

#[test]
fn keys_are_in_the_order_of_the_contract() {
    let report = sample::pass();
    let text = to_json(&report, &judge(&report, &[])).unwrap();
    let keys: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("  \"").and_then(|rest| rest.split('"').next())).collect();
    assert_eq!(
        keys.join(" "),
        "schema verdict reasons limited_by interrupted target plan environment started_at measured_s connections counts \
         dropped_by anomalies warmup evidence traffic throughput latency_ns wire generator intervals histograms"
    );
    assert!(text.ends_with("}\n"));
}

fn finite() -> impl Strategy<Value = f64> + Clone {
    any::<f64>().prop_filter("JSON has finite numbers only", |x| x.is_finite())
}

fn tallies() -> impl Strategy<Value = Tally> {
    (any::<[u64; 9]>(), any::<[u64; 3]>(), any::<[u64; 10]>()).prop_map(|(c, d, a)| {
        let [scheduled, sent, dropped, matched, lost, damaged, misrouted, undetermined, events] = c;
        let [duplicated, reordered, coalesced, split, split_pieces, truncated, corrupted, wrong_type, m, unexpected] =
            a;
        Tally {
            counts: Counts { scheduled, sent, dropped, matched, lost, damaged, misrouted, undetermined, events },
            dropped: Dropped { in_flight_cap: d[0], dead_connection: d[1], behind_schedule: d[2] },
            anomalies: Anomalies {
                duplicated,
                reordered,
                coalesced,
                split,
                split_pieces,
                truncated,
                corrupted,
                wrong_type,
                misrouted_events: m,
                unexpected,
            },
        }
    })
}

fn plans() -> impl Strategy<Value = PlanRecord> {
    let load = prop_oneof![
        (finite(), any::<[u32; 2]>()).prop_map(|(rate_per_client, [burst, max_in_flight])| LoadRecord::Open {
            rate_per_client,
            burst,
            max_in_flight
        }),
        any::<u32>().prop_map(|window| LoadRecord::Closed { window }),
    ];
    let texts = (any::<[String; 3]>(), vec(any::<String>(), 0..3));
    let numbers = (any::<[u32; 2]>(), any::<u64>(), [finite(), finite(), finite()]);
    (load, option::of(finite()), option::of(any::<u64>()), texts, numbers).prop_map(
        |(
            load,
            duration_s,
            messages_per_client,
            ([payload, expect, engine], thresholds),
            (small, size_bytes, [a, b, c]),
        )| {
            PlanRecord {
                clients: small[0],
                load,
                duration_s,
                messages_per_client,
                warmup_s: a,
                drain_s: b,
                size_bytes,
                payload,
                expect,
                connect_rate: c,
                engine,
                threads: small[1],
                thresholds,
                only_delivery: small[0].is_multiple_of(2),
            }
        },
    )
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let texts = (any::<[String; 3]>(), any::<[Option<String>; 3]>());
    (texts, any::<u32>(), any::<[Option<u64>; 3]>(), finite(), option::of(any::<[u64; 2]>())).prop_map(
        |(([kind, local, peer], [expected, received, detail]), client, numbers, at_s, read)| Evidence {
            kind,
            client,
            local,
            peer,
            sequence: numbers[0],
            at_s,
            expected,
            received,
            received_bytes: numbers[1],
            first_difference: numbers[2],
            read: read.map(|[bytes, frames]| ReadContext { bytes, frames }),
            detail,
        },
    )
}

fn histograms() -> impl Strategy<Value = hdrhistogram::Histogram<u64>> + Clone {
    vec((0..=Latency::HIGH_NS, 1..1_000_000_u64), 0..20).prop_map(|values| {
        let mut histogram = Latency::histogram();
        for (value, count) in values {
            histogram.record_n(value, count).unwrap();
        }
        histogram
    })
}

fn latencies() -> impl Strategy<Value = Latency> {
    [histograms(), histograms(), histograms(), histograms(), histograms()].prop_map(
        |[response, service, floor, send_lag, connect]| Latency { response, service, floor, send_lag, connect },
    )
}

/// The parts of a report that are only counters and gauges.
fn gauges() -> impl Strategy<Value = (Traffic, WireSummary, GeneratorHealth, Vec<Interval>)> {
    let numbers = (finite(), any::<[u64; 3]>(), any::<[Option<u64>; 3]>());
    let interval = (numbers, option::of(histograms())).prop_map(|((at_s, n, quantiles), response)| Interval {
        at_s,
        sent: n[0],
        matched: n[1],
        anomalies: n[2],
        response_p50_ns: quantiles[0],
        response_p99_ns: quantiles[1],
        response_max_ns: quantiles[2],
        response: response.map(|histogram| PackedHistogram::of(&histogram).unwrap()),
    });
    let numbers = [finite(), finite(), finite(), finite(), finite(), finite(), finite()];
    let threads = (any::<u32>(), option::of(finite()));
    (any::<[u64; 8]>(), numbers, threads, vec(interval, 0..3)).prop_map(|(n, x, (threads, stolen), intervals)| {
        let traffic =
            Traffic { matched_in_window: n[0], sent_in_window: Some(n[0] / 2), sent_bytes: n[1], received_bytes: n[2] };
        let wire = WireSummary {
            reads: n[3],
            messages_per_read: PerCall { mean: x[0], max: n[4] },
            writes: n[5],
            messages_per_write: PerCall { mean: x[1], max: n[6] },
        };
        let [cpu_s, spin_s, busiest_worker] = [x[2], x[3], x[4]];
        let generator = GeneratorHealth {
            cpu_s,
            spin_s,
            busiest_worker,
            peak_rss_bytes: n[7],
            threads,
            stops: n[0] / 3,
            stopped_s: x[5],
            longest_stop_s: x[6],
            stolen,
        };
        (traffic, wire, generator, intervals)
    })
}

fn reports() -> impl Strategy<Value = Report> {
    let environment = (any::<[String; 3]>(), any::<[u32; 2]>(), any::<u64>()).prop_map(
        |([cpu, kernel, version], [cores, run_id], seed)| Environment { cpu, cores, kernel, version, seed, run_id },
    );
    let errors = btree_map(any::<String>(), any::<u64>(), 0..3);
    let details = btree_map(any::<String>(), any::<String>(), 0..3);
    let connections = (any::<[u64; 4]>(), errors, details).prop_map(|(n, errors, details)| Connections {
        requested: n[0],
        opened: n[1],
        failed: n[2],
        died: n[3],
        errors,
        details,
    });
    let head = (any::<[String; 2]>(), any::<[bool; 2]>(), finite());
    (head, plans(), environment, connections, [tallies(), tallies()], vec(evidence(), 0..3), latencies(), gauges())
        .prop_map(|(head, plan, environment, connections, [measured, warmup], evidence, latency, gauges)| {
            let ([url, started_at], [embedded, interrupted], measured_s) = head;
            let (traffic, wire, generator, intervals) = gauges;
            Report {
                target: TargetRecord { url, embedded },
                plan,
                environment,
                started_at,
                measured_s,
                interrupted,
                generator,
                total: Measurement { connections, measured, warmup, evidence, traffic, latency, wire, intervals },
                groups: Vec::new(),
            }
        })
}

fn judgements() -> impl Strategy<Value = Judgement> {
    let verdict = prop::sample::select(Verdict::ALL.to_vec());
    let limit = prop::sample::select(vec![LimitedBy::Schedule, LimitedBy::Generator, LimitedBy::Target]);
    (verdict, vec(any::<String>(), 0..3), limit).prop_map(|(verdict, reasons, limited_by)| Judgement {
        verdict,
        reasons,
        limited_by,
    })
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
