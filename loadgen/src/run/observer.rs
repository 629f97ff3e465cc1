//! What can be seen of a run while it goes on.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use reports::model::{Connections, Interval};

use super::snapshot::Snapshot;
use crate::secrets::DataSecrets;

/// Sees a run while it goes on. Each method does nothing unless it is implemented.
///
/// All calls come on the thread that started the run. A slow observer delays what it sees and the
/// notice of a [`Stop`](super::Stop), but not the workers. `()` looks at nothing.
pub trait Observer {
    /// How far the run is. Called about ten times a second.
    fn progress(&mut self, snapshot: &Snapshot) {
        let _ = snapshot;
    }

    /// A second of the measured phase, or of the drain after it, is over for all workers. Called
    /// once for each, in order.
    fn second(&mut self, second: Grouped<'_, FinishedSecond<'_>>) {
        let _ = second;
    }

    /// How many connections opened, failed and died so far, the latter two by kind. Called when
    /// that has changed, about ten times a second at most.
    fn connections(&mut self, connections: Grouped<'_, Connections>) {
        let _ = connections;
    }
}

impl Observer for () {}

impl<O: Observer> Observer for &mut O {
    fn progress(&mut self, snapshot: &Snapshot) {
        (**self).progress(snapshot);
    }

    fn second(&mut self, second: Grouped<'_, FinishedSecond<'_>>) {
        (**self).second(second);
    }

    fn connections(&mut self, connections: Grouped<'_, Connections>) {
        (**self).connections(connections);
    }
}

/// Shows a run without the secrets that a server may have sent back.
#[derive(Debug)]
pub(super) struct WithoutSecrets<'a, O> {
    secrets: &'a DataSecrets,
    /// What was shown already. Searching millions of values again would take time.
    shown: BTreeMap<String, String>,
    observer: O,
}

impl<'a, O> WithoutSecrets<'a, O> {
    pub(super) fn new(secrets: &'a DataSecrets, observer: O) -> Self {
        Self { secrets, shown: BTreeMap::new(), observer }
    }
}

impl<O: Observer> Observer for WithoutSecrets<'_, O> {
    fn progress(&mut self, snapshot: &Snapshot) {
        self.observer.progress(snapshot);
    }

    fn second(&mut self, second: Grouped<'_, FinishedSecond<'_>>) {
        self.observer.second(second);
    }

    fn connections(&mut self, connections: Grouped<'_, Connections>) {
        let Self { secrets, shown, .. } = self;
        let mut without = |connections: &Connections| {
            let mut connections = connections.clone();
            for text in connections.details.values_mut() {
                *text = shown.entry(text.clone()).or_insert_with(|| secrets.redact(text)).clone();
            }
            connections
        };
        let (total, groups) =
            (without(connections.total), connections.groups.iter().map(&mut without).collect::<Vec<_>>());
        self.observer.connections(Grouped { total: &total, groups: &groups });
    }
}

/// Something about all groups together and about each.
#[derive(Clone, Copy, Debug)]
pub struct Grouped<'a, T> {
    /// All groups together.
    pub total: &'a T,
    /// Each group, in the order of the plan. Empty if there is one group, which is the total.
    pub groups: &'a [T],
}

/// A second of a run.
#[derive(Clone, Copy, Debug)]
pub struct FinishedSecond<'a> {
    /// What happened in it.
    pub interval: &'a Interval,
    /// Response times of what matched in it, in nanoseconds.
    pub response: &'a Histogram<u32>,
}
