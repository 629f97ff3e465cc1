//! The threads of the server.
//!
//! Each thread is a `worker`, with a `listener` of its own on the same port where the system allows
//! that. `capacity` says how many connections so many threads can hold.

mod capacity;
mod listener;
mod worker;

use std::{
    io,
    net::{Shutdown, TcpListener},
    num::NonZeroUsize,
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

pub use self::{capacity::ConnectionCapacity, listener::bind};
use crate::{options::Options, stats::Stats};

/// Threads that serve until this is told to stop, or dropped.
///
/// They may have descriptor tables of their own, so no waker can cross over to them or from them.
/// Each is lent the end of a stream, and stops when the stream ends. A further thread, which shares
/// nothing but memory with them, waits until all have ended.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: Arc<StopSignal>,
    result: oneshot::Receiver<io::Result<Stats>>,
}

/// Our end of the stream whose other end the threads have. They stop when the stream ends.
#[derive(Debug)]
struct StopSignal(UnixStream);

impl StopSignal {
    fn send(&self) {
        // This fails if it was done before.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// What a thread reports of itself.
#[derive(Debug, PartialEq, Eq)]
enum ThreadEvent {
    /// It accepts connections.
    Serves,
    /// It is over: it ended in order, panicked, or never began.
    Over,
}

/// Reports that a thread is over when it is dropped.
struct EndNotifier(Sender<ThreadEvent>);

impl Drop for EndNotifier {
    fn drop(&mut self) {
        let _ = self.0.send(ThreadEvent::Over);
    }
}

impl Workers {
    /// Starts the threads. When this returns, every one of them accepts connections.
    ///
    /// # Errors
    /// If a thread, a listener or anything else that a thread needs can't be had.
    pub(crate) fn start(listener: TcpListener, options: Options) -> io::Result<Self> {
        let (threads, table) = (options.threads, options.table);
        if options.rooms.is_some() && threads.get() > 1 {
            let text = format!("rooms need one thread, and Options::threads is {threads}; set it to 1");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if options.rooms.is_some() && options.compression.is_some() {
            let text = "rooms send the same frames to all members, so they can't be compressed";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let shared = Arc::new(worker::SharedState::new(options));
        let (stop, stopped) = UnixStream::pair()?;
        stopped.set_nonblocking(true)?;
        // From here on, an early return ends the stream and so the threads.
        let stop = Arc::new(StopSignal(stop));
        let (events, received) = channel();
        let mut workers = Vec::with_capacity(threads.get());
        for (index, listener) in listener::for_threads(listener, threads)?.into_iter().enumerate() {
            let (over, shared) = (EndNotifier(events.clone()), Arc::clone(&shared));
            let name = format!("server-{index}");
            let thread =
                descriptors::spawn(&name, table, [listener.as_fd(), stopped.as_fd()], move |[listener, stopped]| {
                    let serves = || drop(over.0.send(ThreadEvent::Serves));
                    worker::serve(listener.into(), stopped.into(), &shared, index, serves)
                });
            workers.push(thread.map_err(|error| not_started(index + 1, threads, error))?);
        }
        // From here on, the events end with the last thread.
        drop(events);
        if !(0..threads.get()).all(|_| received.recv() == Ok(ThreadEvent::Serves)) {
            stop.send();
            let failed = wait(workers, &received, &stop).err();
            return Err(failed.unwrap_or_else(|| io::Error::other("a server thread ended at once")));
        }
        let (done, result) = oneshot::channel();
        let of_waiter = Arc::clone(&stop);
        let waiter = thread::Builder::new().name("server".to_owned()).spawn(move || {
            // The receiver is gone if the server was dropped. Then nobody wants the numbers.
            let _ = done.send(wait(workers, &received, &of_waiter));
        });
        waiter.map_err(|error| not_started(threads.get() + 1, threads, error))?;
        Ok(Self { stop, result })
    }

    /// Completes when the threads have ended: after they were stopped, or after one of them failed.
    ///
    /// # Errors
    /// The error of the first thread that failed, or an error if one panicked.
    pub(crate) async fn ended(&mut self) -> io::Result<Stats> {
        (&mut self.result)
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the thread that waits for the others panicked")))
    }

    /// Tells the threads to stop. They are not waited for.
    pub(crate) fn stop(&self) {
        self.stop.send();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The error that thread number `number` can't be started. There is one thread more than serve.
fn not_started(number: usize, threads: NonZeroUsize, error: io::Error) -> io::Error {
    let of = threads.get() + 1;
    io::Error::new(error.kind(), format!("cannot start thread {number} of {of} of the server: {error}"))
}

/// Waits until one thread has ended, stops the others, and waits for them. Returns what they
/// counted.
fn wait(
    workers: Vec<JoinHandle<io::Result<Stats>>>,
    events: &Receiver<ThreadEvent>,
    stop: &StopSignal,
) -> io::Result<Stats> {
    while events.recv() == Ok(ThreadEvent::Serves) {}
    // A thread that ends before it is told to has failed. The others must not hide that by serving
    // on.
    stop.send();
    let mut total = Stats::default();
    let mut failure = None;
    for thread in workers {
        match thread.join() {
            Ok(Ok(stats)) => total.add(stats),
            Ok(Err(error)) => failure = failure.or(Some(error)),
            Err(_) => failure = failure.or_else(|| Some(io::Error::other("a server thread panicked"))),
        }
    }
    failure.map_or(Ok(total), Err)
}
