//! A server of which the capacity is known.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::accept_async;

/// Echoes one message at a time, of whatever connection, each after the same time of service; then an echo is on its way
/// for a while, with others.
///
/// When a message is done is arithmetic, not the machine's speed: a service time after it came or after the one before was
/// done. So it does `1 / service` messages a second, and no more.
pub(crate) struct Clerk {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Clone, Copy)]
struct Times {
    service: Duration,
    way: Duration,
}

/// When the last message that came is done.
type Busy = Arc<Mutex<Instant>>;

impl Clerk {
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
                    tokio::spawn(connection(stream, Arc::clone(&busy), Times { service, way }));
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

async fn connection(stream: TcpStream, busy: Busy, times: Times) {
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
