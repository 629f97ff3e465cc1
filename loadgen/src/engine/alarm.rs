//! A timer of the kernel with nanoseconds, which tokio's event loop can wait for. Its own timers count milliseconds.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A timer that goes off once each time it is set.
pub(super) struct Alarm(AsyncFd<Timer>);

struct Timer(OwnedFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Alarm {
    /// An alarm that is not set. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// The kernel's, when the process has no descriptor left.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = Timer(timerfd_create(TimerfdClockId::Monotonic, flags)?);
        // SAFETY: `Timer` owns its descriptor, keeps it open until it is dropped and always returns that one; `AsyncFd`
        // owns the timer.
        #[allow(unsafe_code)]
        let registered = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        Ok(Self(registered.map_err(|error| error.into_parts().1)?))
    }

    /// Sets the alarm to go off `after` from now. Setting it again takes back what was set before.
    pub(super) fn set(&self, after: Duration) {
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A value of zero would disarm it.
        let after = after.max(Duration::from_nanos(1));
        let value = Timespec::try_from(after).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let setting = Itimerspec { it_interval: never, it_value: value };
        // The call fails for descriptors that are no timers and for values that are out of range; these are neither.
        let set = timerfd_settime(&self.0.get_ref().0, TimerfdTimerFlags::empty(), &setting);
        debug_assert!(set.is_ok());
    }

    /// Ready when the alarm went off.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_read_ready(cx).map(|ready| {
            if let Ok(mut ready) = ready {
                // Events are edges: the timer is reported once a setting, read or not.
                ready.clear_ready();
            }
        })
    }
}
