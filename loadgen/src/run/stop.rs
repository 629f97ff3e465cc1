//! Stops a run from outside.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Stops a run from another thread, such as a signal handler. Clones stop the same run.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Makes the run stop sending, drain, and report what it measured.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
