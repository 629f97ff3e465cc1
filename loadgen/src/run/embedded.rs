//! The reference server in this process: the target of a run without a URL.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    thread::JoinHandle,
    time::Duration,
};

use descriptors::Table;
use server::Limits;
use tokio::sync::oneshot;

use crate::plan::{Load, Plan};

/// Bytes of a context's header, at most.
const HEADER: usize = 14;

/// Longest that a message may be held up before its connection is given up, on top of what the plan waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a free loopback port, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct EmbeddedServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedServer {
    /// A server with room for `plan` on `threads` threads, which have their descriptors in `table`. It accepts connections when
    /// this returns.
    pub(crate) fn start(plan: &Plan, threads: NonZeroUsize, table: Table) -> io::Result<Self> {
        let listener = server::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        // Nobody browses a target that is gone in seconds.
        let limits = limits(plan);
        let options = server::Options { threads, table, page: false, limits, ..server::Options::default() };
        let serving = server::start(listener, options)?;
        let thread = std::thread::Builder::new().name("embedded".to_owned()).spawn(move || {
            let shutdown = async { drop(stopped.await) };
            // The clients notice when it fails: their connections do.
            let _ = runtime.block_on(serving.until(shutdown));
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

/// Limits that no client of the plan exceeds: what the server takes is up to the plan, which was checked.
fn limits(plan: &Plan) -> Limits {
    let defaults = Limits::default();
    let (clients, size) = (plan.clients.get() as usize, plan.size as usize);
    let in_flight = match plan.load {
        Load::Open { max_in_flight, .. } => max_in_flight,
        Load::Closed { window } => window,
    };
    Limits {
        message_bytes: defaults.message_bytes.max(size),
        // A slow rate and a long drain are silence as well.
        idle: None,
        // The plan is what bounds it.
        memory: usize::MAX,
        // A connection that the client gave up may be there still when the next one comes.
        connections: defaults.connections.max(clients.saturating_mul(2)),
        // A client that writes all it may before it reads is not held up: each would wait for the other. One whose window is
        // larger than any memory is.
        unsent_bytes: defaults.unsent_bytes.max((in_flight.get() as usize).saturating_mul(size + HEADER).min(1 << 30)),
        unsent_time: defaults.unsent_time.max(plan.drain + PATIENCE),
        handshake: defaults.handshake.max(plan.connect.timeout),
        ..defaults
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
