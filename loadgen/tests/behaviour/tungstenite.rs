//! The suites that are about what moves the messages, on tungstenite.

#[path = "closed.rs"]
pub(crate) mod closed;
#[path = "deaths.rs"]
pub(crate) mod deaths;
#[path = "faults.rs"]
pub(crate) mod faults;
#[path = "hostile.rs"]
pub(crate) mod hostile;
#[path = "known_times.rs"]
pub(crate) mod known_times;
#[path = "lawful.rs"]
pub(crate) mod lawful;
#[path = "rechunked.rs"]
pub(crate) mod rechunked;
#[path = "run.rs"]
pub(crate) mod run;
#[path = "stop.rs"]
pub(crate) mod stop;
#[path = "tls.rs"]
pub(crate) mod tls;

/// The rig, with plans for this engine.
mod rig {
    pub(crate) use crate::rig::*;

    pub(crate) fn plan(url: &str) -> loadgen::plan::Plan {
        loadgen::plan::Plan { engine: loadgen::plan::Engine::Tungstenite, ..crate::rig::plan(url) }
    }
}
