//! The validated test. A [`Plan`] need not be checked again.

use std::{
    fmt,
    net::IpAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use http::{HeaderName, HeaderValue};
pub use url::Url;

use crate::message::Mix;

/// What to test, with which load, and what to expect.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server under test.
    pub target: Target,
    /// Concurrent connections.
    pub clients: NonZeroU32,
    /// When a client sends.
    pub load: Load,
    /// Length of the warm-up: the same load, not recorded.
    pub warmup: Duration,
    /// What ends the measured phase.
    pub until: Until,
    /// Longest wait for messages in flight after the last one was sent.
    pub drain: Duration,
    /// Payload size in bytes. With [`Expect::Echo`] at least `mix.min_size()`.
    pub size: u32,
    /// Text, binary or both.
    pub mix: Mix,
    /// What a message must bring back.
    pub expect: Expect,
    /// How connections are opened.
    pub connect: Connect,
    /// What moves the messages.
    pub engine: EngineKind,
    /// Worker threads: at most one for each client, and at least
    /// [`threads_for`](crate::threads_for) the clients.
    pub threads: NonZeroUsize,
    /// Seed of the payloads.
    pub seed: u64,
}

/// The server under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A reference server that the run starts itself.
    Embedded {
        /// Threads of the server. It gets more if the clients need more descriptors.
        threads: NonZeroUsize,
    },
    /// A running server. The scheme is `ws` or `wss`, and there is a host.
    Url(Url),
}

/// When a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// The open model: messages are due whether or not replies came.
    Open {
        /// Messages per second of each client.
        rate: Rate,
        /// Messages that are due together.
        burst: NonZeroU32,
        /// Messages that a client may have in flight. What is due beyond is dropped and counted.
        max_in_flight: NonZeroU32,
    },
    /// The closed model: a reply lets the next message go.
    Closed {
        /// Messages in flight per client.
        window: NonZeroU32,
    },
}

/// What ends the measured phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This much time.
    Elapsed(Duration),
    /// This many messages of each client.
    Messages(NonZeroU64),
}

/// What a message must bring back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The message itself.
    Echo,
    /// One message event, whatever it holds.
    Count,
    /// This text.
    Reply(String),
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo => f.write_str("echo"),
            Self::Count => f.write_str("count"),
            Self::Reply(text) => write!(f, "reply={text}"),
        }
    }
}

/// What moves the messages. The engines share no code except for opening connections, so each is a
/// check on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The crate `frames` on plain sockets with an event queue of its own. Takes the least time and
    /// memory.
    Lean,
    /// tokio and tokio-tungstenite.
    Tungstenite,
}

impl EngineKind {
    /// Its name on the command line and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lean => "lean",
            Self::Tungstenite => "tungstenite",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How connections are opened.
#[derive(Clone, Debug)]
pub struct Connect {
    /// New connections a second.
    pub rate: Rate,
    /// Longest wait for TCP, TLS and the opening handshake of a connection.
    pub timeout: Duration,
    /// Header fields of the opening handshake, besides those of RFC 6455, section 4.1.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Addresses of this machine to connect from, in turn over the clients. All are of one family.
    /// If empty, the system chooses.
    pub sources: Vec<IpAddr>,
    /// Accept any certificate of a `wss` target.
    pub insecure: bool,
}

/// Events a second: finite and over 0. Kept in whole millionths, so that schedules are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(NonZeroU64);

impl Rate {
    /// Largest total of messages a second in a plan.
    pub const MAX_TOTAL: f64 = 10_000_000.0;

    /// A rate of `per_second`, rounded to a millionth. None if it is not finite, over
    /// [`Self::MAX_TOTAL`] or under half a millionth.
    pub fn new(per_second: f64) -> Option<Self> {
        if !(0.0..=Self::MAX_TOTAL).contains(&per_second) {
            return None; // NaN, too.
        }
        // In range: at most 1e13.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        NonZeroU64::new((per_second * 1e6).round() as u64).map(Self)
    }

    /// Millionths of an event a second.
    pub fn micro(self) -> u64 {
        self.0.get()
    }

    /// Events a second.
    pub fn per_second(self) -> f64 {
        self.0.get() as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_finite_and_positive() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-7, 10_000_001.0] {
            assert_eq!(Rate::new(wrong), None, "{wrong}");
        }
        assert_eq!(Rate::new(0.5).unwrap().micro(), 500_000);
        assert!((Rate::new(1e7).unwrap().per_second() - 1e7).abs() < 1e-6);
    }
}
