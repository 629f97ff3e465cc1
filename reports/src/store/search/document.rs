//! The format of a search file.

use program::Exit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::{Value, json};

use crate::{
    compare::gate::in_percent,
    judge::{LimitedBy, Verdict},
    model::{Environment, PlanRecord, TargetRecord},
    search::{Conclusion, FailureCause, Resolution, Search, SearchRecord, Step, StepOutcome},
    store::schema::Schema,
};

/// Most messages per second that a file may name. It is more than any machine sends, and can still
/// be drawn.
const MOST: f64 = 1e12;

/// Steps of a search for the highest rate that holds, and what it found. Units are in the keys.
// The order of the fields is the order of the keys.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(in crate::store) struct SearchDocument {
    /// Name and version of this format.
    schema: String,
    /// What the search found.
    conclusion: StoredConclusion,
    /// What was tested.
    target: TargetRecord,
    /// The plan of the first step. The others have rates of their own.
    #[schemars(extend("properties" = open_model()))]
    plan: PlanRecord,
    /// Where it looked.
    search: StoredSearch,
    /// Where it ran.
    environment: Environment,
    /// Start of the first step, RFC 3339 in UTC.
    started_at: String,
    /// The steps in the order of their runs.
    steps: Vec<StoredStep>,
    /// What else is to be said, one line each.
    #[serde(skip_deserializing)]
    notes: Vec<String>,
}

/// What a search found.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Conclusion", extend("oneOf" = [
    of_kind("edge", "number", "number", "string", "null"),
    of_kind("everything", "number", "null", "null", "null"),
    of_kind("nothing", "null", "number", "string", "null"),
    { "properties": { "kind": { "const": "unfinished" }, "cause": { "type": "null" }, "why": { "type": "string" } } },
]))]
struct StoredConclusion {
    /// How the search ended.
    kind: ConclusionKind,
    /// The highest rate that holds, as far as is known: messages per second of all clients.
    #[schemars(range(min = 0.0))]
    holds_per_s: Option<f64>,
    /// The lowest rate that does not hold, as far as is known.
    #[schemars(range(min = 0.0))]
    fails_per_s: Option<f64>,
    /// Why that one does not hold.
    cause: Option<FailureCause>,
    /// What ended an unfinished search.
    why: Option<String>,
    /// What keeps the rate from being higher: `schedule` is the end of the range. Null if the
    /// search is unfinished.
    #[serde(skip_deserializing)]
    limited_by: Option<LimitedBy>,
    /// Exit code of the command. Null if the search is unfinished.
    #[serde(skip_deserializing)]
    #[schemars(extend("enum" = [0, 1, 4, 5, 6, null]))]
    exit_code: Option<u8>,
    /// What the search found, in a sentence.
    #[serde(skip_deserializing)]
    meaning: String,
    /// Why the lowest rate that does not hold does not: what its first try with that cause says.
    #[serde(skip_deserializing)]
    reasons: Vec<String>,
}

/// How a search ended.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ConclusionKind {
    /// At the highest rate that holds, and the lowest that does not.
    Edge,
    /// The end of the range holds.
    Everything,
    /// Not even the lowest rate holds.
    Nothing,
    /// It was stopped, or could not go on.
    Unfinished,
}

/// Where a search looked. Rates are of all clients together.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SearchRange")]
struct StoredSearch {
    /// Rate of the first step.
    #[schemars(range(min = 0.0))]
    from_per_s: f64,
    /// Highest rate that it may try.
    #[schemars(range(min = 0.0))]
    to_per_s: f64,
    /// Lowest rate that it may try.
    #[schemars(range(min = 0.0))]
    least_per_s: f64,
    /// How far the lowest rate that does not hold may be over the highest that does.
    #[schemars(range(min = 1.0, max = 100.0))]
    resolution_percent: f64,
    /// How often a rate is tried at most.
    #[schemars(range(min = 1))]
    tries: u32,
    /// Rest between two steps, in seconds.
    #[schemars(range(min = 0.0))]
    pause_s: f64,
}

