//! The connections of one worker, so that it can tell them things: that they have been idle too long, that they hold too much
//! memory, or that the server goes away. One timer a worker instead of one a connection, and one flag to look at instead of one more future to poll.

pub(crate) mod memory;

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BTreeMap,
    net::SocketAddr,
    rc::Rc,
    task::Waker,
};

use tokio::sync::Notify;

use crate::{
    misbehaviour::fault::Misrouted,
    registry::memory::{CONNECTION, MemoryAccount},
};

/// Sweeps without a byte after which a connection counts as idle; [`Registry::sweep`] is due once in this part of the limit.
pub(crate) const IDLE_SWEEPS: u32 = 4;

/// Bytes for which no connection is ended, a common request among them. However many hold so little, no more are let in.
const LITTLE: usize = 4096;

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndRequest {
    /// No byte has passed for too long.
    Idle,
    /// The server goes away.
    Shutdown,
    /// All peers together hold too much memory, and this one more than others.
    Memory,
}

impl EndRequest {
    /// What the peer and the log are told.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Shutdown => "server shutdown",
            Self::Memory => "too much memory held",
        }
    }

    /// The code of the Close: going away, or try again later (section 7.4.1 and the registry of IANA).
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Idle | Self::Shutdown => 1001,
            Self::Memory => 1013,
        }
    }
}

/// All connections of a worker.
#[derive(Debug)]
pub(crate) struct Registry {
    /// In the order in which they came.
    entries: RefCell<BTreeMap<u64, Rc<TrackedConnection>>>,
    last_id: Cell<u64>,
    emptied: Notify,
    /// What they hold.
    account: Rc<MemoryAccount>,
}

impl Registry {
    /// No connections yet, which will count in `account`.
    pub(crate) fn new(account: MemoryAccount) -> Self {
        Self {
            entries: RefCell::default(),
            last_id: Cell::default(),
            emptied: Notify::new(),
            account: Rc::new(account),
        }
    }

    /// Adds a connection until the returned entry is dropped.
    pub(crate) fn enter(self: &Rc<Self>, peer: SocketAddr) -> Registration {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let watched = Rc::new(TrackedConnection::new(peer, Rc::clone(&self.account)));
        self.entries.borrow_mut().insert(id, Rc::clone(&watched));
        Registration { id, watched, registry: Rc::clone(self) }
    }

    /// Gives notice to the connections that have been silent for [`IDLE_SWEEPS`] sweeps.
    pub(crate) fn sweep(&self) {
        for watched in self.entries.borrow().values() {
            if watched.heard.take() {
                watched.silent_sweeps.set(0);
                continue;
            }
            let silent = watched.silent_sweeps.get() + 1;
            watched.silent_sweeps.set(silent.min(IDLE_SWEEPS));
            if silent == IDLE_SWEEPS {
                watched.tell(EndRequest::Idle);
            }
        }
    }

    /// Whether all connections of all threads together hold more than they may.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.account.excess() > 0
    }

    /// Whether a connection must not read now, as so much is held that some of it has to be given back first.
    #[inline]
    pub(crate) fn holds_back(&self) -> bool {
        self.account.is_far_over() && self.relieve()
    }

    /// Where too much is held, tells the connections that hold most to end, until an eighth of the limit is free. Those of another
    /// thread come first if one there holds more, which that thread finds out within a moment; but if nobody may add anything any
    /// more, the largest here are told. Whether memory will be given back on this thread.
    #[cold]
    pub(crate) fn relieve(&self) -> bool {
        let excess = self.account.excess();
        if excess == 0 || self.account.is_waiting() {
            return self.account.is_waiting();
        }
        let entries = self.entries.borrow();
        let mut debtors: Vec<_> = entries.values().filter(|watched| watched.can_give_back()).collect();
        debtors.sort_unstable_by_key(|watched| Reverse(watched.held.get()));
        let largest = debtors.first().map_or(0, |watched| watched.held.get());
        self.account.set_largest(largest);
        if !self.account.is_far_over() && self.account.is_exceeded_elsewhere(largest) {
            return false;
        }
        let mut missing = excess + self.account.reserve();
        for watched in debtors {
            if missing == 0 {
                break;
            }
            missing = missing.saturating_sub(watched.held.get());
            watched.ask_for_memory();
        }
        self.account.is_waiting()
    }

    /// Gives notice to all connections.
    pub(crate) fn tell_all(&self, notice: EndRequest) {
        for watched in self.entries.borrow().values() {
            watched.tell(notice);
        }
    }

    /// Another connection than that of `peer` which takes messages, chosen by `lot`.
    pub(crate) fn neighbour(&self, peer: SocketAddr, lot: u64) -> Option<Rc<TrackedConnection>> {
        let entries = self.entries.borrow();
        let others = || entries.values().filter(|watched| watched.takes_mail.get() && watched.peer != peer);
        let count = others().count() as u64;
        let index = usize::try_from(lot.checked_rem(count)?).ok()?;
        others().nth(index).cloned()
    }

    /// Waits until no connection is left.
    pub(crate) async fn emptied(&self) {
        while !self.entries.borrow().is_empty() {
            self.emptied.notified().await;
        }
    }
}

