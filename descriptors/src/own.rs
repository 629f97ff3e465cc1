//! Gives a thread a descriptor table of its own. This is the one file with the unsafe calls for
//! that.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

/// The number of a descriptor that the lending thread keeps open until [`take`] has returned.
pub(crate) struct Lent(RawFd);

impl Lent {
    pub(crate) fn new(descriptor: BorrowedFd<'_>) -> Self {
        Self(descriptor.as_raw_fd())
    }
}

/// Gives the calling thread, which must have just begun, a table of its own with the standard
/// streams and the lent descriptors.
///
/// # Errors
/// If the system does not support it, or forbids it.
#[cfg(target_os = "linux")]
pub(crate) fn take<const N: usize>(lent: [Lent; N]) -> io::Result<[OwnedFd; N]> {
    use std::os::fd::FromRawFd;

    block_signals()?;
    let mut kept = [0; N];
    for (kept, Lent(number)) in kept.iter_mut().zip(&lent) {
        *kept = *number;
    }
    kept.sort_unstable();
    // From the top: the first call makes the table, and there is always a range above the highest
    // number to close.
    let mut highest = libc::c_uint::MAX;
    for kept in kept.into_iter().rev().chain([libc::STDERR_FILENO]) {
        let kept = kept.unsigned_abs();
        if kept < highest {
            close_range(kept + 1, highest)?;
        }
        highest = kept.saturating_sub(1);
    }
    // SAFETY: the descriptor is open in this table, as a copy of the lender's, who keeps it open
    // until now. Only the value made here owns the copy: no other thread has this table, and this
    // thread has just begun.
    #[allow(unsafe_code)]
    Ok(lent.map(|Lent(number)| unsafe { OwnedFd::from_raw_fd(number) }))
}

/// Closes a range of descriptors in a table that no other thread shares, and makes that table first
/// if needed. It needs no privilege in a container, unlike `unshare(2)`, which containers often
/// forbid.
#[cfg(target_os = "linux")]
fn close_range(first: libc::c_uint, last: libc::c_uint) -> io::Result<()> {
    // SAFETY: it passes no pointers. It closes descriptors of this thread's table only, and this
    // thread owns none yet.
    #[allow(unsafe_code)]
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_UNSHARE) };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    let what = "a thread can't have descriptors of its own (close_range with CLOSE_RANGE_UNSHARE; Linux 5.9 or later)";
    Err(io::Error::new(error.kind(), format!("{what}: {error}")))
}

/// Blocks all signals except those that a thread's own faults raise.
#[cfg(target_os = "linux")]
fn block_signals() -> io::Result<()> {
    use nix::sys::signal::{SigSet, Signal};

    let mut blocked = SigSet::all();
    for fault in [
        Signal::SIGABRT,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGILL,
        Signal::SIGSEGV,
        Signal::SIGSYS,
        Signal::SIGTRAP,
    ] {
        blocked.remove(fault);
    }
    Ok(blocked.thread_block()?)
}

/// Fails: other systems have one table per process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn take<const N: usize>(_lent: [Lent; N]) -> io::Result<[OwnedFd; N]> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "on this system, all threads share the process's descriptors"))
}
