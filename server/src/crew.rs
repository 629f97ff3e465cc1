//! The threads of a server, as the one who waits for them sees them.

use std::{
    io,
    net::{Shutdown, TcpListener},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

use crate::{listener, options::Options, stats::Stats, worker};

/// Threads that serve, until this is told to stop or dropped.
///
/// They may have descriptor tables of their own, so no waker can cross over to them or from them. They are stopped by the end
/// of a stream that was lent to each, and a further thread, which nothing but memory connects with them, waits for their ends.
#[derive(Debug)]
pub(crate) struct Crew {
    stop: Arc<Stop>,
    result: oneshot::Receiver<io::Result<Stats>>,
}

/// One end of the stream of which the threads have the other. They stop when it ends.
#[derive(Debug)]
struct Stop(UnixStream);

impl Stop {
    fn stop(&self) {
        // Fails when it was done before.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Says that a thread is over, whether it ended in order, panicked or never began.
struct Over(Sender<()>);

impl Drop for Over {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl Crew {
    pub(crate) fn start(listener: TcpListener, options: Options) -> io::Result<Self> {
        let (threads, table) = (options.threads, options.table);
        let shared = Arc::new(worker::Shared::new(options));
        let (stop, stopped) = UnixStream::pair()?;
        stopped.set_nonblocking(true)?;
        // From here on, an early return ends the stream and so the threads.
        let stop = Arc::new(Stop(stop));
        let (over, ends) = channel();
        let mut crew = Vec::with_capacity(threads.get());
        for (index, listener) in listener::siblings(listener, threads)?.into_iter().enumerate() {
            let (over, shared) = (Over(over.clone()), Arc::clone(&shared));
            let name = format!("server-{index}");
            crew.push(descriptors::spawn(
                &name,
                table,
                [listener.as_fd(), stopped.as_fd()],
                move |[listener, stopped]| {
                    let _over = over;
                    worker::serve(listener.into(), stopped.into(), &shared)
                },
            )?);
        }
        let (done, result) = oneshot::channel();
        let of_waiter = Arc::clone(&stop);
        thread::Builder::new().name("server".to_owned()).spawn(move || {
            // The receiver is gone when `run` was dropped; then nobody wants the numbers.
            let _ = done.send(wait(crew, &ends, &of_waiter));
        })?;
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

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until the first has ended, and then for the others, which that stops; what they counted together.
fn wait(crew: Vec<JoinHandle<io::Result<Stats>>>, ends: &Receiver<()>, stop: &Stop) -> io::Result<Stats> {
    let _ = ends.recv();
    // They end when they are told to; one that ends before has failed, and the others shall not hide that.
    stop.stop();
    let mut total = Stats::default();
    let mut failure = None;
    for thread in crew {
        match thread.join() {
            Ok(Ok(stats)) => total.add(stats),
            Ok(Err(error)) => failure = failure.or(Some(error)),
            Err(_) => failure = failure.or_else(|| Some(io::Error::other("a server thread panicked"))),
        }
    }
    failure.map_or(Ok(total), Err)
}
