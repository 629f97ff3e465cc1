//! One thread of the server: its runtime, its listener, its connections, its counters.

use std::{
    cell::RefCell,
    io, mem,
    net::{SocketAddr, TcpListener as StdListener},
    num::NonZeroUsize,
    os::unix::net::UnixStream as StdStream,
    rc::Rc,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use frames::Encoder;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream, UnixStream},
    runtime::{Builder, LocalOptions},
    task::spawn_local,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::{
    connection,
    connection::log::{self, Log},
    misbehaviour::answer_queue::AnswerQueue,
    misbehaviour::delay::{Delay, Delays, stand_still},
    misbehaviour::fault::{Faults, Injector},
    misbehaviour::timer::WakeTimer,
    options::{Limits, Options, Reply},
    page,
    registry::memory::{MemoryAccount, MemoryBudget},
    registry::{EndRequest, IDLE_SWEEPS, Registry},
    stats::Stats,
};

/// Pause after a failure to accept. Without it a worker that is out of descriptors would spin, as the connection stays in
/// the backlog.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How often the log is told that connections could not be accepted.
const FAILURES_EACH: Duration = Duration::from_secs(1);

/// Connections that can be told at the same time that they are too many; as many as may be open, if that is more. Those beyond
/// are dropped at once.
const LEAST_REFUSALS: usize = 1024;

/// How often a thread looks whether its connections hold too much memory, although nothing that they do makes it look: another
/// thread may have noticed. Twice the second for each thread where there are many, as all of them wake.
const MEMORY_LOOK: Duration = Duration::from_millis(100);
const MEMORY_LOOK_EACH: Duration = Duration::from_millis(2);

/// Bytes read at once.
const READ_BUFFER: usize = 64 * 1024;

/// What connections get on top of [`Limits::closing`] at shutdown, so that their own limit strikes first.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(250);

/// What all workers share. Touched when a connection comes or goes, never for a message. Nothing here may wake: see
/// [`Table::Own`](descriptors::Table::Own).
#[derive(Debug)]
pub(crate) struct SharedState {
    options: Options,
    open: Arc<AtomicUsize>,
    /// Connections that are told that there is no room for them.
    refused: Arc<AtomicUsize>,
    memory: Arc<MemoryBudget>,
    /// Connections accepted.
    accepted: AtomicU64,
    /// When the first of them was.
    first: OnceLock<Instant>,
}

impl SharedState {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            memory: Arc::new(MemoryBudget::new(options.limits.memory, options.threads.get())),
            options,
            open: Arc::default(),
            refused: Arc::default(),
            accepted: AtomicU64::new(0),
            first: OnceLock::new(),
        }
    }

    /// Counts a connection; how many there were before it.
    fn number(&self) -> u64 {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            let _ = self.first.set(Instant::now());
        }
        number
    }
}

/// Whether a connection may be one of the server's, while this lives.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: Permit,
    /// Why it may not.
    pub(crate) refusal: Option<Overload>,
}

/// Why a connection is refused with HTTP 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overload {
    /// [`Limits::connections`].
    Connections,
    /// [`Limits::memory`].
    Memory,
}

impl Admission {
    /// None if not even so much can be done for it as to say why.
    fn of(shared: &SharedState, is_over: bool) -> Option<Self> {
        let most = shared.options.limits.connections;
        if !is_over && let Some(permit) = Permit::acquire(&shared.open, most) {
            return Some(Self { _permit: permit, refusal: None });
        }
        let refusal = Some(if is_over { Overload::Memory } else { Overload::Connections });
        let permit = Permit::acquire(&shared.refused, most.max(LEAST_REFUSALS))?;
        Some(Self { _permit: permit, refusal })
    }
}

/// One of so many, while it lives.
#[derive(Debug)]
struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn acquire(open: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        // Relaxed: the number guards nothing but itself.
        open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1))
            .is_ok()
            .then(|| Self(Arc::clone(open)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where the connections of a thread work, one after the other: each leaves it empty, and so needs no memory of its own.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// What was read.
    pub(crate) read: Box<[u8]>,
    /// What is to be written.
    pub(crate) frames: Encoder,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { read: vec![0; READ_BUFFER].into(), frames: Encoder::default() }
    }
}

