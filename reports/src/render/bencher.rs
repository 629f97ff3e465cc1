//! Numbers for [Bencher](https://bencher.dev/docs/reference/bencher-metric-format/).

use std::{collections::BTreeMap, io};

use serde::Serialize;

use super::{
    Render, invalid_data,
    tracked::{TrackedKind, tracked},
};
use crate::{judge::Judgement, model::Report};

/// Bencher Metric Format, for its adapter `json`. Each number is a benchmark with one measure.
///
/// The measures `latency` (nanoseconds) and `throughput` (operations per second) are Bencher's own.
/// It creates `count`, `cpu-time` (nanoseconds a message) and `peak-rss` (bytes) when it first sees
/// them. What was not measured is left out.
///
/// `lower_value` is the floor of a latency, if the generator may have a notable part in it.
/// Otherwise it is left out, like `upper_value`: they are for the spread of several runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bencher;

/// Bencher's `Metric`.
#[derive(Serialize)]
struct BencherMetric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
}

impl Render for Bencher {
    fn render(&self, report: &Report, _: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let benchmarks: BTreeMap<String, BTreeMap<&str, BencherMetric>> = tracked(report)
            .into_iter()
            .map(|tracked| {
                (
                    tracked.name,
                    [(measure(tracked.kind), BencherMetric { value: tracked.value, lower_value: tracked.marked })]
                        .into(),
                )
            })
            .collect();
        serde_json::to_writer_pretty(&mut *out, &benchmarks).map_err(invalid_data)?;
        writeln!(out)
    }
}

/// Bencher's name of a measure.
fn measure(kind: TrackedKind) -> &'static str {
    match kind {
        TrackedKind::Latency => "latency",
        TrackedKind::Throughput => "throughput",
        TrackedKind::Count => "count",
        TrackedKind::CpuTime => "cpu-time",
        TrackedKind::Memory => "peak-rss",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::{GeneratorHealth, Latency, sample},
        render::rendered,
    };

    #[test]
    fn a_clean_pass() {
        insta::assert_snapshot!(rendered(&Bencher, &sample::pass()));
    }

    #[test]
    fn a_delivery_violation() {
        insta::assert_snapshot!(rendered(&Bencher, &sample::violation()));
    }

    #[test]
    fn two_groups() {
        insta::assert_snapshot!(rendered(&Bencher, &sample::two_groups()));
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        let mut report = sample::pass();
        report.total.latency = Latency::default();
        report.measured_s = 0.0;
        report.generator = GeneratorHealth::default();
        let value: Value = serde_json::from_str(&rendered(&Bencher, &report)).unwrap();
        assert!(value.as_object().unwrap().values().all(|measures| measures.get("count").is_some()), "{value}");
    }

    #[test]
    fn it_satisfies_the_schema_that_bencher_publishes() {
        // https://bencher.dev/bmf.json
        let measure = json!({
            "type": "object",
            "properties": {
                "value": { "type": "number" },
                "lower_value": { "type": "number" },
                "upper_value": { "type": "number" },
            },
            "required": ["value"],
            "additionalProperties": false,
        });
        let measures = json!({ "type": "object", "patternProperties": { ".+": measure }, "minProperties": 1 });
        let schema = json!({ "type": "object", "patternProperties": { ".+": measures } });
        let schema = jsonschema::draft7::new(&schema).unwrap();
        for sample in sample::SOME {
            assert!(schema.is_valid(&serde_json::from_str(&rendered(&Bencher, &sample())).unwrap()));
        }
    }
}