/// A connection's place in the [`Registry`].
#[derive(Debug)]
pub(crate) struct Registration {
    id: u64,
    pub(crate) watched: Rc<TrackedConnection>,
    registry: Rc<Registry>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.watched.holds(0);
        self.watched.account.change(CONNECTION, 0);
        let mut entries = self.registry.entries.borrow_mut();
        entries.remove(&self.id);
        if entries.is_empty() {
            self.registry.emptied.notify_one();
        }
    }
}

/// What connection and registry know of each other.
#[derive(Debug)]
pub(crate) struct TrackedConnection {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// Whether a byte passed since the last sweep.
    heard: Cell<bool>,
    silent_sweeps: Cell<u32>,
    notice: Cell<Option<EndRequest>>,
    /// Bytes of memory that depend on the peer.
    held: Cell<usize>,
    request: Cell<MemoryRequest>,
    account: Rc<MemoryAccount>,
    waker: RefCell<Option<Waker>>,
    /// Answers that belong to other connections; only faults put any here.
    mail: RefCell<Vec<Misrouted>>,
    takes_mail: Cell<bool>,
}

/// Whether a connection was asked for the memory that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum MemoryRequest {
    #[default]
    None,
    Open,
    Met,
}

impl TrackedConnection {
    fn new(peer: SocketAddr, account: Rc<MemoryAccount>) -> Self {
        account.change(0, CONNECTION);
        Self {
            account,
            held: Cell::default(),
            request: Cell::default(),
            peer,
            heard: Cell::default(),
            silent_sweeps: Cell::default(),
            notice: Cell::default(),
            waker: RefCell::default(),
            mail: RefCell::default(),
            takes_mail: Cell::default(),
        }
    }

    /// Notes that a byte passed.
    pub(crate) fn heard(&self) {
        self.heard.set(true);
    }

    /// The connection's task, to be woken for a notice. Once is enough, as a connection never changes its task.
    pub(crate) fn wake_with(&self, waker: &Waker) {
        *self.waker.borrow_mut() = Some(waker.clone());
    }

    /// The first notice given, if any; that of memory outranks the others, as it can't wait.
    pub(crate) fn notice(&self) -> Option<EndRequest> {
        if self.is_asked_for_memory() { Some(EndRequest::Memory) } else { self.notice.get() }
    }

    /// Notes how many bytes of memory the connection holds for its peer. Whether more than before.
    #[inline]
    pub(crate) fn holds(&self, bytes: usize) -> bool {
        let before = self.held.get();
        bytes != before && self.change(before, bytes)
    }

    /// Notes that it holds so many bytes more.
    pub(crate) fn holds_more(&self, bytes: usize) {
        self.holds(self.held.get() + bytes);
    }

    #[cold]
    fn change(&self, before: usize, now: usize) -> bool {
        self.held.set(now);
        self.account.change(before, now);
        if now == 0 && self.request.get() == MemoryRequest::Open {
            self.request.set(MemoryRequest::Met);
            self.account.given_back();
        }
        now > before
    }

    fn can_give_back(&self) -> bool {
        self.held.get() > LITTLE && self.request.get() == MemoryRequest::None
    }

    /// Whether the connection shall end to give back what it holds.
    pub(crate) fn is_asked_for_memory(&self) -> bool {
        self.request.get() != MemoryRequest::None
    }

