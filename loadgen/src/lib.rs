//! A WebSocket load generator that accounts for every message.
//!
//! `N` clients send bursts of messages on a schedule. Each send must come back as exactly one message event, whole, in
//! order, on its own connection; latency is measured from the moment a message was *due*.
//!
//! Data goes one way:
//!
//! ```text
//! cli ─> plan          command line -> the validated test
//!         │
//! run ── crew          connect all, warm up, measure, drain, close; the threads that do it
//!         │
//!      worker          one thread: its connections, its pacer, its recorder
//!       ├─ schedule    when message k of client c is due          (pure)
//!       ├─ pacer       how to wait for it                         (pure, and a kernel timer)
//!       ├─ engine      moves messages; knows the WebSocket crates
//!       ├─ payload     the bytes of message k                     (pure)
//!       ├─ ledger      sent -> one fate, event -> one finding     (pure; anomaly, order)
//!       └─ recorder    counters, histograms, evidence             (pure; evidence)
//!         │
//!      summary         workers -> `reports::Report`; timeline merges the seconds
//! ```
//!
//! [`run()`] is the whole of it; `reports` judges, compares and shows what it returns. The program around it (`bin/loadgen/`) has
//! what can be asked for in `cli/` and what is done then in `command/`, one file a command, and in `ab/` pairs of runs.

mod anomaly;
pub mod clock;
mod crew;
#[doc(hidden)]
pub mod echo;
mod effort;
mod embedded;
mod endpoint;
mod engine;
mod environment;
mod evidence;
pub mod ledger;
mod limits;
mod order;
mod pacer;
pub mod payload;
pub mod plan;
mod processor_time;
mod public_address;
pub mod recorder;
mod run;
pub mod schedule;
pub mod secrets;
#[cfg(test)]
mod simulation;
mod slow_writes;
mod source;
mod summary;
mod timeline;
mod tls;
mod worker;

pub use environment::cores;
pub use limits::{Refusal, threads_for};
pub use processor_time::ProcessorTime;
pub use public_address::public_address;
pub use run::{LastSecond, RunError, Snapshot, Stage, Stop, run};
