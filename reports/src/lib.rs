//! Results of a WebSocket load test: what a run measured, what it means, how it is kept and shown.
//!
//! ```text
//! Report ── judge ──> Judgement      model: what was measured, nothing derived
//!    │        │                      judge: the verdict, with reasons and exit code
//!    │     Threshold                 judge::threshold: `p99<5ms`, on a Metric of the report
//!    ├── metric                      numbers that are derived from a report, never stored as facts
//!    ├── store                       files that are read again: results, searches, baselines
//!    │     schema                    the names of the formats, and their JSON Schemas
//!    └── render                      one file a format, behind one trait
//!          Text, Markdown, Html      to read: in a terminal, in the summary of a job, as a page
//!          Json, IntervalsCsv, PercentilesCsv, Hlog
//!                                    for tools: the result itself, tables, HdrHistogram's log
//!          Junit, GithubBenchmark, Bencher
//!                                    for services: test cases, numbers followed over commits
//!
//! Reports of shards ── merge ──> Report
//!                                 merge: the result of a run that several processes shared
//!
//! Reports ── compare ──> Comparison  compare: runs of a candidate against runs of a baseline
//!    │          │                    compare::gate: the metrics that decide: `p99=10%`
//!    │     comparable                what makes them incomparable
//!    ├── paired::PairedTest          compare::paired: pairs of runs that take turns
//!    │      statistics               intervals and tests of a few runs
//!    ├── render::comparison          both as text, Markdown and JSON
//!    │
//!    └── search::Step ── Search      search: which rate to try next, and the highest that holds
//!               └── render::search   as text, Markdown, JSON and a page
//! ```
//!
//! The modules build on each other in this order: `text`, [`model`], [`metric`], [`mod@judge`],
//! [`merge`], [`mod@compare`] and [`search`], [`store`], [`render`]. Nothing here measures, reads a
//! clock or knows the generator.

pub mod compare;
pub mod judge;
pub mod merge;
pub mod metric;
pub mod model;
pub mod render;
pub mod search;
pub mod store;
mod text;

pub use compare::{
    Comparison, compare,
    gate::{self, Confidence, Gate},
    paired,
};
pub use judge::{
    Breach, Decision, Judgement, LimitedBy, Threshold, Verdict, group_sums, identities, is_generators_fault, judge,
    judge_part, threshold,
};
pub use metric::{
    Metric,
    quantiles::{Quantiles, value_at_share},
    throughput::Throughput,
};
pub use model::Report;
pub use render::Render;
pub use store::schema::{self, Schema};
pub use text::{
    escape::{self, escape},
    human,
    nearest::nearest,
    parse_error::ParseError,
};
