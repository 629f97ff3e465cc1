//! A kernel timer in nanoseconds. The timers and waits of tokio count milliseconds.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    time::Duration,
};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// Goes off once each time it is set. Its descriptor is then readable.
#[derive(Debug)]
pub(super) struct KernelTimer(OwnedFd);

impl AsRawFd for KernelTimer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for KernelTimer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl KernelTimer {
    /// A timer that is not set.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(timerfd_create(TimerfdClockId::Monotonic, flags)?))
    }

    /// Makes the timer go off `after` from now, instead of any earlier setting.
    pub(super) fn set(&self, after: Duration) {
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A value of zero would disarm it.
        let after = after.max(Duration::from_nanos(1));
        let value = Timespec::try_from(after).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let setting = Itimerspec { it_interval: never, it_value: value };
        // The call fails only for other descriptors and for values out of range.
        let set = timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &setting);
        debug_assert!(set.is_ok());
    }
}
