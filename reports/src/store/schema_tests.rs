//! The schema describes what is written: no less (each key is required), and no more (no other key is allowed).

use jsonschema::Validator;
use serde_json::Value;

use super::{SCHEMA_JSON, to_json};
use crate::judge::judge;
use crate::model::Report;
use crate::sample;

fn schema() -> Validator {
    jsonschema::draft202012::new(&serde_json::from_str(SCHEMA_JSON).unwrap()).unwrap()
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&to_json(report, &judge(report, &[])).unwrap()).unwrap()
}

fn samples() -> [Value; 4] {
    [sample::pass(), sample::violation(), sample::invalid(), sample::closed()].map(|report| json(&report))
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

#[test]
fn the_schema_is_itself_valid() {
    assert!(jsonschema::draft202012::meta::is_valid(&serde_json::from_str(SCHEMA_JSON).unwrap()));
}

#[test]
fn what_is_written_satisfies_the_schema() {
    let schema = schema();
    for sample in samples() {
        let errors: Vec<String> =
            schema.iter_errors(&sample).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut empty = sample::pass();
    empty.measured_s = 0.0;
    empty.latency = crate::model::Latency::default();
    assert!(schema.is_valid(&json(&empty)));
}

#[test]
fn each_key_is_required() {
    let schema = schema();
    for sample in samples() {
        for pointer in pointers(&sample) {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let mut changed = sample.clone();
            let Some(map) = changed.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
            map.remove(key);
            // The kinds of errors are keys that a run decides; older files have neither histograms of seconds nor an engine.
            let optional = parent == "/connections/errors" || key == "response_histogram" || pointer == "/plan/engine";
            assert_eq!(schema.is_valid(&changed), optional, "without {pointer}");
        }
    }
}

#[test]
fn no_other_key_is_allowed() {
    let schema = schema();
    for sample in samples() {
        for pointer in pointers(&sample).into_iter().chain([String::new()]) {
            let mut changed = sample.clone();
            let Some(map) = changed.pointer_mut(&pointer).and_then(Value::as_object_mut) else { continue };
            map.insert("other".to_owned(), 1.into());
            assert_eq!(schema.is_valid(&changed), pointer == "/connections/errors", "one more in {pointer}");
        }
    }
}

#[test]
fn each_type_is_checked() {
    let schema = schema();
    for sample in samples() {
        for pointer in pointers(&sample) {
            for wrong in [Value::from(vec![Value::Null]), Value::from(-0.5), Value::from("?"), Value::Null] {
                let mut changed = sample.clone();
                let value = changed.pointer_mut(&pointer).unwrap();
                let same_type = std::mem::discriminant(&*value) == std::mem::discriminant(&wrong);
                // Texts are free, and these may be absent or below zero.
                let optional = ["evidence", "duration_s", "messages_per_client", "intervals", "throughput"];
                let loose = optional.iter().any(|part| pointer.contains(part)) && !wrong.is_array();
                if same_type && (wrong.is_string() || wrong.is_null()) || loose {
                    continue;
                }
                *value = wrong;
                assert!(!schema.is_valid(&changed), "{pointer} = {value}", value = changed.pointer(&pointer).unwrap());
            }
        }
    }
}

#[test]
fn wrong_types_inside_optional_values_are_found() {
    let schema = schema();
    let sample = json(&sample::violation());
    for pointer in ["/evidence/0/sequence", "/evidence/0/at_s", "/intervals/0/sent", "/intervals/0/response_p99_ns"] {
        let mut changed = sample.clone();
        *changed.pointer_mut(pointer).unwrap() = "?".into();
        assert!(!schema.is_valid(&changed), "{pointer}");
    }
    let not_null = ["/evidence/0/kind", "/evidence/0/client", "/intervals/0/at_s", "/throughput"];
    for pointer in not_null.into_iter().chain(["/intervals/0/response_histogram"]) {
        let mut changed = sample.clone();
        *changed.pointer_mut(pointer).unwrap() = Value::Null;
        assert!(!schema.is_valid(&changed), "{pointer}");
    }
}
