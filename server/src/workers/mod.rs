//! The threads of a server, as the one who waits for them sees them.

pub(crate) mod capacity;
pub(crate) mod listener;
pub(crate) mod worker;

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

use crate::{options::Options, stats::Stats};

/// Threads that serve, until this is told to stop or dropped.
///
/// They may have descriptor tables of their own, so no waker can cross over to them or from them. They are stopped by the end
/// of a stream that was lent to each, and a further thread, which nothing but memory connects with them, waits for their ends.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: Arc<StopSignal>,
    result: oneshot::Receiver<io::Result<Stats>>,
}

/// One end of the stream of which the threads have the other. They stop when it ends.
#[derive(Debug)]
struct StopSignal(UnixStream);

impl StopSignal {
    fn stop(&self) {
        // Fails when it was done before.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// What a thread says of itself.
#[derive(Debug, PartialEq, Eq)]
enum ThreadEvent {
    /// It accepts connections.
    Serves,
    /// It is over, whether it ended in order, panicked or never began.
    Over,
}

/// Says that a thread is over when it is dropped.
struct EndNotifier(Sender<ThreadEvent>);

impl Drop for EndNotifier {
    fn drop(&mut self) {
        let _ = self.0.send(ThreadEvent::Over);
    }
}

impl Workers {
    pub(crate) fn start(listener: TcpListener, options: Options) -> io::Result<Self> {
        let (threads, table) = (options.threads, options.table);
        let shared = Arc::new(worker::SharedState::new(options));
        let (stop, stopped) = UnixStream::pair()?;
        stopped.set_nonblocking(true)?;
        // From here on, an early return ends the stream and so the threads.
        let stop = Arc::new(StopSignal(stop));
        let (news, of_threads) = channel();
        let mut threads_started = Vec::with_capacity(threads.get());
        for (index, listener) in listener::siblings(listener, threads)?.into_iter().enumerate() {
            let (over, shared) = (EndNotifier(news.clone()), Arc::clone(&shared));
            let name = format!("server-{index}");
            let thread =
                descriptors::spawn(&name, table, [listener.as_fd(), stopped.as_fd()], move |[listener, stopped]| {
                    let serves = || drop(over.0.send(ThreadEvent::Serves));
                    worker::serve(listener.into(), stopped.into(), &shared, index, serves)
                });
            threads_started.push(thread.map_err(|error| not_started(index + 1, threads, error))?);
        }
        // From here on, the end of the last thread is the end of the news.
        drop(news);
        if !(0..threads.get()).all(|_| of_threads.recv() == Ok(ThreadEvent::Serves)) {
            stop.stop();
            let failed = wait(threads_started, &of_threads, &stop).err();
            return Err(failed.unwrap_or_else(|| io::Error::other("a server thread ended at once")));
        }
        let (done, result) = oneshot::channel();
        let of_waiter = Arc::clone(&stop);
        let waiter = thread::Builder::new().name("server".to_owned()).spawn(move || {
            // The receiver is gone when the server was dropped; then nobody wants the numbers.
            let _ = done.send(wait(threads_started, &of_threads, &of_waiter));
        });
        waiter.map_err(|error| not_started(threads.get() + 1, threads, error))?;
        Ok(Self { stop, result })
    }

    /// Completes when the threads have ended: once they were stopped, or when one of them has failed.
    ///
    /// # Errors
    /// That of the first thread that failed, or if one panicked.
    pub(crate) async fn ended(&mut self) -> io::Result<Stats> {
        (&mut self.result)
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the thread that waits for the others panicked")))
    }

    pub(crate) fn stop(&self) {
        self.stop.stop();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// That thread number `number`, one more than serve at most, can't be started.
fn not_started(number: usize, threads: NonZeroUsize, error: io::Error) -> io::Error {
    let of = threads.get() + 1;
    io::Error::new(error.kind(), format!("cannot start thread {number} of {of} of the server: {error}"))
}

/// Waits until the first has ended, and then for the others, which that stops; what they counted together.
fn wait(
    threads_started: Vec<JoinHandle<io::Result<Stats>>>,
    news: &Receiver<ThreadEvent>,
    stop: &StopSignal,
) -> io::Result<Stats> {
    while news.recv() == Ok(ThreadEvent::Serves) {}
    // They end when they are told to; one that ends before has failed, and the others shall not hide that.
    stop.stop();
    let mut total = Stats::default();
    let mut failure = None;
    for thread in threads_started {
        match thread.join() {
            Ok(Ok(stats)) => total.add(stats),
            Ok(Err(error)) => failure = failure.or(Some(error)),
            Err(_) => failure = failure.or_else(|| Some(io::Error::other("a server thread panicked"))),
        }
    }
    failure.map_or(Ok(total), Err)
}
