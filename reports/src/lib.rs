//! Results of a WebSocket load test: what a run measured, what it means, how it is kept and shown.
//!
//! ```text
//! Report ── judge ──> Judgement      model.rs: what was measured, nothing derived
//!    │        │                      judge.rs: the verdict, with reasons; identities.rs, limits.rs, bounds.rs: what it rests on;
//!    │        │                      exit.rs: its exit code, and which of several counts
//!    │     Threshold                 threshold.rs: `p99<5ms`, on a Metric (metric.rs) of the report
//!    ├── Quantiles, Throughput       numbers that are derived from a report, never stored as facts
//!    ├── store                       files that are read again, of results and of searches; baselines by name
//!    │     schema                    what the formats are called, and JSON Schemas that describe them
//!    └── render                      one file a format, behind one trait
//!          Text, Markdown, Html      to read: in a terminal, in the summary of a job, as a page (of several at once, too)
//!          Json, IntervalsCsv, PercentilesCsv, Hlog
//!                                    for tools: the result itself, tables, HdrHistogram's interval log
//!          Junit, GithubBenchmark, Bencher
//!                                    for services: test cases, numbers that are followed from commit to commit
//!
//! Reports ── compare ──> Comparison  compare.rs: runs of a candidate against runs of a baseline
//!    │          │                    gate.rs: the metrics that decide, with margins: `p99=10%`
//!    │     comparable                comparable.rs: what makes them incomparable
//!    ├── paired::Test ──> Outcome    paired.rs: pairs of runs that take turns
//!    │      statistics               statistics.rs: intervals and tests of a few runs; simulation.rs: how often they err
//!    ├── render::comparison          both as text, Markdown and JSON
//!    │
//!    └── search::Step ── Search      search.rs: which rate to try next, and the highest that holds
//!               └── render::search   as text, Markdown, JSON and a page
//! ```
//!
//! Nothing here measures, reads a clock or knows the generator.

mod bounds;
pub mod comparable;
pub mod compare;
mod decimal;
pub mod escape;
pub mod exit;
pub mod gate;
mod hints;
pub mod human;
pub mod identities;
pub mod judge;
mod limits;
pub mod metric;
pub mod model;
pub mod paired;
mod quantiles;
mod refusal;
pub mod render;
#[cfg(test)]
mod sample;
pub mod schema;
pub mod search;
#[cfg(test)]
mod simulation;
mod statistics;
pub mod store;
pub mod threshold;
mod throughput;

pub use compare::{Comparison, compare};
pub use escape::escape;
pub use gate::{Confidence, Gate};
pub use identities::{Breach, identities};
pub use judge::{Judgement, LimitedBy, Verdict, is_generators_fault, judge};
pub use metric::Metric;
pub use model::Report;
pub use quantiles::{Quantiles, value_at_share};
pub use refusal::Refusal;
pub use render::Render;
pub use schema::Schema;
pub use threshold::{Decision, Threshold};
pub use throughput::Throughput;
