//! Counts the memory that peers have the server hold, over all threads. The registry decides which
//! connection must give some back.
//!
//! A connection counts what depends on its peer: answers that the peer does not take, the part of a
//! message or request that has come, delayed answers, and a fixed amount for itself. It tells its
//! thread when that has changed. Nothing changes for a message that comes in one read and whose
//! answer TCP takes.

use std::{
    cell::Cell,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use procfs::{Current, Meminfo, ProcessCGroup, process::Process};

/// What an idle connection takes: its task, its place in the registry, and the state of its
/// descriptor in the runtime. Measured.
pub(crate) const CONNECTION: usize = 1280;

/// What TLS takes besides, for its state and for a record that is being read. Measured.
pub(crate) const TLS: usize = 8 * 1024;

/// What all threads have in common. The numbers guard nothing else, so `Relaxed` is enough.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: usize,
    /// What a connection takes if it holds nothing.
    connection: usize,
    used: AtomicUsize,
    /// For each thread, the most that one of its connections holds. It may be too large for a
    /// while.
    largest: Box<[AtomicUsize]>,
}

impl MemoryBudget {
    /// Of `limit` bytes, each connection takes `connection` if it holds nothing.
    pub(crate) fn new(limit: usize, threads: usize, connection: usize) -> Self {
        let largest = (0..threads).map(|_| AtomicUsize::new(0)).collect();
        Self { limit, connection, used: AtomicUsize::new(0), largest }
    }
}

/// The part of the budget that the connections of one thread use.
#[derive(Debug)]
pub(crate) struct MemoryAccount {
    budget: Arc<MemoryBudget>,
    thread: usize,
    /// Connections that were asked to give back what they hold, and have not yet.
    asked: Cell<usize>,
}

impl MemoryAccount {
    pub(crate) fn new(budget: Arc<MemoryBudget>, thread: usize) -> Self {
        Self { budget, thread, asked: Cell::new(0) }
    }

    /// What a connection takes if it holds nothing.
    pub(crate) fn connection(&self) -> usize {
        self.budget.connection
    }

    /// Counts that a connection holds `now` bytes instead of `before`.
    pub(crate) fn change(&self, before: usize, now: usize) {
        if now < before {
            self.budget.used.fetch_sub(before - now, Ordering::Relaxed);
            return;
        }
        self.budget.used.fetch_add(now - before, Ordering::Relaxed);
        if let Some(largest) = self.budget.largest.get(self.thread)
            && now > largest.load(Ordering::Relaxed)
        {
            largest.store(now, Ordering::Relaxed);
        }
    }

    /// Bytes over the limit.
    #[inline]
    pub(crate) fn excess(&self) -> usize {
        self.budget.used.load(Ordering::Relaxed).saturating_sub(self.budget.limit)
    }

    /// Bytes that are set free on top of the excess, so that the next byte needs no further search.
    pub(crate) fn reserve(&self) -> usize {
        self.budget.limit / 8
    }

    /// Whether the excess is so large that no connection may add to it.
    #[inline]
    pub(crate) fn is_far_over(&self) -> bool {
        self.excess() > self.reserve()
    }

    /// Sets the most that a connection of this thread holds.
    pub(crate) fn set_largest(&self, bytes: usize) {
        if let Some(largest) = self.budget.largest.get(self.thread) {
            largest.store(bytes, Ordering::Relaxed);
        }
    }

    /// Whether a connection of another thread holds more than `bytes`.
    pub(crate) fn is_exceeded_elsewhere(&self, bytes: usize) -> bool {
        let others = self.budget.largest.iter().enumerate().filter(|(thread, _)| *thread != self.thread);
        others.map(|(_, largest)| largest.load(Ordering::Relaxed)).any(|largest| largest > bytes)
    }

    /// Whether a connection of this thread was asked for what it holds, and has not given it back.
    pub(crate) fn is_waiting(&self) -> bool {
        self.asked.get() > 0
    }

    pub(crate) fn asked(&self) {
        self.asked.set(self.asked.get() + 1);
    }

    pub(crate) fn given_back(&self) {
        self.asked.set(self.asked.get().saturating_sub(1));
    }
}

/// The default of what peers may use: a quarter of the memory that this process can have, in bytes.
///
/// That is the machine's, or less in a control group with a limit. The default is 1 GiB where
/// neither can be found out.
pub(crate) fn quarter() -> usize {
    let machine = Meminfo::current().ok().map(|memory| memory.mem_total);
    let groups = Process::myself().and_then(|process| process.cgroups()).map(|groups| groups.0).unwrap_or_default();
    let group =
        limit_files(&groups).into_iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).min();
    let bytes: u64 = machine.into_iter().chain(group).min().unwrap_or(4 << 30);
    usize::try_from(bytes / 4).unwrap_or(usize::MAX)
}

/// Files that may hold the memory limit of one of these control groups or of one above it, in both
/// versions of control groups.
fn limit_files(groups: &[ProcessCGroup]) -> Vec<String> {
    let mut files = Vec::new();
    for group in groups {
        let (root, file) = match group.controllers.as_slice() {
            [] => ("/sys/fs/cgroup", "memory.max"),
            [controller] if controller == "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        for above in Path::new(&group.pathname).ancestors() {
            files.push(format!("{root}{}/{file}", above.display().to_string().trim_end_matches('/')));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use procfs::{FromBufRead, ProcessCGroups};

    use super::*;

    /// [`limit_files`] for the text of `/proc/self/cgroup`.
    fn limit_files_of(cgroup: &str) -> Vec<String> {
        limit_files(&ProcessCGroups::from_buf_read(cgroup.as_bytes()).unwrap().0)
    }

    #[test]
    fn threads_share_one_budget_and_know_the_largest_holder() {
        let budget = Arc::new(MemoryBudget::new(800, 2, 0));
        let [one, two] = [0, 1].map(|thread| MemoryAccount::new(Arc::clone(&budget), thread));
        one.change(0, 500);
        two.change(0, 300);
        assert_eq!((one.excess(), two.excess()), (0, 0));
        two.change(300, 350);
        assert_eq!((one.excess(), one.is_far_over()), (50, false));
        assert!(two.is_exceeded_elsewhere(350) && !one.is_exceeded_elsewhere(500));
        two.change(350, 401);
        assert!(one.is_far_over());
        one.change(500, 0);
        one.set_largest(0);
        assert!(!two.is_exceeded_elsewhere(401) && two.excess() == 0);
    }

    #[test]
    fn the_machine_says_what_it_has() {
        assert!(Meminfo::current().unwrap().mem_total > 1 << 20);
        assert!(quarter() > 1 << 20);
    }

    #[test]
    fn limits_of_control_groups_are_sought_from_the_inside() {
        let version_2 = limit_files_of("0::/a/b\n");
        let expected = ["/a/b", "/a", ""].map(|path| format!("/sys/fs/cgroup{path}/memory.max"));
        assert_eq!(version_2, expected);
        let version_1 = limit_files_of("5:cpu:/x\n4:memory:/a\n1:name=systemd:/\n");
        assert_eq!(version_1, ["/a", ""].map(|path| format!("/sys/fs/cgroup/memory{path}/memory.limit_in_bytes")));
    }
}
