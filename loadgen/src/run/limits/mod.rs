//! How many descriptors and ports the system has, and whether a plan fits.

use std::num::NonZeroUsize;

use descriptors::{Allowance, Table};
use server::ConnectionCapacity;

use crate::{
    plan::{Group, Plan},
    run::environment::cores,
    transport::{SourceAddressError, TlsFileError},
};

/// What the system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SystemLimits {
    allowance: Allowance,
    /// Ports that the system chooses from for each pair of source address and peer.
    ports: u32,
}

/// What a plan needs from the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirements {
    pub(crate) clients: u32,
    pub(crate) workers: NonZeroUsize,
    /// What the embedded server needs, if there is one.
    pub(crate) embedded: Option<EmbeddedRequirements>,
    /// Clients that share ports; none if there are plenty, as for a peer in 127.0.0.0/8.
    pub(crate) ports: Option<PortRequirements>,
}

/// What the embedded server needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EmbeddedRequirements {
    /// Clients that connect to it.
    pub(crate) clients: u32,
    /// The least number of its threads.
    pub(crate) threads: NonZeroUsize,
}

/// Clients that connect from the same addresses to the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortRequirements {
    pub(crate) clients: u32,
    /// Number of source addresses.
    pub(crate) sources: u32,
}

/// How a plan fits the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Which table holds the descriptors of a worker.
    pub(crate) table: Table,
    /// Threads of the embedded server, and which table holds their descriptors.
    pub(crate) server: Option<(NonZeroUsize, Table)>,
}

