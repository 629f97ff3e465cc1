//! A server whose capacity is known.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_tungstenite::accept_async;

/// Serves one message at a time, over all connections, for a fixed time each. The echo is then on
/// its way for a while.
///
/// A message is done one service time after it came, or after the message before it was done. So
/// the server does `1 / service` messages a second and no more, whatever the machine's speed.
pub(crate) struct FixedCapacityServer {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Clone, Copy)]
struct ServiceTimes {
    service: Duration,
    way: Duration,
}

/// When the newest message is done.
type Busy = Arc<Mutex<Instant>>;

impl FixedCapacityServer {
    pub(crate) fn start(service: Duration, way: Duration) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        listener.set_nonblocking(true).expect("an option");
        let (shutdown, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let serve = async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                let busy = Busy::new(Mutex::new(Instant::now()));
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(connection(stream, Arc::clone(&busy), ServiceTimes { service, way }));
                }
            };
            runtime.block_on(async {
                tokio::select! { () = serve => {}, _ = stopped => {} }
            });
        });
        Self { address, shutdown, thread }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub(crate) fn finish(self) {
        self.shutdown.send(()).expect("it runs");
        self.thread.join().expect("no panic");
    }
}

async fn connection(stream: TcpStream, busy: Busy, times: ServiceTimes) {
    stream.set_nodelay(true).expect("an option");
    let (mut sink, mut messages) = accept_async(stream).await.expect("a handshake").split();
    let (done, mut queue) = mpsc::unbounded_channel();
    let answer = async move {
        while let Some((at, message)) = queue.recv().await {
            sleep_until(at).await;
            if sink.send(message).await.is_err() {
                break;
            }
        }
    };
    tokio::spawn(answer);
    while let Some(Ok(message)) = messages.next().await {
        if message.is_close() {
            // The answer to it is the library's; it goes out with the next read.
            continue;
        }
        let mut until = busy.lock().expect("no panic");
        *until = (*until).max(Instant::now()) + times.service;
        let _ = done.send((*until + times.way, message));
    }
}
