//! A timer that tokio's event loop can wait for.

use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{Interest, unix::AsyncFd};

use crate::engine::timer::KernelTimer;

/// Goes off once each time it is set.
pub(super) struct AsyncTimer(AsyncFd<KernelTimer>);

impl AsyncTimer {
    /// A timer that is not set. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub(super) fn new() -> io::Result<Self> {
        let timer = KernelTimer::new()?;
        // SAFETY: `KernelTimer` owns its descriptor, keeps it open until it is dropped and always
        // returns that one; `AsyncFd` owns the timer.
        #[allow(unsafe_code)]
        let registered = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        Ok(Self(registered.map_err(|error| error.into_parts().1)?))
    }

    /// Makes the timer go off `after` from now, instead of any earlier setting.
    pub(super) fn set(&self, after: Duration) {
        self.0.get_ref().set(after);
    }

    /// Ready once the timer has gone off.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_read_ready(cx).map(|ready| {
            if let Ok(mut ready) = ready {
                // Events are edge-triggered: the timer is reported once a setting, read or not.
                ready.clear_ready();
            }
        })
    }
}
