//! A WebSocket load generator that accounts for every message.
//!
//! `N` clients send bursts of messages on a schedule. Each message must come back as exactly one
//! event: whole, in order, on its own connection. Latency is measured from the moment a message was
//! *due*.
//!
//! Data flows one way, from a [`plan::Plan`] to a [`reports::Report`]:
//!
//! ```text
//! plan ──> run            checks limits, starts the workers, and leads them through the stages
//!           │
//!         worker          one thread: its clients, and what it recorded about them
//!           ├─ schedule   drivers: when a client opens and sends, and how to wait  (pure)
//!           ├─ dialogue   what clients say besides their messages              (pure)
//!           ├─ message    the bytes of message k of client c                   (pure)
//!           ├─ engine     opens connections and moves their messages
//!           │    └─ transport  the steps of opening: TCP, proxy, TLS, opening handshake
//!           ├─ ledger     one fate for each sent message, one finding for each event  (pure)
//!           ├─ rooms      who hears whom, and the fate of each delivery        (pure)
//!           └─ recorder   counters, histograms, evidence                       (pure)
//!           │
//!         run::summary    merges what the workers recorded into the report
//! ```
//!
//! [`Run::start`] does all of this. An [`Observer`] sees it while it goes on. The crate `reports`
//! judges, compares and renders the report. The command line program is in `bin/loadgen/`: `cli/`
//! parses the options, and `command/` has one file for each command. [`mod@import`] makes plan
//! files of what a browser recorded.

pub mod clock;
mod dialogue;
mod engine;
pub mod import;
pub mod ledger;
pub mod message;
pub mod plan;
pub mod rooms;
mod run;
pub mod schedule;
pub mod secrets;
mod transport;
mod worker;

#[doc(hidden)]
pub use engine::echo;
pub use run::{
    FinishedSecond, Grouped, LastSecond, Observer, Run, RunError, Snapshot, Stage, Stop,
    environment::cores,
    limits::{PlanRefusal, threads_for, threads_of},
    processor_time::ProcessorTime,
};
pub use transport::{Endpoint, SourceAddressError, TlsFileError, public_address::public_address};
pub use worker::recorder;
