//! The generator from its beginning to its end, over real sockets: against the reference server, against servers that
//! break every rule, and as a command.
//!
//! Nothing here waits for a fixed time. What must happen is waited for with a limit far above what a slow machine needs.
//! Counts, kinds and exit codes are compared, never latencies; and a machine that is too slow for the planned load makes
//! a run invalid, which is right, so it fails no test that is about something else.
//!
//! What is about moving messages runs on each engine: [`lean`] and [`tungstenite`] hold the same suites.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]
// On purpose: the suites are there once for each engine.
#![allow(clippy::duplicate_mod)]

mod ab;
mod attacks;
mod campaign;
mod cli;
mod differential;
mod exit_codes;
mod handshakes;
mod lean;
mod printing;
mod privacy;
mod rig;
mod search;
mod searched;
mod signals;
mod sources;
mod starved;
mod stored;
mod tables;
mod tungstenite;
mod usage;
