//! The ways to the hosts that redirects lead to.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    thread,
};

use crate::{
    plan::{Connect, HostPort},
    transport::ResolvedPath,
};

/// Hosts that redirects may lead to, at most. A server that names another one for each client must
/// not make us look up all of them.
const MOST: usize = 64;

/// Looks up the hosts that redirects lead to: each once, and on a thread of its own, so that no
/// other connection waits for it.
pub(super) struct Lookups {
    connect: Arc<Connect>,
    /// None while a lookup is under way.
    found: Arc<Mutex<Found>>,
}

type Found = HashMap<String, Option<Result<ResolvedPath, String>>>;

impl Lookups {
    /// Those of connections that take such ways.
    pub(super) fn new(connect: Connect) -> Self {
        Self { connect: Arc::new(connect), found: Arc::default() }
    }

    /// The way to a host, or why there is none. Begins to look it up at the first call.
    pub(super) fn path_to(&self, host: &HostPort) -> Poll<Result<ResolvedPath, String>> {
        let name = host.to_string();
        let mut found = lock(&self.found);
        match found.get(&name) {
            Some(Some(path)) => return Poll::Ready(path.clone()),
            Some(None) => return Poll::Pending,
            None if found.len() >= MOST => {
                return Poll::Ready(Err(format!("redirects led to more than {MOST} hosts; no more are looked up")));
            }
            None => found.insert(name.clone(), None),
        };
        drop(found);
        let (all, connect, host) = (Arc::clone(&self.found), Arc::clone(&self.connect), host.clone());
        let look_up = move || {
            let path = ResolvedPath::to(&host, &connect).map_err(|error| error.to_string());
            lock(&all).insert(host.to_string(), Some(path));
        };
        if let Err(error) = thread::Builder::new().name("lookup".to_owned()).spawn(look_up) {
            lock(&self.found).insert(name, Some(Err(format!("it can't be looked up: {error}"))));
        }
        Poll::Pending
    }
}

fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ways to {} hosts", lock(&self.found).len())
    }
}

#[cfg(test)]
mod tests {
    use url::Host;

    use super::*;

    fn host(number: usize) -> HostPort {
        HostPort { host: Host::parse(&format!("127.0.1.{number}")).unwrap(), port: 80 }
    }

    #[test]
    fn a_host_is_looked_up_once() {
        let lookups = Lookups::new(Connect::default());
        assert!(lookups.path_to(&host(1)).is_pending());
        let path = loop {
            match lookups.path_to(&host(1)) {
                Poll::Ready(path) => break path.unwrap(),
                Poll::Pending => thread::yield_now(),
            }
        };
        assert_eq!(path.first_hop.addresses(), ["127.0.1.1:80".parse().unwrap()]);
    }

    #[test]
    fn not_every_host_is_looked_up() {
        let lookups = Lookups::new(Connect::default());
        for number in 0..MOST {
            assert!(lookups.path_to(&host(number)).is_pending());
        }
        let Poll::Ready(Err(refused)) = lookups.path_to(&host(MOST)) else { panic!("it is looked up") };
        assert!(refused.contains("more than 64"), "{refused}");
    }
}
