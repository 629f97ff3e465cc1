//! What the machine's processors did, and how much of their time a hypervisor gave to others.
//! Inside a virtual machine, stolen time looks like a standstill of generator and target.

use procfs::{CpuTime, CurrentSI, KernelStats};

/// The time of all processors since the machine started, in kernel ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorTime {
    all: u64,
    stolen: u64,
}

impl ProcessorTime {
    /// The time up to now; none where the system does not tell.
    pub fn now() -> Option<Self> {
        Self::of(&KernelStats::current().ok()?.total)
    }

    /// The time of guests is left out: it is part of user and nice (`proc_stat(5)`).
    fn of(time: &CpuTime) -> Option<Self> {
        let stolen = time.steal?;
        let kernel = [time.iowait, time.irq, time.softirq].into_iter().flatten().sum::<u64>();
        Some(Self { all: time.user + time.nice + time.system + time.idle + kernel + stolen, stolen })
    }

    /// Share of the time since `before` that was stolen, from 0 to 1; none if no tick has passed.
    pub fn stolen_since(self, before: Self) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|&all| all > 0)?;
        // The kernel documents that some of these figures may decrease.
        Some(self.stolen.saturating_sub(before.stolen).min(all) as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use procfs::{FromBufReadSI, current_system_info};

    use super::*;

    /// The time in a file `/proc/stat` that begins with these lines.
    fn parse(cpu: &str) -> Option<ProcessorTime> {
        let stat = format!("{cpu}ctxt 1\nbtime 2\nprocesses 3\n");
        ProcessorTime::of(&KernelStats::from_buf_read(stat.as_bytes(), current_system_info()).ok()?.total)
    }

    #[test]
    fn guests_are_not_counted_twice() {
        let stat = "cpu  100 20 30 400 5 6 7 32 99 98\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(parse(stat), Some(ProcessorTime { all: 600, stolen: 32 }));
        // A kernel older than hypervisors, and none at all.
        assert_eq!(parse("cpu  1 2 3 4 5 6 7\n"), None);
        assert_eq!(parse("cpu0 1 2 3 4 5 6 7 8\n"), None);
        assert!(ProcessorTime::now().is_some());
    }

    #[test]
    fn a_share_is_of_the_time_between() {
        let at = |all, stolen| ProcessorTime { all, stolen };
        assert_eq!(at(1200, 140).stolen_since(at(1000, 90)), Some(0.25));
        assert_eq!(at(1200, 90).stolen_since(at(1000, 90)), Some(0.0));
        assert_eq!(at(1000, 90).stolen_since(at(1000, 90)), None);
        assert_eq!(at(999, 90).stolen_since(at(1000, 90)), None);
        assert_eq!(at(1200, 80).stolen_since(at(1000, 90)), Some(0.0));
        assert_eq!(at(1010, 190).stolen_since(at(1000, 90)), Some(1.0));
    }
}