/// Why a plan can't work here, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say it.
pub enum PlanRefusal {
    /// Not enough descriptors for the process.
    #[error(
        "--clients {clients} needs {needed} file descriptors, and this process may have {limit} (`ulimit -Hn`).\n\
         {}, or raise the hard limit{}",
        if *.feasible > 0 { format!("Use {}", or_fewer(*.feasible)) } else { "Use fewer --threads".to_owned() },
        if *.embedded { ", or start the server as a process of its own (`cargo run --release -p server`) and give its URL" } else { "" }
    )]
    Descriptors { clients: u32, needed: u64, limit: u64, feasible: u64, embedded: bool },
    /// Not enough descriptors for a worker with a table of its own.
    #[error(
        "--clients {clients} with --threads {threads}: each thread may have {limit} file descriptors (`ulimit -Hn`), \
         which leaves room for {}.\n{}",
        match *.each { 0 => "no client".to_owned(), 1 => "1 client".to_owned(), each => format!("{each} clients") },
        use_less(*.enough, *.each * *.threads as u64),
    )]
    Threads { clients: u32, threads: usize, limit: u64, each: u64, enough: Option<NonZeroUsize> },
    /// Not enough ports.
    #[error(
        "--clients {clients} needs as many local ports, and the system has {ports} for one peer and {} \
         (net.ipv4.ip_local_port_range).\nUse {}, give --source-ip more of this machine's addresses, or \
         widen the range; a target on this machine can be given as 127.0.0.1, which has many",
        if *.sources == 1 { "one source address".to_owned() } else { format!("each of {sources} source addresses") },
        or_fewer(u64::from(*.ports) * u64::from(*.sources)),
    )]
    Ports { clients: u32, ports: u32, sources: u32 },
    /// A source address that clients can't connect from.
    #[error(transparent)]
    SourceAddress(#[from] SourceAddressError),
    /// A certificate or a key that can't be used.
    #[error(transparent)]
    TlsFile(#[from] TlsFileError),
}

/// The option for this many clients or fewer.
fn or_fewer(clients: u64) -> String {
    if clients == 1 { "--clients 1".to_owned() } else { format!("--clients {clients} or fewer") }
}

/// What to do if `clients` fit, and `enough` threads would hold all, if any number does.
fn use_less(enough: Option<NonZeroUsize>, clients: u64) -> String {
    let threads = enough.map(|enough| format!("--threads {enough} or more (it is the default)"));
    let clients = (clients > 0).then(|| or_fewer(clients));
    let remedies: Vec<_> = threads.into_iter().chain(clients).collect();
    match remedies.join(", ") {
        none if none.is_empty() => "Raise the hard limit".to_owned(),
        remedies => format!("Use {remedies}, or raise the hard limit"),
    }
}

/// Descriptors for standard streams, files and name lookup.
const PROCESS: u64 = 16;
/// Descriptors of an event loop: epoll, its waker, a timer, signals.
const LOOP: u64 = 8;

/// Most worker threads that are started by default.
const MOST_THREADS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The least number of worker threads that can hold `clients` clients on this system. It is 1024 if
/// even these can't, and 1 where threads make no difference.
pub fn threads_for(clients: u32) -> NonZeroUsize {
    SystemLimits::raise().threads_for(clients)
}

/// Worker threads of a plan: as it asks, or the cores that a server on this machine leaves, or as
/// many as its clients need. A worker without a client would only look on.
pub fn threads_of(plan: &Plan) -> NonZeroUsize {
    let cores = cores() as usize;
    let is_here = plan.groups().iter().any(Group::is_here);
    let left = NonZeroUsize::new(if is_here { cores - cores / 2 } else { cores }).unwrap_or(NonZeroUsize::MIN);
    let threads = plan.run().threads.unwrap_or_else(|| left.max(threads_for(plan.clients_here().get())));
    threads.min(NonZeroUsize::try_from(plan.clients_here()).unwrap_or(NonZeroUsize::MAX))
}

/// The least number of threads that the embedded server of a plan has.
pub(crate) fn server_threads_of(plan: &Plan) -> NonZeroUsize {
    if plan.embedded_own_copy().is_some() {
        return NonZeroUsize::MIN; // Its threads share no connections.
    }
    let half = NonZeroUsize::new(cores() as usize / 2).unwrap_or(NonZeroUsize::MIN);
    plan.run().server_threads.unwrap_or(half)
}

impl SystemLimits {
    /// Raises the soft limit of descriptors to the hard limit, and reads the limits.
    pub(crate) fn raise() -> Self {
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
        Self { allowance: Allowance::raise(), ports: parse_port_range(&range) }
    }

    /// How a plan fits.
    ///
    /// One table serves everything if it is large enough, since no system refuses that. Else each
    /// thread with connections gets a table of its own.
    ///
    /// # Errors
    /// The plan does not fit.
    pub(crate) fn fit(&self, requirements: &Requirements) -> Result<Fit, PlanRefusal> {
        let fit = self.shared(requirements).or_else(|refusal| {
            if self.allowance.own_tables { self.own(requirements, refusal) } else { Err(refusal) }
        })?;
        let ports = self.ports;
        match requirements.ports {
            Some(PortRequirements { clients, sources })
                if u64::from(clients) > u64::from(ports) * u64::from(sources) =>
            {
                Err(PlanRefusal::Ports { clients, ports, sources })
            }
            _ => Ok(fit),
        }
    }

    /// Puts everything in the table of the process.
    fn shared(&self, requirements: &Requirements) -> Result<Fit, PlanRefusal> {
        let Requirements { clients, workers, embedded, .. } = *requirements;
        let loops = workers.get() + embedded.map_or(0, |server| server.threads.get() + 1);
        let fixed = PROCESS + LOOP * loops as u64;
        // The embedded server has a descriptor for each of its clients, too.
        let connections = u64::from(clients) + embedded.map_or(0, |server| u64::from(server.clients));
        let needed = connections + fixed;
        let limit = self.allowance.each_table;
        if needed <= limit {
            return Ok(Fit { table: Table::Shared, server: embedded.map(|server| (server.threads, Table::Shared)) });
        }
        let feasible = limit.saturating_sub(fixed) * u64::from(clients) / connections.max(1);
        Err(PlanRefusal::Descriptors { clients, needed, limit, feasible, embedded: embedded.is_some() })
    }

    /// Gives each worker a table, and each thread of the server, which gets as many threads as it
    /// takes.
    fn own(&self, requirements: &Requirements, refusal: PlanRefusal) -> Result<Fit, PlanRefusal> {
        let (clients, threads, each) = (requirements.clients, requirements.workers.get(), self.clients_per_table());
        if u64::from(clients) > each * threads as u64 {
            let (limit, enough) = (self.allowance.each_table, self.enough_threads(clients));
            return Err(PlanRefusal::Threads { clients, threads, limit, each, enough });
        }
        let capacity = ConnectionCapacity::new(self.allowance);
        let server = match requirements.embedded {
            Some(EmbeddedRequirements { clients, threads }) => {
                Some((capacity.threads_for(clients as usize, threads).ok_or(refusal)?, Table::Own))
            }
            None => None,
        };
        Ok(Fit { table: Table::Own, server })
    }

    fn clients_per_table(&self) -> u64 {
        self.allowance.each_table.saturating_sub(PROCESS + LOOP)
    }

    fn threads_for(&self, clients: u32) -> NonZeroUsize {
        let most = if self.allowance.own_tables { MOST_THREADS } else { NonZeroUsize::MIN };
        self.enough_threads(clients).unwrap_or(most)
    }

    /// The least number of workers with tables of their own that hold `clients` clients, if there
    /// is one.
    fn enough_threads(&self, clients: u32) -> Option<NonZeroUsize> {
        let each = Some(self.clients_per_table()).filter(|&each| each > 0 && self.allowance.own_tables)?;
        let enough = Some(u64::from(clients).div_ceil(each)).and_then(|enough| usize::try_from(enough).ok())?;
        NonZeroUsize::new(enough).filter(|&enough| enough <= MOST_THREADS)
    }

    /// Clients that share one source address where there are many: half of the ports that Linux
    /// tries first. It tries every second port of the range, and the others only when none of these
    /// is free. With most of the first half taken, that search takes longer than all the rest.
    pub(crate) fn clients_per_address(&self) -> u32 {
        (self.ports / 4).max(1)
    }
}

/// Number of ports in a range such as `32768 60999`; the default of Linux if it does not parse.
fn parse_port_range(range: &str) -> u32 {
    let mut bounds = range.split_whitespace().map(str::parse::<u32>);
    match (bounds.next(), bounds.next()) {
        (Some(Ok(low)), Some(Ok(high))) if low <= high => high - low + 1,
        _ => 28_232,
    }
}

#[cfg(test)]
mod tests;
