//! The server as a library, in a thread of the test.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    thread::{self, JoinHandle},
};

use server::{Options, Stats};
use tokio::{runtime::Builder, sync::oneshot};

/// A server in a thread of its own.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    thread: JoinHandle<io::Result<Stats>>,
}

impl TestServer {
    pub(crate) fn start(options: Options) -> Self {
        Self::start_on(server::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port"), options)
    }

    pub(crate) fn start_on(listener: TcpListener, options: Options) -> Self {
        let address = listener.local_addr().expect("bound");
        let (shutdown, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(server::run(listener, options, async {
                let _ = stopped.await;
            }))
        });
        Self { address, shutdown, thread }
    }

    /// Begins the shutdown.
    pub(crate) fn stop(self) -> JoinHandle<io::Result<Stats>> {
        self.shutdown.send(()).expect("the server runs");
        self.thread
    }

    /// Shuts down, and returns what was counted.
    pub(crate) fn stats(self) -> Stats {
        self.stop().join().expect("no panic").expect("no failure")
    }
}
