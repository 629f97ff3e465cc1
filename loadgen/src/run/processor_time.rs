//! What the machine's processors did, and how much of their time a hypervisor gave to others.
//! Inside a virtual machine, stolen time looks like a standstill of generator and target.

/// The time of all processors since the machine started, in kernel ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorTime {
    all: u64,
    stolen: u64,
}

/// The kernel lists these first (`proc_stat(5)`): user, nice, system, idle, iowait, irq, softirq,
/// steal. The time of its own guests follows, and is part of user and nice.
const KINDS: usize = 8;
const STEAL: usize = 7;

impl ProcessorTime {
    /// The time up to now; none where the system does not tell.
    pub fn now() -> Option<Self> {
        Self::of(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    fn of(stat: &str) -> Option<Self> {
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(KINDS);
        let ticks: Vec<u64> = ticks.map(|ticks| ticks.parse().ok()).collect::<Option<_>>()?;
        Some(Self { all: ticks.iter().sum(), stolen: *ticks.get(STEAL)? })
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
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let stat = "cpu  100 20 30 400 5 6 7 32 99 98\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(ProcessorTime::of(stat), Some(ProcessorTime { all: 600, stolen: 32 }));
        // A kernel older than hypervisors, and none at all.
        assert_eq!(ProcessorTime::of("cpu  1 2 3 4 5 6 7\n"), None);
        assert_eq!(ProcessorTime::of("cpu0 1 2 3 4 5 6 7 8\n"), None);
        assert_eq!(ProcessorTime::of(""), None);
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
