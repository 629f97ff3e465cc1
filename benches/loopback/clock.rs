//! Processor time of threads, and what of it a hypervisor took.

use std::{fmt, io, time::Duration};

use loadgen::ProcessorTime;
use procfs::process::{Process, Task};
use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread.
pub(crate) fn own() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The processor time of another thread of this process.
#[derive(Debug)]
pub(crate) struct ThreadClock(Task);

impl ThreadClock {
    /// The clock of the only thread with this name.
    pub(crate) fn of(name: &str) -> io::Result<Self> {
        let tasks = Process::myself().and_then(|process| process.tasks()).map_err(io::Error::other)?;
        let named = tasks.flatten().find(|task| task.stat().is_ok_and(|stat| stat.comm == name));
        named.map(Self).ok_or_else(|| io::Error::other(format!("no thread is named {name}")))
    }

    /// What it has taken so far.
    pub(crate) fn now(&self) -> Duration {
        let taken = self.0.schedstat().map(|figures| figures.sum_exec_runtime);
        Duration::from_nanos(taken.unwrap_or_default())
    }
}

/// Since when it is watched what a hypervisor takes. Shown as the end of a row, empty if that is
/// less than a hundredth.
#[derive(Debug)]
pub(crate) struct StolenTime(Option<ProcessorTime>);

impl StolenTime {
    /// From now on.
    pub(crate) fn watch() -> Self {
        Self(ProcessorTime::now())
    }
}

impl fmt::Display for StolenTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stolen = self.0.and_then(|before| ProcessorTime::now()?.stolen_since(before));
        match stolen.filter(|&stolen| stolen >= 0.01) {
            Some(stolen) => write!(f, "   ({:.0} % of the processors stolen)", 100.0 * stolen),
            None => Ok(()),
        }
    }
}
