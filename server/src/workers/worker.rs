//! One thread of the server: its runtime, its listener and its connections.

use std::{
    io, mem,
    net::{SocketAddr, TcpListener as StdListener},
    num::NonZeroUsize,
    os::unix::net::UnixStream as StdStream,
    rc::Rc,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream, UnixStream},
    runtime::{Builder, LocalOptions},
    task::spawn_local,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tracing::warn;

use crate::{
    connection::{self, Admissions, ConnectionContext, ConnectionLog},
    misbehaviour::{Misbehaviour, WakeTimer, stand_still},
    options::Options,
    registry::{
        EndRequest, IDLE_SWEEPS, Registry,
        memory::{self, MemoryAccount, MemoryBudget},
    },
    stats::Stats,
};

/// Pause after a failure to accept.
///
/// Without it, a worker that is out of descriptors would spin, as the connection stays in the
/// backlog.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How often failures to accept are logged.
const FAILURE_LOG_INTERVAL: Duration = Duration::from_secs(1);

/// How often a thread looks whether its connections hold too much memory. Another thread may have
/// noticed that, while nothing happens on this one.
const MEMORY_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// With many threads they look less often, as all of them wake: once in this time for each thread.
const MEMORY_CHECK_INTERVAL_PER_THREAD: Duration = Duration::from_millis(2);

/// What connections get on top of [`Limits::closing`](crate::Limits::closing) at shutdown, so that
/// their own limit ends them first.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(250);

/// What all workers share. It is touched when a connection comes or goes, and never for a message.
///
/// Nothing in it may wake a task: see [`Table::Own`](descriptors::Table::Own).
#[derive(Debug)]
pub(super) struct SharedState {
    options: Options,
    admissions: Admissions,
    memory: Arc<MemoryBudget>,
    /// Connections accepted.
    accepted: AtomicU64,
    /// When the first of them was.
    first: OnceLock<Instant>,
}

impl SharedState {
    pub(super) fn new(options: Options) -> Self {
        let connection = memory::CONNECTION + if options.tls.is_some() { memory::TLS } else { 0 };
        Self {
            memory: Arc::new(MemoryBudget::new(options.limits.memory, options.threads.get(), connection)),
            admissions: Admissions::new(options.limits.connections),
            options,
            accepted: AtomicU64::new(0),
            first: OnceLock::new(),
        }
    }

    /// Counts a connection. Returns how many there were before it.
    fn number_connection(&self) -> u64 {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            let _ = self.first.set(Instant::now());
        }
        number
    }
}

/// What a thread needs to begin to serve a connection.
struct Acceptor {
    context: Rc<ConnectionContext>,
    misbehaviour: Option<Misbehaviour>,
    timer: Option<Rc<WakeTimer>>,
    log_values: Rc<[String]>,
    shared: Arc<SharedState>,
}

impl Acceptor {
    /// # Errors
    /// If the options need a timer and the system has none to give.
    fn new(shared: &Arc<SharedState>, index: usize) -> io::Result<Self> {
        let options = &shared.options;
        let registry = Registry::new(MemoryAccount::new(Arc::clone(&shared.memory), index));
        let timer = options.needs_timer().then(WakeTimer::new).transpose()?.map(Rc::new);
        let misbehaviour = timer.as_ref().and_then(|timer| {
            let (Options { delay, faults, seed, .. }, is_broadcast) = (options, options.rooms.is_some());
            Misbehaviour::new(*delay, faults, *seed, is_broadcast, timer)
        });
        Ok(Self {
            context: Rc::new(ConnectionContext::new(options, registry, timer.clone())),
            misbehaviour,
            timer,
            log_values: options.log_values.as_slice().into(),
            shared: Arc::clone(shared),
        })
    }

