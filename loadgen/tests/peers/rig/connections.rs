//! Connections that the kernel knows of.

use std::{
    thread,
    time::{Duration, Instant},
};

use procfs::net::{TcpNetEntry, TcpState};

use super::PATIENCE;

/// Waits until `clients` have a connection to this port of the loopback.
pub(crate) fn wait_for_clients(port: u16, clients: u64) {
    let started = Instant::now();
    let established = || {
        let connections = procfs::net::tcp().expect("/proc/net/tcp");
        let here = |entry: &&TcpNetEntry| entry.local_address.port() == port && entry.state == TcpState::Established;
        connections.iter().filter(here).count() as u64
    };
    while established() < clients {
        assert!(started.elapsed() < PATIENCE, "{} of {clients} clients are connected", established());
        thread::sleep(Duration::from_millis(10));
    }
}
