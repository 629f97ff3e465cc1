//! Searches as JSON: `loadgen.search/1`. Units are in the keys. What is not known is `null`, so every key is always there.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{RenderSearch, headline};
use crate::judge::{LimitedBy, Verdict};
use crate::model::{Environment, Target};
use crate::render::Json;
use crate::search::{Cause, Conclusion, Outcome, Record, Step};

/// Name and version of the format.
pub const SCHEMA: &str = "loadgen.search/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    conclusion: ConclusionDocument<'a>,
    target: &'a Target,
    /// Without a rate: each step has its own.
    plan: Map<String, Value>,
    search: SearchDocument,
    environment: &'a Environment,
    started_at: &'a str,
    /// In the order in which they were run.
    steps: Vec<StepDocument<'a>>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct ConclusionDocument<'a> {
    /// `edge`, `everything`, `nothing` or `unfinished`.
    kind: &'static str,
    /// The highest rate that holds.
    holds_per_s: Option<f64>,
    /// The lowest that does not.
    fails_per_s: Option<f64>,
    cause: Option<Cause>,
    limited_by: Option<LimitedBy>,
    /// Of the verdict; none if the search did not end.
    exit_code: Option<u8>,
    meaning: String,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct SearchDocument {
    from_per_s: f64,
    to_per_s: f64,
    least_per_s: f64,
    resolution_percent: f64,
    tries: u32,
    pause_s: f64,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    rate_per_s: f64,
    /// Whether the rate holds.
    holds: bool,
    cause: Option<Cause>,
    reasons: &'a [String],
    /// Of the run by itself.
    verdict: Verdict,
    limited_by: LimitedBy,
    started_at: &'a str,
    sent_per_s: Option<f64>,
    matched_per_s: Option<f64>,
    messages: u64,
    response_p50_ns: Option<u64>,
    response_p99_ns: Option<u64>,
}

impl RenderSearch for Json {
    fn search(&self, record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
        let search = &record.search;
        let Value::Object(mut plan) = serde_json::to_value(&record.plan)? else {
            unreachable!("a struct is an object")
        };
        plan.remove("rate_per_client");
        let document = Document {
            schema: SCHEMA,
            conclusion: conclusion(record),
            target: &record.target,
            plan,
            search: SearchDocument {
                from_per_s: search.from(),
                to_per_s: search.to(),
                least_per_s: search.least(),
                resolution_percent: (search.resolution().share() * 1e6).round() / 1e4,
                tries: search.tries(),
                pause_s: record.pause_s,
            },
            environment: &record.environment,
            started_at: &record.started_at,
            steps: record.steps.iter().map(step).collect(),
            notes: record.notes(),
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    }
}

fn conclusion(record: &Record) -> ConclusionDocument<'_> {
    let conclusion = &record.conclusion;
    ConclusionDocument {
        kind: match conclusion {
            Conclusion::Edge { .. } => "edge",
            Conclusion::Everything { .. } => "everything",
            Conclusion::Nothing { .. } => "nothing",
            Conclusion::Unfinished { .. } => "unfinished",
        },
        holds_per_s: conclusion.holds(),
        fails_per_s: conclusion.fails(),
        cause: conclusion.cause(),
        limited_by: conclusion.limited_by(),
        exit_code: conclusion.exit_code(),
        meaning: headline(conclusion).1,
        reasons: record.reasons(),
    }
}

fn step(step: &Step) -> StepDocument<'_> {
    let cause = match step.outcome {
        Outcome::Holds => None,
        Outcome::Fails(cause) => Some(cause),
    };
    StepDocument {
        rate_per_s: step.rate,
        holds: cause.is_none(),
        cause,
        reasons: &step.reasons,
        verdict: step.verdict,
        limited_by: step.limited_by,
        started_at: &step.started_at,
        sent_per_s: step.sent_per_s,
        matched_per_s: step.matched_per_s,
        messages: step.messages,
        response_p50_ns: step.p50_ns,
        response_p99_ns: step.p99_ns,
    }
}