    fn admit(&self, tcp: TcpStream, peer: SocketAddr) {
        self.context.count(|stats| stats.accepted += 1);
        // An echo has nothing that Nagle's algorithm could add to it. A socket that refuses this is
        // dead already, and its first read says so better.
        let _ = tcp.set_nodelay(true);
        let registry = &self.context.registry;
        let is_over = registry.is_over();
        if is_over {
            registry.relieve();
        }
        let Some(admission) = self.shared.admissions.admit(is_over) else {
            return self.context.count(|stats| stats.refused += 1);
        };
        let number = self.shared.number_connection();
        let sender = self.misbehaviour.as_ref().map(|misbehaviour| Box::new(misbehaviour.sender(number, peer)));
        let log = ConnectionLog::new(&tcp, peer, &self.log_values);
        spawn_local(connection::serve(
            tcp,
            peer,
            admission,
            registry.register(),
            sender,
            log,
            Rc::clone(&self.context),
        ));
    }

    /// Starts what runs beside the connections.
    fn spawn_timers(&self) {
        let (options, registry) = (&self.shared.options, &self.context.registry);
        if let Some(timer) = &self.timer {
            let timer = Rc::clone(timer);
            spawn_local(async move { timer.run().await });
        }
        if let Some(stall) = options.stall {
            let shared = Arc::clone(&self.shared);
            spawn_local(stand_still(stall, move || shared.first.get().copied()));
        }
        if let Some(idle) = options.limits.idle {
            spawn_local(sweep(Rc::clone(registry), idle / IDLE_SWEEPS));
        }
        spawn_local(check_memory(Rc::clone(registry), options.threads));
    }
}

/// Serves `listener` on this thread, number `index` from 0, until `stopped` ends. Calls `serves`
/// once it accepts connections.
///
/// `stopped` must not block. Nothing is ever written into it.
pub(super) fn serve(
    listener: StdListener,
    stopped: StdStream,
    shared: &Arc<SharedState>,
    index: usize,
    serves: impl FnOnce(),
) -> io::Result<Stats> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let context = runtime.block_on(async {
        let acceptor = Acceptor::new(shared, index)?;
        acceptor.spawn_timers();
        let (listener, stopped) = (TcpListener::from_std(listener)?, UnixStream::from_std(stopped)?);
        serves();
        accept(listener, &acceptor, stopped).await;
        let context = acceptor.context;
        context.registry.ask_all_to_end(EndRequest::Shutdown);
        // Connections that are left after that are cut off with the runtime.
        let _ = timeout(context.limits.closing + SHUTDOWN_GRACE, context.registry.emptied()).await;
        io::Result::Ok(context)
    })?;
    drop(runtime);
    Ok(context.take_stats())
}

async fn accept(listener: TcpListener, acceptor: &Acceptor, mut stopped: UnixStream) {
    let mut failures = AcceptFailures::default();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopped.read_u8() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => acceptor.admit(tcp, peer),
            // The peer went away while it waited. The next one may be fine.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                failures.log(&error, Instant::now());
                acceptor.context.count(|stats| stats.accept_errors += 1);
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Failures to accept. A lack of descriptors may last, and each try fails then, so not each is
/// logged.
#[derive(Debug, Default)]
struct AcceptFailures {
    logged: Option<Instant>,
    unlogged: u64,
}

impl AcceptFailures {
    /// Logs the first failure, and then, once in [`FAILURE_LOG_INTERVAL`], how many there were.
    fn log(&mut self, error: &io::Error, now: Instant) {
        self.unlogged += 1;
        if self.logged.is_none_or(|logged| now.duration_since(logged) >= FAILURE_LOG_INTERVAL) {
            warn!(%error, times = mem::take(&mut self.unlogged), "not accepted");
            self.logged = Some(now);
        }
    }
}

async fn check_memory(registry: Rc<Registry>, threads: NonZeroUsize) {
    let threads = u32::try_from(threads.get()).unwrap_or(u32::MAX);
    let mut due = interval(MEMORY_CHECK_INTERVAL.max(MEMORY_CHECK_INTERVAL_PER_THREAD * threads));
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
    // Late sweeps in a row would count a busy thread's delay as silence.
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
        let workers: Vec<_> = listener::for_threads(listener, NonZeroUsize::new(2).expect("not zero"))
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
}
