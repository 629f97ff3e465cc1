//! How long connections took to open.

use hdrhistogram::Histogram;
use reports::model::{Latency, PackedHistogram};

use crate::transport::Phases;

/// How long the connections of a group took to open.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpeningTimes {
    /// From the start of connecting to the end of the handshake.
    pub(crate) connect: Times,
    pub(crate) tcp: Times,
    /// Empty without a proxy.
    pub(crate) proxy: Times,
    /// Empty without TLS.
    pub(crate) tls: Times,
    pub(crate) upgrade: Times,
}

/// Times of one kind. They take nothing while there are none, 110 KB while they are added, and a
/// few KB once they are packed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Counts of 32 bits are enough for connections.
    open: Option<Histogram<u32>>,
    packed: Option<PackedHistogram>,
}

impl OpeningTimes {
    /// Adds how long the phases of a connection took.
    pub(crate) fn add_phases(&mut self, phases: Phases) {
        let Phases { tcp, proxy, tls, upgrade } = phases;
        self.tcp.add(tcp);
        if let Some(proxy) = proxy {
            self.proxy.add(proxy);
        }
        if let Some(tls) = tls {
            self.tls.add(tls);
        }
        self.upgrade.add(upgrade);
    }

    /// Gives memory back, as nothing may be added for long.
    pub(crate) fn pack(&mut self) {
        let Self { connect, tcp, proxy, tls, upgrade } = self;
        for times in [connect, tcp, proxy, tls, upgrade] {
            times.pack();
        }
    }
}

impl Times {
    /// Adds a time in nanoseconds.
    pub(crate) fn add(&mut self, nanos: u64) {
        self.open.get_or_insert_with(Latency::histogram_of).saturating_record(nanos);
    }

    fn pack(&mut self) {
        if self.open.is_some() {
            let all = self.take();
            self.packed =
                Some(PackedHistogram::of(&all).expect("it has the one shape, and no more counts than clients"));
        }
    }

    /// Takes all times.
    pub(crate) fn take(&mut self) -> Histogram<u64> {
        let mut all = self.packed.take().map_or_else(Latency::histogram, |packed| packed.unpack());
        if let Some(open) = self.open.take() {
            for value in open.iter_recorded() {
                all.saturating_record_n(value.value_iterated_to(), value.count_since_last_iteration());
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_times_are_the_same_times() {
        let mut times = OpeningTimes::default();
        let every = |n: u64, nth: u64| Some(n).filter(|n| n % nth == 0);
        let phases = |n| Phases { tcp: n, proxy: every(n, 4), tls: every(n, 2), upgrade: 2 * n };
        for n in 1..=100 {
            times.add_phases(phases(n));
            times.connect.add(4 * n);
            if n % 30 == 0 {
                times.pack();
                assert!(times.tcp.open.is_none());
            }
        }
        let OpeningTimes { connect, tcp, proxy, tls, upgrade } = &mut times;
        let all = [connect, tcp, proxy, tls, upgrade].map(Times::take);
        assert_eq!(all.each_ref().map(Histogram::len), [100, 100, 25, 50, 100]);
        assert_eq!(all.each_ref().map(Histogram::max), [400, 100, 100, 100, 200]);
        assert_eq!(times.tcp.take().len(), 0, "they are gone");
    }
}
