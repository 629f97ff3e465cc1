//! The limit of open file descriptors, and threads that get around it.
//!
//! The limit (`RLIMIT_NOFILE`) applies to each descriptor *table*. A process has one table, but on
//! Linux a thread can have a table of its own.
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
//! # A table of its own
//! A descriptor is a number that has a meaning in one table only. A thread with [`Table::Own`], and
//! the threads that it starts, have the standard streams and the lent descriptors, and no others of
//! the process. No other thread sees the descriptors that they open.
//!
//! So *nothing that holds a descriptor may pass between the two*: no file, no socket, no event
//! loop, and no waker of an event loop, because that writes to the loop's descriptor by its number.
//! What needs memory alone may pass: atomics, locks, `std::sync::mpsc`, joining.
//!
//! Such a thread blocks all signals except those of its own faults. A signal handler often writes
//! to a pipe, and would here write to whatever has that number. Other threads receive the signals.

mod own;

use std::{
    fmt, io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The descriptors that the system allows this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Most descriptors in one table.
    pub each_table: u64,
    /// Whether a thread can have a table of its own. That takes Linux 5.9 or later, and no sandbox
    /// that forbids `close_range(2)`.
    pub own_tables: bool,
}

impl Allowance {
    /// Raises the soft limit to the hard limit, and returns what is allowed then.
    pub fn raise() -> Self {
        let limit = getrlimit(Resource::Nofile);
        // If that fails, the soft limit stays.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        let each_table = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let tried = spawn("own-table", Table::Own, [], |[]| Ok(()));
        let own_tables = tried.is_ok_and(|thread| matches!(thread.join(), Ok(Ok(()))));
        Self { each_table, own_tables }
    }
}

/// The descriptor table of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// The table of the thread that starts it.
    #[default]
    Shared,
    /// A table of its own, which is closed when the thread ends.
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

/// Starts a thread that runs `body` with duplicates of the descriptors `lent`, which must all
/// differ. The caller keeps the originals, and may close them as soon as this returns.
///
/// # Errors
/// If the thread can't be started, or a descriptor can't be duplicated. If the thread gets no table
/// of its own, its result is an error, and `body` does not run.
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
            // The lent descriptors must stay open until the thread has them. Then it drops its end,
            // which ends this wait; nothing is ever sent.
            let _ = wait.recv();
            Ok(thread)
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
