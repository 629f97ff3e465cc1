//! What the system has of descriptors and ports, and whether a plan fits.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What the system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Descriptors that the process may have open.
    pub(crate) descriptors: u64,
    /// Ports that the system picks from for each pair of source address and peer.
    pub(crate) ports: u32,
}

/// What a plan needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) clients: u32,
    pub(crate) workers: u32,
    /// The server is part of the process, with this many threads.
    pub(crate) embedded: Option<u32>,
    /// The peer is in 127.0.0.0/8, so there are as many source addresses as one could want.
    pub(crate) many_sources: bool,
}

/// Why a plan can't work here, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say it.
pub enum Refusal {
    /// Not enough descriptors.
    #[error(
        "--clients {clients} needs {needed} file descriptors, and this process may have {limit} (`ulimit -Hn`).\n\
         {}, or raise the hard limit{}",
        if *.feasible > 0 { format!("Use --clients {feasible} or fewer") } else { "Use fewer --threads".to_owned() },
        if *.embedded { ", or start the server as a process of its own (`cargo run --release -p server`) and give its URL" } else { "" }
    )]
    Descriptors { clients: u32, needed: u64, limit: u64, feasible: u64, embedded: bool },
    /// Not enough ports.
    #[error(
        "--clients {clients} needs as many local ports, and the system has {ports} for one peer \
         (net.ipv4.ip_local_port_range).\nUse --clients {ports} or fewer, or widen the range; a target on this machine \
         can be given as 127.0.0.1, which has many source addresses"
    )]
    Ports { clients: u32, ports: u32 },
}

/// Descriptors for standard streams, files and resolving.
const PROCESS: u64 = 16;
/// Descriptors of an event loop: epoll, its waker, a timer, signals.
const LOOP: u64 = 8;

impl Limits {
    /// Raises the soft limit of descriptors to the hard one and reads what there is.
    pub(crate) fn raise() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        // Where that is not allowed, the soft limit counts.
        let _ = setrlimit(Resource::Nofile, raised);
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
        Self { descriptors, ports: parse_port_range(&range) }
    }

    /// Refuses a plan that can't work.
    pub(crate) fn check(&self, needs: &Needs) -> Result<(), Refusal> {
        let per_client = if needs.embedded.is_some() { 2 } else { 1 };
        let loops = u64::from(needs.workers) + needs.embedded.map_or(0, |threads| u64::from(threads) + 1);
        let fixed = PROCESS + LOOP * loops;
        let needed = u64::from(needs.clients) * per_client + fixed;
        let clients = needs.clients;
        if needed > self.descriptors {
            let feasible = self.descriptors.saturating_sub(fixed) / per_client;
            let (limit, embedded) = (self.descriptors, needs.embedded.is_some());
            return Err(Refusal::Descriptors { clients, needed, limit, feasible, embedded });
        }
        if !needs.many_sources && clients > self.ports {
            return Err(Refusal::Ports { clients, ports: self.ports });
        }
        Ok(())
    }

    /// Clients that may share one source address: not all of its ports, since others use some, and those that were
    /// closed lately wait.
    pub(crate) fn clients_per_address(&self) -> u32 {
        (self.ports - self.ports / 8).max(1)
    }
}

/// Ports in a range such as `32768 60999`; the default of Linux if it doesn't parse.
fn parse_port_range(range: &str) -> u32 {
    let mut bounds = range.split_whitespace().map(str::parse::<u32>);
    match (bounds.next(), bounds.next()) {
        (Some(Ok(low)), Some(Ok(high))) if low <= high => high - low + 1,
        _ => 28_232,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Limits = Limits { descriptors: 20_000, ports: 28_232 };

    fn needs(clients: u32, embedded: bool, many_sources: bool) -> Needs {
        Needs { clients, workers: 1, embedded: embedded.then_some(1), many_sources }
    }

    #[test]
    fn an_embedded_server_needs_a_descriptor_a_client_too() {
        assert_eq!(HERE.check(&needs(9_900, true, true)), Ok(()));
        let refusal = HERE.check(&needs(10_000, true, true)).unwrap_err();
        let expected =
            Refusal::Descriptors { clients: 10_000, needed: 20_040, limit: 20_000, feasible: 9_980, embedded: true };
        assert_eq!(refusal, expected);
        assert_eq!(HERE.check(&needs(9_980, true, true)), Ok(()), "what the message says is feasible");
        assert_eq!(HERE.check(&needs(10_000, false, true)), Ok(()));
        let text = refusal.to_string();
        assert!(text.contains("--clients 9980 or fewer") && text.contains("-p server"), "{text}");
    }

    #[test]
    fn threads_can_take_all_descriptors() {
        let few = Limits { descriptors: 100, ports: 28_232 };
        let refusal = few.check(&Needs { workers: 50, ..needs(50, false, true) }).unwrap_err();
        assert!(refusal.to_string().contains("Use fewer --threads"), "{refusal}");
    }

    #[test]
    fn ports_bound_the_clients_of_a_remote_target_only() {
        let many = Limits { descriptors: 1_000_000, ports: 28_232 };
        assert_eq!(many.check(&needs(30_000, false, true)), Ok(()));
        let refusal = many.check(&needs(30_000, false, false)).unwrap_err();
        assert_eq!(refusal, Refusal::Ports { clients: 30_000, ports: 28_232 });
    }

    #[test]
    fn port_range() {
        assert_eq!(parse_port_range("32768\t60999\n"), 28_232);
        assert_eq!(parse_port_range("40000 40000"), 1);
        assert_eq!(parse_port_range(""), 28_232);
    }
}