/// A run at one rate.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Step", extend("oneOf" = [
    { "properties": { "holds": { "const": true }, "cause": { "type": "null" } } },
    { "properties": { "holds": { "const": false }, "cause": { "type": "string" } } },
]))]
struct StoredStep {
    /// Messages per second that were to be due, of all clients together.
    #[schemars(range(min = 0.0))]
    rate_per_s: f64,
    /// The rate held in this run: thresholds met, delivery clean, run valid, load applied.
    holds: bool,
    /// Why it does not hold; null if it does.
    cause: Option<FailureCause>,
    /// Everything that speaks against it, one line each.
    reasons: Vec<String>,
    /// The verdict on the run by itself.
    verdict: Verdict,
    /// What kept its throughput from being higher.
    limited_by: LimitedBy,
    /// Start of its warm-up, RFC 3339 in UTC.
    started_at: String,
    /// Messages sent per second of the measured phase.
    #[schemars(range(min = 0.0))]
    sent_per_s: Option<f64>,
    /// Messages matched per second of the measured phase.
    #[schemars(range(min = 0.0))]
    matched_per_s: Option<f64>,
    /// Messages whose response time is known.
    messages: u64,
    /// Median of their response times, in nanoseconds.
    response_p50_ns: Option<u64>,
    /// 99th percentile of their response times, in nanoseconds.
    response_p99_ns: Option<u64>,
}

/// JSON Schema of a conclusion of one kind: the types of its rates, its cause and its reason.
fn of_kind(kind: &str, holds: &str, fails: &str, cause: &str, why: &str) -> Value {
    json!({
        "properties": {
            "kind": { "const": kind },
            "holds_per_s": { "type": holds },
            "fails_per_s": { "type": fails },
            "cause": { "type": cause },
            "why": { "type": why },
        },
    })
}

/// JSON Schema of the plan of a search, beside what it has of each plan.
fn open_model() -> Value {
    json!({ "groups": { "items": { "properties": { "model": { "const": "open" } } } } })
}

impl SearchDocument {
    pub(super) fn of(record: &SearchRecord) -> Self {
        Self {
            schema: Schema::SEARCH.name().to_owned(),
            conclusion: StoredConclusion::of(record),
            target: record.target.clone(),
            plan: record.plan.clone(),
            search: StoredSearch::of(record),
            environment: record.environment.clone(),
            started_at: record.started_at.clone(),
            steps: record.steps.iter().map(StoredStep::of).collect(),
            notes: record.notes(),
        }
    }

    pub(super) fn into_record(self) -> Result<SearchRecord, serde_json::Error> {
        let search = self.search.search()?;
        if self.plan.rate().is_none() {
            return Err(refusal("`plan.groups.model`: a search has the open model"));
        }
        Ok(SearchRecord {
            target: self.target,
            plan: self.plan,
            environment: self.environment,
            started_at: self.started_at,
            search,
            pause_s: self.search.pause_s,
            steps: self.steps.into_iter().map(StoredStep::into_step).collect::<Result<_, _>>()?,
            conclusion: self.conclusion.into_conclusion()?,
        })
    }
}

impl StoredConclusion {
    fn of(record: &SearchRecord) -> Self {
        let conclusion = &record.conclusion;
        let (kind, why) = match conclusion {
            Conclusion::Edge { .. } => (ConclusionKind::Edge, None),
            Conclusion::Everything { .. } => (ConclusionKind::Everything, None),
            Conclusion::Nothing { .. } => (ConclusionKind::Nothing, None),
            Conclusion::Unfinished { why, .. } => (ConclusionKind::Unfinished, Some(why.clone())),
        };
        Self {
            kind,
            holds_per_s: conclusion.holds(),
            fails_per_s: conclusion.fails(),
            cause: conclusion.cause(),
            why,
            limited_by: conclusion.limited_by(),
            exit_code: conclusion.exit().map(Exit::code),
            meaning: conclusion.meaning(),
            reasons: record.reasons().to_vec(),
        }
    }

