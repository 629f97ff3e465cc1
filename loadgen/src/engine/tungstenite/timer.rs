//! A timer that tokio's event loop can wait for.

use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{Interest, unix::AsyncFd};

use crate::engine::timer::KernelTimer;

/// A timer that goes off once each time it is set.
pub(super) struct AsyncTimer(AsyncFd<KernelTimer>);

impl AsyncTimer {
    /// An timer that is not set. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// The kernel's, when the process has no descriptor left.
    pub(super) fn new() -> io::Result<Self> {
        let timer = KernelTimer::new()?;
        // SAFETY: `KernelTimer` owns its descriptor, keeps it open until it is dropped and always returns that one; `AsyncFd`
        // owns the timer.
        #[allow(unsafe_code)]
        let registered = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        Ok(Self(registered.map_err(|error| error.into_parts().1)?))
    }

    /// Sets the timer to go off `after` from now. Setting it again takes back what was set before.
    pub(super) fn set(&self, after: Duration) {
        self.0.get_ref().set(after);
    }

    /// Ready when the timer went off.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_read_ready(cx).map(|ready| {
            if let Ok(mut ready) = ready {
                // Events are edges: the timer is reported once a setting, read or not.
                ready.clear_ready();
            }
        })
    }
}
