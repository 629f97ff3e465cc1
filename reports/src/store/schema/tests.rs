//! A schema describes exactly what is written: each key is required, and no other key is allowed.

use jsonschema::Validator;
use schemars::generate::Contract;
use serde_json::{Value, json};

use super::*;
use crate::{
    compare,
    judge::judge,
    model::{Latency, Report, sample},
    render::{
        Json,
        comparison::{
            Ab, RenderComparison,
            json::{AbDocument, ComparisonDocument},
            sample::{STEADY, WILD, foreign, outcome, regression, several},
        },
    },
    search::{self, Conclusion, FailureCause},
    store::{self, document::ResultDocument, search::document::SearchDocument},
};

/// A format with sample documents, and the places where it leaves room.
struct Format {
    schema: Schema,
    documents: Vec<Value>,
    /// Keys that may be missing.
    optional: fn(&str) -> bool,
    /// Objects that may have any key.
    open: fn(&str) -> bool,
    /// Values that may be `null`, or numbers below zero.
    loose: fn(&str) -> bool,
}

/// Keys of groups that most plans leave out.
const OF_SOME_PLANS: [&str; 5] = [
    "/groups/0/connect",
    "/groups/0/sessions",
    "/groups/0/wire_shape",
    "/groups/0/ping_s",
    "/groups/0/read_bytes_per_s",
];

/// Objects whose keys a run decides: kinds of errors, names that servers choose.
const OPEN: [&str; 8] = [
    "/connections/errors",
    "/connections/details",
    "/connections/failed",
    "/connections/subprotocols",
    "/connections/addresses",
    "/connections/tls/versions",
    "/connections/tls/ciphers",
    "/connections/compression/parameters",
];

fn formats() -> [Format; 4] {
    [
        Format {
            schema: Schema::RESULT,
            documents: results(),
            optional: |at| at.rsplit_once('/').is_some_and(|(object, _)| ends(object, &OPEN)),
            open: |at| ends(at, &OPEN),
            loose: |at| {
                let parts =
                    ["/evidence/", "/intervals/", "/throughput/", "/duration_s", "/messages_per_client", "/dns_ns"];
                parts.iter().any(|part| at.contains(part))
                    || ends(at, &["/target", "/stolen", "/until", "/stopped_on_miss", "/start", "/connections/tls"])
                    || ends(at, &OF_SOME_PLANS)
                    || at.ends_with("/connections/compression")
                    || ["sessions", "connect"].iter().any(|of| at.starts_with(&format!("/plan/groups/0/{of}/")))
            },
        },
        Format {
            schema: Schema::SEARCH,
            documents: searches(),
            optional: |_| false,
            open: |_| false,
            loose: |at| {
                let of_an_unfinished = ["/holds_per_s", "/fails_per_s", "/limited_by", "/exit_code"];
                let of_a_step = ["/sent_per_s", "/matched_per_s", "_p50_ns", "_p99_ns"];
                let of_a_plan = ["/duration_s", "/messages_per_client", "/groups/0/target", "/groups/0/until"];
                [&of_an_unfinished[..], &of_a_step, &of_a_plan, &OF_SOME_PLANS].iter().any(|keys| ends(at, keys))
            },
        },
        Format {
            schema: Schema::COMPARISON,
            documents: comparisons(),
            optional: |_| false,
            open: |_| false,
            loose: is_of_a_metric,
        },
        Format {
            schema: Schema::AB,
            documents: pairs(),
            optional: |_| false,
            open: |_| false,
            loose: |at| is_of_a_metric(at) || at.starts_with("/runs/"),
        },
    ]
}

/// The schema as the types give it.
fn generated(schema: Schema) -> Value {
    // By its place: a pattern can't hold so long a text.
    let of: fn(&str, Contract) -> Value = match Schema::ALL.iter().position(|known| *known == schema) {
        Some(0) => generate::<ResultDocument>,
        Some(1) => generate::<SearchDocument>,
        Some(2) => generate::<ComparisonDocument<'_>>,
        _ => generate::<AbDocument<'_>>,
    };
    of(schema.name(), Contract::Serialize)
}

/// With `UPDATE_DOCUMENTS` it renews the files in `reports/schema/`.
#[test]
fn committed_schemas_are_those_of_the_types() {
    for schema in Schema::ALL {
        let text = serde_json::to_string_pretty(&generated(schema)).unwrap() + "\n";
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            let name = schema.name().replace('/', ".");
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
            std::fs::write(format!("{folder}/{name}.schema.json"), text).unwrap();
        } else {
            assert!(text == schema.json(), "{} is not up to date; UPDATE_DOCUMENTS=1 renews it", schema.name());
        }
    }
}

