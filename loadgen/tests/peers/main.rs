//! The generator and the reference server with peers that nobody here wrote: the WebSocket
//! libraries of Node and of Python, the conformance tests of Autobahn|Testsuite, and services with
//! protocols of their own; and what a run writes, with another reader of it.
//!
//! The peers' programs are in the folders beside this file, each with a script `install` that
//! brings what it needs. A test fails where its peer is not installed, so these tests run only by
//! name: `cargo test -p loadgen --test peers`.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod autobahn;
mod browser;
mod compression;
mod examples;
mod hdrhistogram;
mod idle;
mod jitter;
mod kubernetes;
mod mpi;
mod node;
mod openssl;
mod python;
mod recording;
mod reload;
mod report_page;
mod restart;
mod rig;
mod routes;
mod scenarios;
mod services;
mod slow_readers;
mod slurm;
mod tls;
mod tls_clients;
