//! How many file descriptors a process may have open, and threads that get round that: the limit
//! (`RLIMIT_NOFILE`) is one of each descriptor *table*, and a thread of Linux may have a table of
//! its own.
//!
//! ```
//! use descriptors::{Allowance, Table};
//!
//! let allowance = Allowance::raise();
//! let table = if allowance.own_tables { Table::Own } else { Table::Shared };
//! let thread = descriptors::spawn("worker", table, [], |[]| std::fs::read("/proc/self/comm"))?;
//! assert!(thread.join().expect("no panic").is_ok());
//! # std::io::Result::Ok(())
//! ```
//!
//! # What a table of its own means
//! A descriptor is a number, and means something in one table only. To a thread with
//! [`Table::Own`], and to the threads that it starts, no descriptor of the rest of the process is
//! open but standard streams and what it was lent; what it opens, nobody else sees. So *nothing
//! that holds a descriptor may cross the border*, in either direction: no file, no socket, no event
//! loop, and no waker of one, for to wake an event loop is to write to its descriptor, by number.
//! What waits on memory alone may: atomics, locks, `std::sync::mpsc`, joining.
//!
//! Signals are blocked in such a thread, but for those that its own faults raise: a handler that
//! writes to a pipe, as they do, would write to whatever has that number here. They go to the other
//! threads.

mod own;

use std::{
    fmt, io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the system lets this process have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Descriptors that one table may hold.
    pub each_table: u64,
    /// Whether a thread can have a table of its own: Linux 5.9 or later, where no sandbox forbids
    /// `close_range(2)`.
    pub own_tables: bool,
}

impl Allowance {
    /// Raises the soft limit to the hard one, and finds out what there is.
    pub fn raise() -> Self {
        let limit = getrlimit(Resource::Nofile);
        // Where that is not allowed, the soft limit counts.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        let each_table = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let tried = spawn("own-table", Table::Own, [], |[]| Ok(()));
        let own_tables = tried.is_ok_and(|thread| matches!(thread.join(), Ok(Ok(()))));
        Self { each_table, own_tables }
    }
}

/// Where a thread's descriptors are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// In the table of the thread that starts it.
    #[default]
    Shared,
    /// In a table of its own, which is gone with the thread, and everything in it.
    Own,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Own => "own",
        })
    }
}

/// Starts a thread that runs `body`, which gets duplicates of the descriptors `lent`; no two of
/// these may be the same. They are the caller's still, to close at once or to keep.
///
/// # Errors
/// If the thread can't be started, or a descriptor can't be duplicated. The thread's result is an
/// error also when it could get no table of its own; then `body` did not run.
pub fn spawn<const N: usize, T: Send + 'static>(
    name: &str,
    table: Table,
    lent: [BorrowedFd<'_>; N],
    body: impl FnOnce([OwnedFd; N]) -> io::Result<T> + Send + 'static,
) -> io::Result<JoinHandle<io::Result<T>>> {
    let thread = thread::Builder::new().name(name.to_owned());
    match table {
        Table::Shared => {
            let duplicates = lent.into_iter().map(|descriptor| descriptor.try_clone_to_owned());
            let duplicates = duplicates.collect::<io::Result<Vec<_>>>()?;
            let Ok(duplicates) = duplicates.try_into() else { unreachable!("there are as many as were lent") };
            thread.spawn(move || body(duplicates))
        }
        Table::Own => {
            let lent = lent.map(|descriptor| own::Lent::new(descriptor));
            let (taken, wait) = mpsc::channel::<()>();
            let thread = thread.spawn(move || {
                let owned = own::take(lent);
                drop(taken);
                body(owned?)
            })?;
            // What was lent must stay open until then. Nothing is ever sent: it ends when the
            // thread drops its end.
            let _ = wait.recv();
            Ok(thread)
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
