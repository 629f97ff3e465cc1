//! The connections of one thread, and what each of them holds.
//!
//! The registry asks connections to end: when they have been idle too long, when they hold too much
//! memory, or when the server shuts down. So a thread needs one timer instead of one for each
//! connection, and a connection looks at one flag instead of polling one more future.
//!
//! - `tracked` is what registry and connection know of each other.
//! - `memory` counts what all connections of the server hold.

pub(crate) mod memory;
mod tracked;

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BTreeMap,
    rc::Rc,
};

use tokio::sync::Notify;

use self::memory::MemoryAccount;
pub(crate) use self::tracked::{EndRequest, TrackedConnection};

/// Sweeps without a byte after which a connection counts as idle. [`Registry::sweep`] is due this
/// many times in the time limit.
pub(crate) const IDLE_SWEEPS: u32 = 4;

/// All connections of a thread.
#[derive(Debug)]
pub(crate) struct Registry {
    /// In the order in which they came.
    connections: RefCell<BTreeMap<u64, Rc<TrackedConnection>>>,
    last_id: Cell<u64>,
    emptied: Notify,
    /// What they hold.
    account: Rc<MemoryAccount>,
}

impl Registry {
    /// A registry without connections. `account` will count what they hold.
    pub(crate) fn new(account: MemoryAccount) -> Self {
        Self {
            connections: RefCell::default(),
            last_id: Cell::default(),
            emptied: Notify::new(),
            account: Rc::new(account),
        }
    }

    /// Counts what the connections hold.
    pub(crate) fn account(&self) -> &Rc<MemoryAccount> {
        &self.account
    }

    /// Adds a connection, until the returned registration is dropped.
    pub(crate) fn register(self: &Rc<Self>) -> Registration {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let connection = Rc::new(TrackedConnection::new(Rc::clone(&self.account)));
        self.connections.borrow_mut().insert(id, Rc::clone(&connection));
        Registration { id, connection, registry: Rc::clone(self) }
    }

    /// Asks the connections to end that have been silent for [`IDLE_SWEEPS`] sweeps.
    pub(crate) fn sweep(&self) {
        for connection in self.connections.borrow().values() {
            if connection.count_silent_sweep() == IDLE_SWEEPS {
                connection.ask_to_end(EndRequest::Idle);
            }
        }
    }

    /// Whether all connections, over all threads, hold more than they may.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.account.excess() > 0
    }

    /// Whether no connection may read now, as so much is held that some must be given back first.
    #[inline]
    pub(crate) fn holds_back(&self) -> bool {
        self.account.is_far_over() && self.relieve()
    }

    /// Where too much is held, asks the connections that hold most to end, until an eighth of the
    /// limit is free. Returns whether this thread will give memory back.
    ///
    /// If a connection of another thread holds more, that thread comes first. It finds out within a
    /// moment. But once nobody may add anything, the largest connections here are asked as well.
    #[cold]
    pub(crate) fn relieve(&self) -> bool {
        let excess = self.account.excess();
        if excess == 0 || self.account.is_waiting() {
            return self.account.is_waiting();
        }
        let connections = self.connections.borrow();
        let mut candidates: Vec<_> = connections.values().filter(|connection| connection.can_give_back()).collect();
        candidates.sort_unstable_by_key(|connection| Reverse(connection.held_bytes()));
        let largest = candidates.first().map_or(0, |connection| connection.held_bytes());
        self.account.set_largest(largest);
        if !self.account.is_far_over() && self.account.is_exceeded_elsewhere(largest) {
            return false;
        }
        let mut missing = excess + self.account.reserve();
        for connection in candidates {
            if missing == 0 {
                break;
            }
            missing = missing.saturating_sub(connection.held_bytes());
            connection.ask_for_memory();
        }
        self.account.is_waiting()
    }

    /// Asks all connections to end.
    pub(crate) fn ask_all_to_end(&self, request: EndRequest) {
        for connection in self.connections.borrow().values() {
            connection.ask_to_end(request);
        }
    }

    /// Waits until no connection is left.
    pub(crate) async fn emptied(&self) {
        while !self.connections.borrow().is_empty() {
            self.emptied.notified().await;
        }
    }
}

/// A connection's place in the [`Registry`]. Dropping it takes the connection out.
#[derive(Debug)]
pub(crate) struct Registration {
    id: u64,
    pub(crate) connection: Rc<TrackedConnection>,
    registry: Rc<Registry>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connection.forget();
        let mut connections = self.registry.connections.borrow_mut();
        connections.remove(&self.id);
        if connections.is_empty() {
            self.registry.emptied.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        memory::{CONNECTION, MemoryBudget},
        *,
    };

    fn registry(limit: usize) -> Rc<Registry> {
        let budget = Arc::new(MemoryBudget::new(limit, 1, CONNECTION));
        Rc::new(Registry::new(MemoryAccount::new(budget, 0)))
    }

    #[test]
    fn silence_is_noticed_after_whole_sweeps_only() {
        let registry = registry(usize::MAX);
        let (quiet, lively) = (registry.register(), registry.register());
        quiet.connection.saw_bytes();
        // The byte came at some time before the first sweep, so that sweep does not count.
        for _ in 0..IDLE_SWEEPS {
            lively.connection.saw_bytes();
            registry.sweep();
            assert_eq!(quiet.connection.end_request(), None);
        }
        lively.connection.saw_bytes();
        registry.sweep();
        assert_eq!(quiet.connection.end_request(), Some(EndRequest::Idle));
        assert_eq!(lively.connection.end_request(), None);
    }

    #[test]
    fn the_first_request_to_end_stays() {
        let registry = registry(usize::MAX);
        let registration = registry.register();
        (0..=IDLE_SWEEPS).for_each(|_| registry.sweep());
        registry.ask_all_to_end(EndRequest::Shutdown);
        assert_eq!(registration.connection.end_request(), Some(EndRequest::Idle));
    }

    #[test]
    fn a_dropped_registration_is_gone() {
        let registry = registry(usize::MAX);
        drop((registry.register(), registry.register()));
        assert!(registry.connections.borrow().is_empty());
    }

    #[test]
    fn the_largest_give_back_until_an_eighth_is_free() {
        let registry = registry(80_000 + 4 * CONNECTION);
        let registrations: Vec<_> = (0..4).map(|_| registry.register()).collect();
        let connection = |index: usize| &registrations[index].connection;
        for (index, bytes) in [30_000, 20_000, 0, 30_000].into_iter().enumerate() {
            connection(index).holds(bytes);
        }
        assert!(!registry.is_over() && !registry.relieve());
        connection(1).holds_more(5000);
        assert!(registry.is_over() && registry.relieve());
        let asked = |index| connection(index).is_asked_for_memory();
        assert_eq!([0, 1, 2, 3].map(asked), [true, false, false, false], "5000 and an eighth are less than 30 000");
        connection(1).holds_more(60_000);
        assert!(registry.holds_back(), "what was asked for has not been given back");
        assert!(!asked(1), "so no other connection is asked");
        connection(0).holds(0);
        assert_eq!(connection(0).end_request(), Some(EndRequest::Memory));
        assert!(registry.relieve() && asked(1) && !asked(3));
        drop(registrations);
        assert!(!registry.is_over());
        assert_eq!(registry.account.excess(), 0);
    }
}