/// What the connections of one thread share.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) limits: Limits,
    /// The fixed reply; `None` for an echo.
    pub(crate) reply: Option<String>,
    pub(crate) workspace: RefCell<Workspace>,
    /// What a browser gets, if it shall get anything.
    pub(crate) page: Option<String>,
    pub(crate) registry: Rc<Registry>,
    log_values: Rc<[String]>,
    delay: Option<Delay>,
    faults: Rc<Faults>,
    /// Only where answers take a detour.
    timer: Option<Rc<WakeTimer>>,
    shared: Arc<SharedState>,
    stats: RefCell<Stats>,
}

impl Worker {
    /// # Errors
    /// If the options need a timer and it can't be had.
    fn new(shared: Arc<SharedState>, index: usize) -> io::Result<Self> {
        let detours = shared.options.delay.is_some() || !shared.options.faults.is_empty();
        Ok(Self {
            limits: shared.options.limits.clone(),
            reply: match &shared.options.reply {
                Reply::Echo => None,
                Reply::Text(text) => Some(text.clone()),
            },
            workspace: RefCell::default(),
            page: shared.options.page.then(|| page::content(&shared.options.reply)),
            registry: Rc::new(Registry::new(MemoryAccount::new(Arc::clone(&shared.memory), index))),
            log_values: shared.options.log_values.as_slice().into(),
            delay: shared.options.delay,
            faults: Rc::new(shared.options.faults.clone()),
            timer: detours.then(WakeTimer::new).transpose()?.map(Rc::new),
            stats: RefCell::default(),
            shared,
        })
    }

    pub(crate) fn count(&self, what: impl FnOnce(&mut Stats)) {
        what(&mut self.stats.borrow_mut());
    }

    /// The way of the answers of a new connection to `peer`, unless that is straight.
    fn detour(&self, peer: SocketAddr) -> Option<Box<AnswerQueue>> {
        let (number, seed) = (self.shared.number(), self.shared.options.seed);
        let injector = (!self.faults.is_empty()).then(|| Injector::new(Rc::clone(&self.faults), seed, number, peer));
        let delays = self.delay.map(|delay| Delays::new(delay, seed, number));
        (injector.is_some() || delays.is_some()).then(|| Box::new(AnswerQueue::new(injector, delays)))
    }

    /// Wakes `waker` at `at`. Only for connections whose answers take a detour.
    pub(crate) fn wake_at(&self, at: Instant, waker: &Waker) {
        self.timer.as_ref().expect("it runs where answers take a detour").wake_at(at, waker);
    }

    fn admit(self: &Rc<Self>, tcp: TcpStream, peer: SocketAddr) {
        self.count(|stats| stats.accepted += 1);
        // An echo waits for nothing that Nagle's algorithm could add to it. A socket that refuses is dead already, which
        // its first read tells better.
        let _ = tcp.set_nodelay(true);
        let is_over = self.registry.is_over();
        if is_over {
            self.registry.relieve();
        }
        let Some(admission) = Admission::of(&self.shared, is_over) else {
            return self.count(|stats| stats.refused += 1);
        };
        let (detour, log) = (self.detour(peer), Log::of(&tcp, peer, &self.log_values));
        spawn_local(connection::serve(tcp, admission, self.registry.enter(peer), detour, log, Rc::clone(self)));
    }
}

/// Serves `listener` on this thread, number `index` from 0, until `stopped`, which does not block, ends. Calls `serves` once it
/// does.
pub(crate) fn serve(
    listener: StdListener,
    stopped: StdStream,
    shared: &Arc<SharedState>,
    index: usize,
    serves: impl FnOnce(),
) -> io::Result<Stats> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let worker = runtime.block_on(async {
        let worker = Rc::new(Worker::new(Arc::clone(shared), index)?);
        if let Some(timer) = worker.timer.clone() {
            spawn_local(async move { timer.run().await });
        }
        if let Some(stall) = shared.options.stall {
            let shared = Arc::clone(shared);
            spawn_local(stand_still(stall, move || shared.first.get().copied()));
        }
        if let Some(idle) = worker.limits.idle {
            spawn_local(sweep(Rc::clone(&worker.registry), idle / IDLE_SWEEPS));
        }
        spawn_local(look_at_memory(Rc::clone(&worker.registry), shared.options.threads));
        let (listener, stopped) = (TcpListener::from_std(listener)?, UnixStream::from_std(stopped)?);
        serves();
        accept(listener, &worker, stopped).await;
        worker.registry.tell_all(EndRequest::Shutdown);
        // Whoever is left after that is cut off with the runtime.
        let _ = timeout(worker.limits.closing + SHUTDOWN_GRACE, worker.registry.emptied()).await;
        io::Result::Ok(worker)
    })?;
    drop(runtime);
    Ok(worker.stats.take())
}

