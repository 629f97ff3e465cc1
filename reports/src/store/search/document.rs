//! The format of a search file.

use program::Exit;
use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::{Map, Value};

use crate::{
    compare::gate::in_percent,
    judge::{LimitedBy, Verdict},
    model::{Environment, LoadRecord, PlanRecord, TargetRecord},
    search::{Conclusion, FailureCause, Resolution, Search, SearchRecord, Step, StepOutcome},
    store::schema::Schema,
};

/// Most messages per second that a file may name. It is more than any machine sends, and can still
/// be drawn.
const MOST: f64 = 1e12;

/// A search file. The order of the fields is the order of the keys.
#[derive(Serialize, Deserialize)]
pub(super) struct SearchDocument {
    schema: String,
    conclusion: StoredConclusion,
    target: TargetRecord,
    /// The plan without a rate, because each step has its own.
    plan: Map<String, Value>,
    search: StoredSearch,
    environment: Environment,
    started_at: String,
    /// The steps in the order of their runs.
    steps: Vec<StoredStep>,
    #[serde(skip_deserializing)]
    notes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredConclusion {
    kind: ConclusionKind,
    /// The highest rate that holds.
    holds_per_s: Option<f64>,
    /// The lowest rate that does not hold.
    fails_per_s: Option<f64>,
    cause: Option<FailureCause>,
    /// What ended an unfinished search.
    why: Option<String>,
    #[serde(skip_deserializing)]
    limited_by: Option<LimitedBy>,
    /// Exit code of the verdict. `None` if the search did not end.
    #[serde(skip_deserializing)]
    exit_code: Option<u8>,
    #[serde(skip_deserializing)]
    meaning: String,
    #[serde(skip_deserializing)]
    reasons: Vec<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConclusionKind {
    Edge,
    Everything,
    Nothing,
    Unfinished,
}

#[derive(Serialize, Deserialize)]
struct StoredSearch {
    from_per_s: f64,
    to_per_s: f64,
    least_per_s: f64,
    resolution_percent: f64,
    tries: u32,
    pause_s: f64,
}

#[derive(Serialize, Deserialize)]
struct StoredStep {
    rate_per_s: f64,
    /// Whether the rate holds.
    holds: bool,
    cause: Option<FailureCause>,
    reasons: Vec<String>,
    /// The verdict on the run by itself.
    verdict: Verdict,
    limited_by: LimitedBy,
    started_at: String,
    sent_per_s: Option<f64>,
    matched_per_s: Option<f64>,
    messages: u64,
    response_p50_ns: Option<u64>,
    response_p99_ns: Option<u64>,
}

/// The key of a plan that the plan of a search lacks.
const RATE: &str = "rate_per_client";

impl SearchDocument {
    pub(super) fn of(record: &SearchRecord) -> Self {
        let Ok(Value::Object(mut plan)) = serde_json::to_value(&record.plan) else {
            unreachable!("a plain struct is an object")
        };
        plan.remove(RATE);
        Self {
            schema: Schema::SEARCH.name().to_owned(),
            conclusion: StoredConclusion::of(record),
            target: record.target.clone(),
            plan,
            search: StoredSearch::of(record),
            environment: record.environment.clone(),
            started_at: record.started_at.clone(),
            steps: record.steps.iter().map(StoredStep::of).collect(),
            notes: record.notes(),
        }
    }

    pub(super) fn into_record(mut self) -> Result<SearchRecord, serde_json::Error> {
        let search = self.search.search()?;
        self.plan.insert(RATE.to_owned(), search.from().into());
        let mut plan: PlanRecord = serde_json::from_value(Value::Object(self.plan))?;
        let LoadRecord::Open { rate_per_client, .. } = &mut plan.load else {
            return Err(refusal("`plan.model`: a search has the open model"));
        };
        *rate_per_client /= f64::from(plan.clients.max(1));
        Ok(SearchRecord {
            target: self.target,
            plan,
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
                // Older files say it only in their meaning.
                let why = self.why.unwrap_or_else(|| "it did not end".to_owned());
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