#[test]
fn each_key_is_described() {
    fn check(name: &str, schema: &Value, described: bool) {
        let Some(object) = schema.as_object() else { return };
        for (key, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let text = property["description"].as_str().unwrap_or_default();
            let described = described && !object.contains_key("$ref");
            assert!(!described || !text.is_empty(), "{name}: {key} has no description");
            assert!(!text.contains(['[', ']', '\n']), "{name}: {key}: {text}");
        }
        for (key, inner) in object {
            // What stands beside a reference, and parts of a combination, narrow keys that are
            // described elsewhere.
            let combines = ["oneOf", "allOf"].contains(&key.as_str());
            let narrows = combines && object.contains_key("properties") || object.contains_key("$ref");
            let inner_described = described && !narrows;
            match inner {
                Value::Array(items) => items.iter().for_each(|item| check(name, item, inner_described)),
                Value::Object(map) if ["properties", "$defs"].contains(&key.as_str()) => {
                    map.values().for_each(|value| check(name, value, inner_described));
                }
                _ => check(name, inner, inner_described),
            }
        }
    }
    for schema in Schema::ALL {
        check(schema.name(), &generated(schema), true);
    }
}

fn ends(at: &str, keys: &[&str]) -> bool {
    keys.iter().any(|key| at.ends_with(key))
}

/// Unknown figures of a metric, and changes, which have a sign.
fn is_of_a_metric(at: &str) -> bool {
    at.starts_with("/metrics/") && !ends(at, &["/metric", "/unit", "/better"])
}

fn results() -> Vec<Value> {
    let written = |report: Report| value(store::to_json(&report, &judge(&report, &[])).unwrap().as_bytes());
    let mut empty = Report { measured_s: 0.0, ..sample::pass() };
    empty.total.latency = Latency::default();
    let all = vec![
        sample::pass(),
        sample::violation(),
        sample::connections(),
        sample::closed(),
        empty,
        sample::two_groups(),
        sample::sessions(),
        sample::connected(),
    ];
    all.into_iter().map(written).collect()
}

fn searches() -> Vec<Value> {
    let why = || "interrupted".to_owned();
    let ends = [
        Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Generator },
        Conclusion::Everything { holds: 100_000.0 },
        Conclusion::Nothing { fails: 20.0, cause: FailureCause::Delivery },
        Conclusion::Unfinished { holds: None, fails: None, why: why() },
        Conclusion::Unfinished { holds: Some(4_000.0), fails: Some(8_000.0), why: why() },
    ];
    let mut records = vec![search::sample::record(), search::sample::foreign("foreign")];
    records.extend(ends.map(search::sample::ending));
    records[5].steps.clear();
    records.iter().map(|record| value(store::search::to_json(record).unwrap().as_bytes())).collect()
}

fn comparisons() -> Vec<Value> {
    let options = compare::CompareOptions { force: true, ..compare::CompareOptions::default() };
    let (few, other) = (several(80_000, 400_000), sample::violation());
    let incomparable = Report { plan: sample::closed().plan, ..sample::pass() };
    let all = [
        regression(),
        foreign("foreign"),
        compare(&few[..2], &few[..2], &options),
        compare(&few[..1], &[other], &options),
        compare(&few[..1], &[incomparable], &compare::CompareOptions::default()),
        compare(&[], &few, &options),
    ];
    all.iter().map(|comparison| shown(|out| Json.comparison(comparison, out))).collect()
}

fn pairs() -> Vec<Value> {
    let mut unmeasured = outcome(&STEADY, 10);
    unmeasured.pairs[0].0.values[1].value = None;
    let all = [outcome(&STEADY, 10), outcome(&STEADY[..3], 6), outcome(&WILD, 30), unmeasured];
    let ab = |outcome| Ab { a: "ws://127.0.0.1:9001", b: "cmd:./server", outcome, repeated: 1 };
    all.iter().map(|outcome| shown(|out| Json.ab(&ab(outcome), out))).collect()
}

fn shown(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Value {
    let mut out = Vec::new();
    render(&mut out).unwrap();
    value(&out)
}

fn value(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

fn validator(schema: Schema) -> Validator {
    jsonschema::draft202012::new(&value(schema.json().as_bytes())).unwrap()
}

/// A JSON pointer to every value inside `value`.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (key, child) in children {
        found.push(format!("/{key}"));
        found.extend(pointers(child).iter().map(|deeper| format!("/{key}{deeper}")));
    }
    found
}

/// Calls `check` with each format and each of its documents.
fn each(check: impl Fn(&Format, &Validator, &Value)) {
    for format in formats() {
        let validator = validator(format.schema);
        for document in &format.documents {
            check(&format, &validator, document);
        }
    }
}

#[test]
fn schemas_are_themselves_valid_and_say_what_they_describe() {
    for schema in Schema::ALL {
        let json = value(schema.json().as_bytes());
        assert!(jsonschema::draft202012::meta::is_valid(&json));
        assert_eq!(
            (&json["title"], &json["properties"]["schema"]["const"]),
            (&schema.name().into(), &schema.name().into())
        );
    }
}

#[test]
fn what_is_written_satisfies_its_schema() {
    each(|_, validator, document| {
        let errors: Vec<String> =
            validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    });
}