async fn accept(listener: TcpListener, worker: &Rc<Worker>, mut stopped: UnixStream) {
    let mut failures = Failures::default();
    loop {
        let accepted = tokio::select! {
            biased;
            // Nothing is ever written into it.
            _ = stopped.read_u8() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => worker.admit(tcp, peer),
            // The peer went away while it waited; the next one may be fine.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                failures.tell(&error, Instant::now());
                worker.count(|stats| stats.accept_errors += 1);
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Failures to accept, as the log is told of them: want of descriptors may last, and each try fails then.
#[derive(Debug, Default)]
struct Failures {
    told: Option<Instant>,
    untold: u64,
}

impl Failures {
    /// Tells of the first, and then once in [`FAILURES_EACH`] how many there were.
    fn tell(&mut self, error: &io::Error, now: Instant) {
        self.untold += 1;
        if self.told.is_none_or(|told| now.duration_since(told) >= FAILURES_EACH) {
            log::not_accepted(error, mem::take(&mut self.untold));
            self.told = Some(now);
        }
    }
}

async fn look_at_memory(registry: Rc<Registry>, threads: NonZeroUsize) {
    let threads = u32::try_from(threads.get()).unwrap_or(u32::MAX);
    let mut due = interval(MEMORY_LOOK.max(MEMORY_LOOK_EACH * threads));
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if registry.is_over() {
            registry.relieve();
        }
    }
}

async fn sweep(registry: Rc<Registry>, period: Duration) {
    let mut due = interval(period.max(Duration::from_millis(1)));
    // Sweeps that come late in a row would count a busy thread's delay as silence.
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        registry.sweep();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream as Peer,
        thread,
    };

    use super::*;
    use crate::workers::listener;

    #[test]
    fn every_worker_gets_its_share_of_the_connections() {
        let listener = listener::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(SharedState::new(Options::default()));
        let (stop, stopped) = StdStream::pair().expect("a pair");
        stopped.set_nonblocking(true).expect("it can");
        let workers: Vec<_> = listener::siblings(listener, NonZeroUsize::new(2).expect("not zero"))
            .expect("two listeners")
            .into_iter()
            .enumerate()
            .map(|(index, listener)| {
                let (shared, stopped) = (Arc::clone(&shared), stopped.try_clone().expect("a duplicate"));
                thread::spawn(move || serve(listener, stopped, &shared, index, || ()).expect("it serves"))
            })
            .collect();
        // The kernel chooses by a hash of the addresses: all on one side has a chance of 1 in 2^63.
        for _ in 0..64 {
            let mut peer = Peer::connect(address).expect("they listen");
            peer.write_all(b"no handshake\r\n\r\n").expect("sent");
            peer.read_to_end(&mut Vec::new()).expect("an answer");
        }
        drop(stop);
        let accepted: Vec<_> = workers.into_iter().map(|worker| worker.join().expect("no panic").accepted).collect();
        assert_eq!(accepted.iter().sum::<u64>(), 64);
        assert!(accepted.iter().all(|&n| n > 0), "{accepted:?}");
    }

    #[test]
    fn permits_end_at_the_limit_and_come_back() {
        let open = Arc::default();
        let first = Permit::acquire(&open, 2).expect("one of two");
        let second = Permit::acquire(&open, 2).expect("two of two");
        assert!(Permit::acquire(&open, 2).is_none());
        drop(first);
        let third = Permit::acquire(&open, 2).expect("two of two");
        assert!(Permit::acquire(&open, 2).is_none());
        drop((second, third));
        assert_eq!(open.load(Ordering::Relaxed), 0);
    }
}