    fn ask_for_memory(&self) {
        self.request.set(MemoryRequest::Open);
        self.account.asked();
        self.wake();
    }

    fn tell(&self, notice: EndRequest) {
        if self.notice.get().is_none() {
            self.notice.set(Some(notice));
            self.wake();
        }
    }

    /// Lets others [`post`](Self::post) here, or no more.
    pub(crate) fn take_mail_from_others(&self, whether: bool) {
        self.takes_mail.set(whether);
    }

    /// Has this connection send an answer that is not its own.
    pub(crate) fn post(&self, misrouted: Misrouted) {
        self.mail.borrow_mut().push(misrouted);
        self.wake();
    }

    /// What others have posted since the last call.
    pub(crate) fn mail(&self) -> Vec<Misrouted> {
        self.mail.take()
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::registry::memory::MemoryBudget;

    fn registry(limit: usize) -> Rc<Registry> {
        let budget = Arc::new(MemoryBudget::new(limit, 1));
        Rc::new(Registry::new(MemoryAccount::new(budget, 0)))
    }

    fn peer(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn a_neighbour_is_another_one_that_takes_mail() {
        let registry = registry(usize::MAX);
        let entries: Vec<_> = (0..4).map(|port| registry.enter(peer(port))).collect();
        let chosen = |lot| registry.neighbour(peer(1), lot).map(|watched| watched.peer.port());
        assert_eq!(chosen(7), None);
        entries[1].watched.take_mail_from_others(true);
        assert_eq!(chosen(7), None);
        entries[..3].iter().for_each(|entry| entry.watched.take_mail_from_others(true));
        assert_eq!([4, 5, 6].map(chosen), [Some(0), Some(2), Some(0)]);
        entries[0].watched.take_mail_from_others(false);
        assert_eq!([4, 5].map(chosen), [Some(2), Some(2)]);
    }

    #[test]
    fn silence_is_noticed_after_whole_sweeps_only() {
        let registry = registry(usize::MAX);
        let (quiet, lively) = (registry.enter(peer(1)), registry.enter(peer(2)));
        quiet.watched.heard();
        // The byte came at some time before the first sweep, so that one does not count.
        for _ in 0..IDLE_SWEEPS {
            lively.watched.heard();
            registry.sweep();
            assert_eq!(quiet.watched.notice(), None);
        }
        lively.watched.heard();
        registry.sweep();
        assert_eq!(quiet.watched.notice(), Some(EndRequest::Idle));
        assert_eq!(lively.watched.notice(), None);
    }

    #[test]
    fn the_first_notice_stays() {
        let registry = registry(usize::MAX);
        let entry = registry.enter(peer(1));
        (0..=IDLE_SWEEPS).for_each(|_| registry.sweep());
        registry.tell_all(EndRequest::Shutdown);
        assert_eq!(entry.watched.notice(), Some(EndRequest::Idle));
    }

    #[test]
    fn a_dropped_entry_is_gone() {
        let registry = registry(usize::MAX);
        drop((registry.enter(peer(1)), registry.enter(peer(2))));
        assert!(registry.entries.borrow().is_empty());
    }

    #[test]
    fn those_that_hold_most_give_back_until_an_eighth_is_free() {
        let registry = registry(80_000 + 4 * CONNECTION);
        let entries: Vec<_> = (0..4).map(|port| registry.enter(peer(port))).collect();
        for (entry, bytes) in entries.iter().zip([30_000, 20_000, 0, 30_000]) {
            entry.watched.holds(bytes);
        }
        assert!(!registry.is_over() && !registry.relieve());
        entries[1].watched.holds_more(5000);
        assert!(registry.is_over() && registry.relieve());
        let asked = |index: usize| entries[index].watched.is_asked_for_memory();
        assert_eq!([0, 1, 2, 3].map(asked), [true, false, false, false], "5000 and an eighth are less than 30 000");
        entries[1].watched.holds_more(60_000);
        assert!(registry.holds_back(), "what was asked for has not been given back");
        assert!(!asked(1), "so nobody else is asked");
        entries[0].watched.holds(0);
        assert_eq!(entries[0].watched.notice(), Some(EndRequest::Memory));
        assert!(registry.relieve() && asked(1) && !asked(3));
        drop(entries);
        assert!(!registry.is_over());
        assert_eq!(registry.account.excess(), 0);
    }
}
