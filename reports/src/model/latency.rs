//! The histograms of a run, and the one shape that they have.

use hdrhistogram::{Counter, Histogram};

/// Five histograms of nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Due to event.
    pub response: Histogram<u64>,
    /// Write to event.
    pub service: Histogram<u64>,
    /// Service less the time that the bytes may have lain unread, since the generator last looked at its sockets: the least
    /// that the target itself took. Empty in files that were written before there was one.
    pub floor: Histogram<u64>,
    /// Due to write.
    pub send_lag: Histogram<u64>,
    /// Start of connecting to the end of the handshake.
    pub connect: Histogram<u64>,
}

impl Latency {
    /// Smallest value that the histograms tell from 0, in nanoseconds.
    pub const LOW_NS: u64 = 1;
    /// Largest value that they hold; longer latencies are recorded as this.
    pub const HIGH_NS: u64 = 60_000_000_000;
    /// Significant decimal digits.
    pub const DIGITS: u8 = 3;

    /// An empty histogram of the one shape that results use: 220 KB.
    pub fn histogram() -> Histogram<u64> {
        Self::histogram_of()
    }

    /// The same with other counts: with 32 bits, for what fits into them, it takes half the memory.
    ///
    /// # Panics
    /// Never: the bounds are constants that the constructor accepts.
    pub fn histogram_of<C: Counter>() -> Histogram<C> {
        Histogram::new_with_bounds(Self::LOW_NS, Self::HIGH_NS, Self::DIGITS).expect("constant bounds are valid")
    }

    /// Every histogram with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, &Histogram<u64>); 5] {
        [
            ("response", &self.response),
            ("service", &self.service),
            ("floor", &self.floor),
            ("send_lag", &self.send_lag),
            ("connect", &self.connect),
        ]
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            response: Self::histogram(),
            service: Self::histogram(),
            floor: Self::histogram(),
            send_lag: Self::histogram(),
            connect: Self::histogram(),
        }
    }
}
