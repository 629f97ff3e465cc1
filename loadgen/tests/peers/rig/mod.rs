//! What the tests stand on: the peers, the command, and the reference server.

mod certificates;
mod command;
mod connections;
mod language;
mod process;
mod proxies;
pub(crate) mod shards;
mod slurm;
// The suite `behaviour` uses the rest of it.
#[allow(dead_code)]
#[path = "../../behaviour/rig/reference.rs"]
mod reference;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

pub(crate) use certificates::Certificates;
pub(crate) use command::{accounted, complete, loadgen, unreachable};
pub(crate) use connections::wait_for_clients;
pub(crate) use language::{Language, PeerServer};
pub(crate) use process::{Process, ProcessOutput};
pub(crate) use proxies::{HAPROXY, MICROSOCKS, NGINX, S_SERVER, SQUID, TINYPROXY};
pub(crate) use reference::Reference;
pub(crate) use slurm::{Cluster, Job, JobOutcome, SHARDS};

/// Longer than anything takes that works and has no longer limit of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of `peer`, with `what` in it.
pub(crate) fn installed(peer: &str, what: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(peer);
    assert!(folder.join(what).exists(), "{what} is not installed: run loadgen/tests/peers/{peer}/install first");
    folder
}

/// The reference server as a process of its own, and its port. `port` 0 takes a free one.
pub(crate) fn server_process(port: u16) -> (Process, u16) {
    serve(port, &[])
}

/// The reference server as a process of its own with these options, and its port.
pub(crate) fn server_with(options: &[&str]) -> (Process, u16) {
    serve(0, options)
}

fn serve(port: u16, options: &[&str]) -> (Process, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).args(options);
    let mut process = Process::start(&mut command);
    let line = process.line();
    let port = line.rsplit(':').next().and_then(|port| port.parse().ok());
    (process, port.unwrap_or_else(|| panic!("no port: {line}")))
}