    fn into_conclusion(self) -> Result<Conclusion, serde_json::Error> {
        let holds = self.holds_per_s.map(|rate| believed("conclusion.holds_per_s", rate)).transpose()?;
        let fails = self.fails_per_s.map(|rate| believed("conclusion.fails_per_s", rate)).transpose()?;
        match (self.kind, holds, fails, self.cause) {
            (ConclusionKind::Edge, Some(holds), Some(fails), Some(cause)) => {
                Ok(Conclusion::Edge { holds, fails, cause })
            }
            (ConclusionKind::Everything, Some(holds), None, None) => Ok(Conclusion::Everything { holds }),
            (ConclusionKind::Nothing, None, Some(fails), Some(cause)) => Ok(Conclusion::Nothing { fails, cause }),
            (ConclusionKind::Unfinished, holds, fails, None) => {
                let why = self.why.ok_or_else(|| refusal("`conclusion.why`: an unfinished search has one"))?;
                Ok(Conclusion::Unfinished { holds, fails, why })
            }
            _ => Err(refusal("`conclusion`: its kind does not go with its rates and its cause")),
        }
    }
}

impl StoredSearch {
    fn of(record: &SearchRecord) -> Self {
        let search = &record.search;
        Self {
            from_per_s: search.from(),
            to_per_s: search.to(),
            least_per_s: search.least(),
            resolution_percent: in_percent(search.resolution().share()),
            tries: search.tries(),
            pause_s: record.pause_s,
        }
    }

    fn search(&self) -> Result<Search, serde_json::Error> {
        let rates = [("from_per_s", self.from_per_s), ("to_per_s", self.to_per_s), ("least_per_s", self.least_per_s)];
        for (key, rate) in rates {
            believed(&format!("search.{key}"), rate)?;
        }
        let resolution = Resolution::from_share(self.resolution_percent / 100.0)
            .ok_or_else(|| refusal("`search.resolution_percent`: it is not from 1 to 100"))?;
        Search::new(self.from_per_s, self.to_per_s, self.least_per_s, resolution, self.tries)
            .map_err(|error| refusal(&format!("`search`: {error}")))
    }
}

impl StoredStep {
    fn of(step: &Step) -> Self {
        let cause = match step.outcome {
            StepOutcome::Holds => None,
            StepOutcome::Fails(cause) => Some(cause),
        };
        Self {
            rate_per_s: step.rate,
            holds: cause.is_none(),
            cause,
            reasons: step.reasons.clone(),
            verdict: step.verdict,
            limited_by: step.limited_by,
            started_at: step.started_at.clone(),
            sent_per_s: step.sent_per_s,
            matched_per_s: step.matched_per_s,
            messages: step.messages,
            response_p50_ns: step.p50_ns,
            response_p99_ns: step.p99_ns,
        }
    }

    fn into_step(self) -> Result<Step, serde_json::Error> {
        let outcome = match (self.holds, self.cause) {
            (true, None) => StepOutcome::Holds,
            (false, Some(cause)) => StepOutcome::Fails(cause),
            _ => return Err(refusal("`steps`: what does not hold has a cause, and nothing else has one")),
        };
        Ok(Step {
            rate: believed("steps.rate_per_s", self.rate_per_s)?,
            outcome,
            reasons: self.reasons,
            verdict: self.verdict,
            limited_by: self.limited_by,
            started_at: self.started_at,
            sent_per_s: measured("steps.sent_per_s", self.sent_per_s)?,
            matched_per_s: measured("steps.matched_per_s", self.matched_per_s)?,
            messages: self.messages,
            p50_ns: self.response_p50_ns,
            p99_ns: self.response_p99_ns,
        })
    }
}

/// Accepts a rate if a search can have it.
fn believed(key: &str, rate: f64) -> Result<f64, serde_json::Error> {
    let possible = rate > 0.0 && rate <= MOST;
    possible.then_some(rate).ok_or_else(|| refusal(&format!("`{key}`: {rate} is no rate of messages a second")))
}

/// Accepts a measured rate if a search can have it. It may be 0.
fn measured(key: &str, rate: Option<f64>) -> Result<Option<f64>, serde_json::Error> {
    match rate {
        Some(rate) if rate != 0.0 => believed(key, rate).map(Some),
        other => Ok(other),
    }
}

fn refusal(problem: &str) -> serde_json::Error {
    serde_json::Error::custom(problem)
}
