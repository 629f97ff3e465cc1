//! What the tests stand on: the peers, the command, and the reference server.

mod command;
mod language;
mod process;
// The suite `behaviour` uses the rest of it.
#[allow(dead_code)]
#[path = "../../behaviour/rig/reference.rs"]
mod reference;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

pub(crate) use command::{accounted, complete, loadgen};
pub(crate) use language::{Language, PeerServer};
pub(crate) use process::Process;
pub(crate) use reference::Reference;

/// Longer than anything takes that works and has no longer limit of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of `peer`, with `what` in it.
pub(crate) fn installed(peer: &str, what: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(peer);
    assert!(folder.join(what).exists(), "{what} is not installed: run loadgen/tests/peers/{peer}/install first");
    folder
}