#[test]
fn each_key_is_required() {
    each(|format, validator, document| {
        for pointer in pointers(document) {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let mut changed = document.clone();
            let Some(map) = changed.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
            map.remove(key);
            assert_eq!(validator.is_valid(&changed), (format.optional)(&pointer), "without {pointer}");
        }
    });
}

#[test]
fn no_other_key_is_allowed() {
    each(|format, validator, document| {
        for pointer in pointers(document).into_iter().chain([String::new()]) {
            let mut changed = document.clone();
            let Some(map) = changed.pointer_mut(&pointer).and_then(Value::as_object_mut) else { continue };
            map.insert("other".to_owned(), if pointer.ends_with("/details") { "?".into() } else { 1.into() });
            assert_eq!(validator.is_valid(&changed), (format.open)(&pointer), "one more in {pointer}");
        }
    });
}

#[test]
fn each_type_is_checked() {
    each(|format, validator, document| {
        for pointer in pointers(document) {
            for wrong in [json!([[[]]]), json!(-0.5), json!("?"), Value::Null] {
                let mut changed = document.clone();
                let value = changed.pointer_mut(&pointer).unwrap();
                let same_type = std::mem::discriminant(&*value) == std::mem::discriminant(&wrong);
                // Texts are free.
                let free = same_type && (wrong.is_string() || wrong.is_null());
                if free || (format.loose)(&pointer) && !wrong.is_array() {
                    continue;
                }
                *value = wrong;
                assert!(!validator.is_valid(&changed), "{pointer} = {}", changed.pointer(&pointer).unwrap());
            }
        }
    });
}

/// Changes of a document, by JSON pointer, that its schema must refuse.
fn refused(documents: &[Value], schema: Schema, changes: &[(&str, Value)]) {
    let mut document = documents[0].clone();
    for (pointer, value) in changes {
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")) = value.clone();
    }
    assert!(!validator(schema).is_valid(&document), "{changes:?}");
}

#[test]
fn wrong_types_inside_optional_values_are_found() {
    let violation = [results().remove(1)];
    let of_total = |at: &str| format!("/total{at}");
    for at in
        ["/evidence/0/sequence", "/evidence/0/at_s", "/intervals/0/sent", "/intervals/0/response_p99_ns"].map(of_total)
    {
        refused(&violation, Schema::RESULT, &[(&at, json!("?"))]);
    }
    let not_null = ["/evidence/0/kind", "/evidence/0/client", "/intervals/0/at_s", "/throughput"];
    for at in not_null.map(of_total) {
        refused(&violation, Schema::RESULT, &[(&at, Value::Null)]);
    }
    let (searches, comparisons) = (searches(), comparisons());
    for at in ["/steps/0/sent_per_s", "/steps/0/response_p99_ns", "/conclusion/limited_by", "/conclusion/exit_code"] {
        refused(&searches, Schema::SEARCH, &[(at, json!("?"))]);
    }
    for at in ["baseline", "change_percent", "p_value", "verdict", "messages"] {
        refused(&comparisons, Schema::COMPARISON, &[(&format!("/metrics/0/{at}"), json!("?"))]);
    }
    refused(&pairs(), Schema::AB, &[("/runs/0/a/0", json!("?"))]);
}

#[test]
fn a_search_says_the_same_in_all_its_keys() {
    let searches = searches();
    let refused = |changes: &[(&str, Value)]| refused(&searches, Schema::SEARCH, changes);
    refused(&[("/conclusion/kind", json!("nothing"))]);
    refused(&[("/conclusion/why", json!("interrupted"))]);
    refused(&[("/conclusion/holds_per_s", Value::Null)]);
    refused(&[("/steps/0/holds", json!(false))]);
    refused(&[("/steps/0/cause", json!("threshold"))]);
    refused(&[("/plan/groups/0/model", json!("closed"))]);
    let mut closed = searches[0].clone();
    closed["plan"]["groups"] = results()[3]["plan"]["groups"].clone();
    assert!(!validator(Schema::SEARCH).is_valid(&closed), "the closed model has no rate to search for");
}

#[test]
fn what_formats_have_in_common_is_described_alike() {
    let [result, search, comparison, ab] = Schema::ALL.map(|schema| value(schema.json().as_bytes()));
    for name in ["TargetRecord", "PlanRecord", "Environment"] {
        assert_eq!(result["$defs"][name], search["$defs"][name]);
    }
    assert_eq!(comparison["$defs"]["Metric"], ab["$defs"]["Metric"]);
}

#[test]
fn a_later_version_is_told_from_another_format() {
    for (name, later) in [
        ("loadgen.result/3", true),
        ("loadgen.result/18446744073709551615", true),
        ("loadgen.result/2", false),
        ("loadgen.result/1", false),
        ("loadgen.result/0", false),
        ("loadgen.result/two", false),
        ("loadgen.search/2", false),
        ("loadgen.result", false),
        ("", false),
    ] {
        assert_eq!(Schema::RESULT.is_older_than(name), later, "{name}");
    }
}
