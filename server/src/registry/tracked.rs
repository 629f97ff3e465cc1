//! What registry and connection know of each other.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::Waker,
};

use super::memory::MemoryAccount;

/// Bytes for which no connection is asked to end. A common request takes less.
///
/// If many connections hold so little, and all together too much, new ones are refused.
const LITTLE: usize = 4096;

/// Why the server asks a connection to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndRequest {
    /// No byte has passed for too long.
    Idle,
    /// The server shuts down.
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

    /// The code of the Close: going away, or try again later (section 7.4.1 and the registry of
    /// IANA).
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Idle | Self::Shutdown => 1001,
            Self::Memory => 1013,
        }
    }
}

/// A connection, as the registry sees it.
#[derive(Debug)]
pub(crate) struct TrackedConnection {
    /// Whether a byte passed since the last sweep.
    saw_bytes: Cell<bool>,
    silent_sweeps: Cell<u32>,
    end_request: Cell<Option<EndRequest>>,
    /// Bytes of memory that depend on the peer.
    held: Cell<usize>,
    memory_request: Cell<MemoryRequest>,
    account: Rc<MemoryAccount>,
    waker: RefCell<Option<Waker>>,
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
    pub(super) fn new(account: Rc<MemoryAccount>) -> Self {
        account.change(0, account.connection());
        Self {
            account,
            held: Cell::default(),
            memory_request: Cell::default(),
            saw_bytes: Cell::default(),
            silent_sweeps: Cell::default(),
            end_request: Cell::default(),
            waker: RefCell::default(),
        }
    }

    /// Takes what the connection held out of the account, as it has ended.
    pub(super) fn forget(&self) {
        self.holds(0);
        self.account.change(self.account.connection(), 0);
    }

    /// Notes that bytes passed.
    pub(crate) fn saw_bytes(&self) {
        self.saw_bytes.set(true);
    }

    /// Counts a sweep. Returns how many there were without a byte.
    pub(super) fn count_silent_sweep(&self) -> u32 {
        let silent = if self.saw_bytes.take() { 0 } else { self.silent_sweeps.get().saturating_add(1) };
        self.silent_sweeps.set(silent);
        silent
    }

    /// Sets the task to wake when the connection is asked to end. Once is enough, as a connection
    /// never changes its task.
    pub(crate) fn wake_with(&self, waker: &Waker) {
        *self.waker.borrow_mut() = Some(waker.clone());
    }

    /// Why the connection was first asked to end, if it was. [`EndRequest::Memory`] outranks the
    /// others, as it can't wait.
    pub(crate) fn end_request(&self) -> Option<EndRequest> {
        if self.is_asked_for_memory() { Some(EndRequest::Memory) } else { self.end_request.get() }
    }

    /// Notes how many bytes of memory the connection holds for its peer. Returns whether that is
    /// more than before.
    #[inline]
    pub(crate) fn holds(&self, bytes: usize) -> bool {
        let before = self.held.get();
        bytes != before && self.change(before, bytes)
    }

    /// Notes that the connection holds so many bytes more.
    pub(crate) fn holds_more(&self, bytes: usize) {
        self.holds(self.held.get() + bytes);
    }

    #[cold]
    fn change(&self, before: usize, now: usize) -> bool {
        self.held.set(now);
        self.account.change(before, now);
        if now == 0 && self.memory_request.get() == MemoryRequest::Open {
            self.memory_request.set(MemoryRequest::Met);
            self.account.given_back();
        }
        now > before
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held.get()
    }

    /// Whether asking this connection for its memory is worth the while, and was not done yet.
    pub(super) fn can_give_back(&self) -> bool {
        self.held.get() > LITTLE && self.memory_request.get() == MemoryRequest::None
    }

    /// Whether the connection must end to give back what it holds.
    pub(crate) fn is_asked_for_memory(&self) -> bool {
        self.memory_request.get() != MemoryRequest::None
    }

    pub(super) fn ask_for_memory(&self) {
        self.memory_request.set(MemoryRequest::Open);
        self.account.asked();
        self.wake();
    }

    pub(super) fn ask_to_end(&self, request: EndRequest) {
        if self.end_request.get().is_none() {
            self.end_request.set(Some(request));
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
