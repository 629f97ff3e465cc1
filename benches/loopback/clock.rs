//! Processor time of threads, and what of it a hypervisor took.

use std::{fmt, fs, io, path::PathBuf, time::Duration};

use loadgen::ProcessorTime;
use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread.
pub(crate) fn own() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The processor time of another thread of this process.
#[derive(Debug)]
pub(crate) struct ThreadClock(PathBuf);

impl ThreadClock {
    /// The clock of the only thread with this name.
    pub(crate) fn of(name: &str) -> io::Result<Self> {
        for task in fs::read_dir("/proc/self/task")? {
            let task = task?.path();
            if fs::read_to_string(task.join("comm"))?.trim_end() == name {
                return Ok(Self(task.join("schedstat")));
            }
        }
        Err(io::Error::other(format!("no thread is named {name}")))
    }

    /// What it has taken so far: the first figure, in nanoseconds.
    pub(crate) fn now(&self) -> Duration {
        let figures = fs::read_to_string(&self.0).unwrap_or_default();
        let taken = figures.split(' ').next().and_then(|taken| taken.parse().ok());
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
