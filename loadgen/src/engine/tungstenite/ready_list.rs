//! The connections that were woken.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Wake,
};

use futures_util::task::AtomicWaker;

/// The numbers of woken connections, and the worker that waits for one.
#[derive(Default)]
pub(super) struct ReadyList {
    pub(super) list: Mutex<Vec<usize>>,
    pub(super) worker: AtomicWaker,
}

impl ReadyList {
    pub(super) fn list(&self) -> MutexGuard<'_, Vec<usize>> {
        // Nothing that holds the lock can panic half-way.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes one connection.
pub(super) struct ConnectionWaker {
    pub(super) slot: usize,
    pub(super) listed: AtomicBool,
    pub(super) ready: Arc<ReadyList>,
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            self.ready.list().push(self.slot);
            self.ready.worker.wake();
        }
    }
}
