//! The generator from its beginning to its end, over real sockets: against the reference server,
//! against servers that break every rule, and as a command.
//!
//! Nothing here waits for a fixed time. What must happen is waited for with a limit far above what
//! a slow machine needs. Counts, kinds and exit codes are compared, never latencies; and a machine
//! that is too slow for the planned load makes a run invalid, which is right, so it fails no test
//! that is about something else.
//!
//! What is about moving messages runs on each engine: `on_each_engine` makes two tests of a
//! scenario.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]

/// Makes two tests of each scenario, `lean::NAME` and `tungstenite::NAME`. A scenario is a function
/// of an engine.
macro_rules! on_each_engine {
    ($($scenario:ident),+) => {
        on_each_engine!(lean: Lean, $($scenario),+);
        on_each_engine!(tungstenite: Tungstenite, $($scenario),+);
    };
    ($module:ident: $engine:ident, $($scenario:ident),+) => {
        mod $module {
            $(
                #[test]
                fn $scenario() {
                    super::$scenario(loadgen::plan::EngineKind::$engine);
                }
            )+
        }
    };
}

mod ab;
mod agreed;
mod attacks;
mod campaign;
mod changing_load;
mod cli;
mod closed;
mod compression;
mod deaths;
mod dialogue;
mod differential;
mod embedded_server;
mod exit_codes;
mod faults;
mod groups;
mod handshakes;
mod hostile;
mod import;
mod known_times;
mod kubernetes;
mod lawful;
mod matched;
mod merged;
mod observer;
mod printing;
mod privacy;
mod rechunked;
mod requests;
mod rig;
mod rooms;
mod rooms_over_shards;
mod rooms_with_sessions;
mod routes;
mod run;
mod search;
mod searched;
mod serve;
mod sessions;
mod shards;
mod signals;
mod soak;
mod sources;
mod start;
mod starved;
mod stop;
mod stored;
mod tables;
mod templates;
mod tls;
mod usage;
mod wire;
