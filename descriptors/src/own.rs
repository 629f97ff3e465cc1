//! The only place that asks the system for a table: the calls have no safe form.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

/// The number of a descriptor that is open in the table of the thread that lends it, until [`take`]
/// has returned.
pub(crate) struct Lent(RawFd);

impl Lent {
    pub(crate) fn new(descriptor: BorrowedFd<'_>) -> Self {
        Self(descriptor.as_raw_fd())
    }
}

/// Gives the calling thread, which has done nothing else yet, a table of its own: standard streams,
/// and what was lent.
///
/// # Errors
/// If the system can't do that, or forbids it.
#[cfg(target_os = "linux")]
pub(crate) fn take<const N: usize>(lent: [Lent; N]) -> io::Result<[OwnedFd; N]> {
    use std::os::fd::FromRawFd;

    block_signals()?;
    let mut kept = [0; N];
    for (kept, Lent(number)) in kept.iter_mut().zip(&lent) {
        *kept = *number;
    }
    kept.sort_unstable();
    // From the top: the first call makes the table, and there is always something above the highest
    // number to close.
    let mut highest = libc::c_uint::MAX;
    for kept in kept.into_iter().rev().chain([libc::STDERR_FILENO]) {
        let kept = kept.unsigned_abs();
        if kept < highest {
            close_range(kept + 1, highest)?;
        }
        highest = kept.saturating_sub(1);
    }
    // SAFETY: it is open here, as a copy of the lender's, which keeps it open until now. Nobody but
    // the value made here owns that copy: the table is this thread's alone, and the thread has only
    // begun.
    #[allow(unsafe_code)]
    Ok(lent.map(|Lent(number)| unsafe { OwnedFd::from_raw_fd(number) }))
}

/// Closes descriptors in a table that nobody shares; makes that one if need be. Other than
/// `unshare(2)`, which containers commonly forbid for what else it can do, this needs no privilege
/// in any of them.
#[cfg(target_os = "linux")]
fn close_range(first: libc::c_uint, last: libc::c_uint) -> io::Result<()> {
    // SAFETY: no pointers are passed. What is closed is closed in this thread's table only, and
    // this thread owns nothing yet.
    #[allow(unsafe_code)]
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_UNSHARE) };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    let what = "a thread can't have descriptors of its own (close_range with CLOSE_RANGE_UNSHARE; Linux 5.9 or later)";
    Err(io::Error::new(error.kind(), format!("{what}: {error}")))
}

/// Blocks all signals but those that a thread's own faults raise.
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

/// Other systems have one table a process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn take<const N: usize>(_lent: [Lent; N]) -> io::Result<[OwnedFd; N]> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "on this system, all threads share the process's descriptors"))
}
