//! The reference server in this process: the target of a run without a URL.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::thread::JoinHandle;

use descriptors::Table;
use tokio::sync::oneshot;

/// A server on a free loopback port, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Embedded {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Embedded {
    /// A server with room for `clients` clients on `threads` threads, which have their descriptors in `table`.
    pub(crate) fn start(clients: u32, threads: NonZeroUsize, table: Table) -> io::Result<Self> {
        let listener = server::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        // Nobody browses a target that is gone in seconds.
        let mut options = server::Options { threads, table, page: false, ..server::Options::default() };
        // A connection that the client gave up may be there still when the next one comes.
        options.limits.connections = options.limits.connections.max(2 * clients as usize);
        let thread = std::thread::spawn(move || {
            let shutdown = async { drop(stopped.await) };
            // The clients notice when it fails: their connections do.
            let _ = runtime.block_on(server::run(listener, options, shutdown));
        });
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
