//! The generator and the reference server with peers that nobody here wrote: the WebSocket libraries of Node and of
//! Python, and the conformance tests of Autobahn|Testsuite; and what a run writes, with another reader of it.
//!
//! The peers' programs are in the folders beside this file, each with a script `install` that brings what it needs. The
//! tests are ignored unless asked for, and fail where it is not installed.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod autobahn;
mod browser;
mod hdrhistogram;
mod node;
mod python;
mod report_page;
mod rig;
mod scenarios;
