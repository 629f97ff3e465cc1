//! What workers with rooms tell each other once they have stopped sending.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

/// What each worker has published, and how many have. Each worker publishes once.
#[derive(Debug)]
pub(crate) struct Exchange<T> {
    parts: Mutex<Vec<T>>,
    published: AtomicU32,
}

impl<T> Default for Exchange<T> {
    fn default() -> Self {
        Self { parts: Mutex::default(), published: AtomicU32::new(0) }
    }
}

impl<T> Exchange<T> {
    /// Adds what a worker has to say, which may be nothing.
    pub(crate) fn publish(&self, mut parts: Vec<T>) {
        // A worker that panics while it appends leaves nothing half done.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).append(&mut parts);
        self.published.fetch_add(1, Ordering::Release);
    }

    /// Whether each of so many workers has published.
    pub(crate) fn is_complete(&self, workers: u32) -> bool {
        self.published.load(Ordering::Acquire) >= workers
    }

    /// Uses what has been published so far.
    pub(crate) fn with<R>(&self, each: impl FnOnce(&[T]) -> R) -> R {
        each(&self.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
