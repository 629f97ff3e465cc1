//! What has become of the connections of a run so far.

use reports::model::Connections;

use super::observer::{Grouped, Observer};

/// The last that each worker told about its connections.
#[derive(Debug)]
pub(super) struct ConnectionCounts {
    /// Of each worker and group.
    told: Vec<Vec<Connections>>,
    /// The observer has not seen the last.
    changed: bool,
}

impl ConnectionCounts {
    pub(super) fn new(workers: usize, groups: usize) -> Self {
        Self { told: vec![vec![Connections::default(); groups]; workers], changed: false }
    }

    /// Takes what a worker tells about a group.
    pub(super) fn take(&mut self, worker: u32, group: usize, connections: Connections) {
        if let Some(told) = self.told.get_mut(worker as usize).and_then(|told| told.get_mut(group)) {
            *told = connections;
            self.changed = true;
        }
    }

    /// Shows the sums if they have changed.
    pub(super) fn show(&mut self, observer: &mut impl Observer) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let mut groups = vec![Connections::default(); self.told.first().map_or(0, Vec::len)];
        for told in &self.told {
            for (sum, part) in groups.iter_mut().zip(told) {
                *sum += part;
            }
        }
        let mut total = Connections::default();
        for group in &groups {
            total += group;
        }
        if groups.len() == 1 {
            groups.clear();
        }
        observer.connections(Grouped { total: &total, groups: &groups });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was seen of the connections: opened in total and by group, and those reset.
    #[derive(Default)]
    struct Seen(Vec<(u64, Vec<u64>, u64)>);

    impl Observer for Seen {
        fn connections(&mut self, connections: Grouped<'_, Connections>) {
            let reset = connections.total.errors.get("reset").copied().unwrap_or(0);
            let groups = connections.groups.iter().map(|group| group.opened).collect();
            self.0.push((connections.total.opened, groups, reset));
        }
    }

    fn connections(opened: u64, reset: u64) -> Connections {
        let mut connections = Connections { opened, died: reset, ..Connections::default() };
        if reset > 0 {
            connections.count_error("reset", reset, None);
        }
        connections
    }

    #[test]
    fn the_last_of_each_worker_is_added_up() {
        let (mut counts, mut seen) = (ConnectionCounts::new(2, 2), Seen::default());
        counts.show(&mut seen);
        assert!(seen.0.is_empty(), "nothing is known");
        counts.take(0, 0, connections(5, 0));
        counts.take(1, 1, connections(7, 1));
        counts.show(&mut seen);
        counts.show(&mut seen);
        counts.take(0, 0, connections(6, 2));
        counts.show(&mut seen);
        assert_eq!(seen.0, [(12, vec![5, 7], 1), (13, vec![6, 7], 3)]);
    }

    #[test]
    fn the_only_group_is_the_total() {
        let (mut counts, mut seen) = (ConnectionCounts::new(1, 1), Seen::default());
        counts.take(0, 0, connections(5, 0));
        counts.show(&mut seen);
        assert_eq!(seen.0, [(5, vec![], 0)]);
    }
}
