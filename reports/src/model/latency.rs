//! The histograms of a run. All of them have one shape, so that they can be merged and compared.

use hdrhistogram::{Counter, Histogram};

/// Seventeen histograms of nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// From when a message was due until its reply came.
    pub response: Histogram<u64>,
    /// From when a message was written until its reply came.
    pub service: Histogram<u64>,
    /// Service time less the time that the reply may have lain unread since the generator last
    /// looked at its sockets. The target itself took at least this long.
    pub floor: Histogram<u64>,
    /// From when a message was due until it was written.
    pub send_lag: Histogram<u64>,
    /// From the start of connecting to the end of the opening handshake.
    pub connect: Histogram<u64>,
    /// The part of it until TCP was connected.
    pub connect_tcp: Histogram<u64>,
    /// The part of it that the proxy took: TLS to it, and its tunnel to the target. Empty without a
    /// proxy.
    pub connect_proxy: Histogram<u64>,
    /// The part of it that the TLS handshake took. Empty without TLS.
    pub connect_tls: Histogram<u64>,
    /// The part of it that the opening handshake took, from its request to the end of its answer.
    pub connect_upgrade: Histogram<u64>,
    /// From when a connection was open until its client had joined. Empty without steps of joining.
    pub join: Histogram<u64>,
    /// From when a message was due until the first event of its reply, or until it came to its
    /// first receiver. Empty if a reply is one event and there are no rooms.
    pub first: Histogram<u64>,
    /// From when a message was due until the last event of its reply, or until it came to its last
    /// receiver. Empty where `first` is.
    pub last: Histogram<u64>,
    /// The mean response time of each receiver, one value a receiver. Empty without rooms.
    pub receiver: Histogram<u64>,
    /// From when a connection ended until its client was open again. Empty if no client came back.
    pub away: Histogram<u64>,
    /// From when a client was open until its first reply in that session.
    pub first_reply: Histogram<u64>,
    /// From when a ping was written until its pong came. Empty without pings.
    pub ping: Histogram<u64>,
    /// From when a message was due until it was replayed to a receiver that had been away. Empty
    /// without replays.
    pub replayed: Histogram<u64>,
}

impl Latency {
    /// Smallest value that the histograms tell apart from 0, in nanoseconds.
    pub const LOW_NS: u64 = 1;
    /// Largest value that they hold; longer latencies are recorded as this.
    pub const HIGH_NS: u64 = 60_000_000_000;
    /// Significant decimal digits.
    pub const DIGITS: u8 = 3;

    /// An empty histogram of the shape that all results use. It takes 220 KB.
    pub fn histogram() -> Histogram<u64> {
        Self::histogram_of()
    }

    /// An empty histogram of that shape with another type of counts. Counts of 32 bits halve its
    /// memory.
    ///
    /// # Panics
    /// Never: the bounds are constants that the constructor accepts.
    pub fn histogram_of<C: Counter>() -> Histogram<C> {
        Histogram::new_with_bounds(Self::LOW_NS, Self::HIGH_NS, Self::DIGITS).expect("constant bounds are valid")
    }

    /// Every histogram with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, &Histogram<u64>); 17] {
        [
            ("response", &self.response),
            ("service", &self.service),
            ("floor", &self.floor),
            ("send_lag", &self.send_lag),
            ("connect", &self.connect),
            ("connect_tcp", &self.connect_tcp),
            ("connect_proxy", &self.connect_proxy),
            ("connect_tls", &self.connect_tls),
            ("connect_upgrade", &self.connect_upgrade),
            ("join", &self.join),
            ("first", &self.first),
            ("last", &self.last),
            ("receiver", &self.receiver),
            ("away", &self.away),
            ("first_reply", &self.first_reply),
            ("ping", &self.ping),
            ("replayed", &self.replayed),
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
            connect_tcp: Self::histogram(),
            connect_proxy: Self::histogram(),
            connect_tls: Self::histogram(),
            connect_upgrade: Self::histogram(),
            join: Self::histogram(),
            first: Self::histogram(),
            last: Self::histogram(),
            receiver: Self::histogram(),
            away: Self::histogram(),
            first_reply: Self::histogram(),
            ping: Self::histogram(),
            replayed: Self::histogram(),
        }
    }
}
