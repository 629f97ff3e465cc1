//! The connections of one worker, so that it can tell them things: that they have been idle too long, or that the server
//! goes away. One timer a worker instead of one a connection, and one flag to look at instead of one more future to poll.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::SocketAddr,
    rc::Rc,
    task::Waker,
};

use tokio::sync::Notify;

use crate::fault::Misrouted;

/// Sweeps without a byte after which a connection counts as idle; [`Registry::sweep`] is due once in this part of the limit.
pub(crate) const IDLE_SWEEPS: u32 = 4;

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// No byte has passed for too long.
    Idle,
    /// The server goes away.
    Shutdown,
}

impl Notice {
    /// What the peer and the log are told.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Shutdown => "server shutdown",
        }
    }
}

/// All connections of a worker.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// In the order in which they came.
    entries: RefCell<BTreeMap<u64, Rc<Watched>>>,
    last_id: Cell<u64>,
    emptied: Notify,
}

impl Registry {
    /// Adds a connection until the returned entry is dropped.
    pub(crate) fn enter(self: &Rc<Self>, peer: SocketAddr) -> Entry {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let watched = Rc::new(Watched::new(peer));
        self.entries.borrow_mut().insert(id, Rc::clone(&watched));
        Entry { id, watched, registry: Rc::clone(self) }
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
                watched.tell(Notice::Idle);
            }
        }
    }

    /// Gives notice to all connections.
    pub(crate) fn tell_all(&self, notice: Notice) {
        for watched in self.entries.borrow().values() {
            watched.tell(notice);
        }
    }

    /// Another connection than that of `peer` which takes messages, chosen by `lot`.
    pub(crate) fn neighbour(&self, peer: SocketAddr, lot: u64) -> Option<Rc<Watched>> {
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
pub(crate) struct Entry {
    id: u64,
    pub(crate) watched: Rc<Watched>,
    registry: Rc<Registry>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut entries = self.registry.entries.borrow_mut();
        entries.remove(&self.id);
        if entries.is_empty() {
            self.registry.emptied.notify_one();
        }
    }
}

/// What connection and registry know of each other.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// Whether a byte passed since the last sweep.
    heard: Cell<bool>,
    silent_sweeps: Cell<u32>,
    notice: Cell<Option<Notice>>,
    waker: RefCell<Option<Waker>>,
    /// Answers that belong to other connections; only faults put any here.
    mail: RefCell<Vec<Misrouted>>,
    takes_mail: Cell<bool>,
}

impl Watched {
    fn new(peer: SocketAddr) -> Self {
        Self {
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

    /// The first notice given, if any.
    pub(crate) fn notice(&self) -> Option<Notice> {
        self.notice.get()
    }

    fn tell(&self, notice: Notice) {
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
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn a_neighbour_is_another_one_that_takes_mail() {
        let registry = Rc::new(Registry::default());
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
        let registry = Rc::new(Registry::default());
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
        assert_eq!(quiet.watched.notice(), Some(Notice::Idle));
        assert_eq!(lively.watched.notice(), None);
    }

    #[test]
    fn the_first_notice_stays() {
        let registry = Rc::new(Registry::default());
        let entry = registry.enter(peer(1));
        (0..=IDLE_SWEEPS).for_each(|_| registry.sweep());
        registry.tell_all(Notice::Shutdown);
        assert_eq!(entry.watched.notice(), Some(Notice::Idle));
    }

    #[test]
    fn a_dropped_entry_is_gone() {
        let registry = Rc::new(Registry::default());
        drop((registry.enter(peer(1)), registry.enter(peer(2))));
        assert!(registry.entries.borrow().is_empty());
    }
}
