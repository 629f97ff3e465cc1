//! The reference server, in a thread of its own.

use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    thread::{self, JoinHandle},
};

use server::{Options, Reply, Stats};
use tokio::{runtime::Builder, sync::oneshot};

pub(crate) struct Reference {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    thread: JoinHandle<std::io::Result<Stats>>,
}

impl Reference {
    /// One that answers with `reply`.
    pub(crate) fn start(reply: Reply) -> Self {
        Self::start_with(Options { reply, ..Options::default() })
    }

    /// One with these options, but a single thread.
    pub(crate) fn start_with(options: Options) -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address"), options)
    }

    /// One that listens at `address` and echoes.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        Self::at(address, Options::default())
    }

    fn at(address: SocketAddr, options: Options) -> Self {
        let listener = server::bind(address).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (shutdown, stopped) = oneshot::channel();
        let options = Options { threads: NonZeroUsize::MIN, ..options };
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(server::run(listener, options, async { drop(stopped.await) }))
        });
        Self { address, shutdown, thread }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What it counted, when it has ended.
    pub(crate) fn finish(self) -> Stats {
        self.shutdown.send(()).expect("it runs");
        self.thread.join().expect("no panic").expect("no failure")
    }
}
