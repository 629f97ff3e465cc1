//! When a client sends, and what ends the measured phase.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use super::{arrivals::Arrivals, rate::Rate};

/// When a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// The open model: messages are due whether or not replies came.
    Open {
        /// When messages are due.
        arrivals: Arrivals,
        /// Messages that are due together.
        burst: NonZeroU32,
        /// Messages that a client may have in flight. What is due beyond is dropped and counted.
        max_in_flight: NonZeroU32,
    },
    /// The closed model: a reply lets the next message go.
    Closed {
        /// Messages in flight per client.
        window: NonZeroU32,
        /// How long a client waits after a reply before it sends the next message.
        think: Duration,
    },
    /// Clients only listen: `rate = 0`. The server may push what it likes.
    Listen,
}

impl Load {
    /// Messages per second of each client, the highest if that changes, if the load plans that and
    /// they send.
    pub fn peak_rate(&self) -> Option<Rate> {
        match self {
            Self::Open { arrivals, .. } => arrivals.rate.peak(),
            Self::Closed { .. } | Self::Listen => None,
        }
    }

    /// How long its stages take; none without stages.
    pub fn stages_length(&self) -> Option<Duration> {
        match self {
            Self::Open { arrivals, .. } => arrivals.rate.length(),
            Self::Closed { .. } | Self::Listen => None,
        }
    }

    /// Whether clients send messages.
    pub fn sends(&self) -> bool {
        *self != Self::Listen
    }

    /// Messages that a client sends at once. 1 if it sends none.
    pub fn together(&self) -> NonZeroU32 {
        match self {
            Self::Open { burst, .. } => *burst,
            Self::Closed { window, .. } => *window,
            Self::Listen => NonZeroU32::MIN,
        }
    }

    /// Messages that a client may have in flight. 1 if it sends none.
    pub fn most_in_flight(&self) -> NonZeroU32 {
        match self {
            Self::Open { max_in_flight, .. } => *max_in_flight,
            Self::Closed { window, .. } => *window,
            Self::Listen => NonZeroU32::MIN,
        }
    }
}

/// The open model: 50 messages a second in bursts of 5, and at most 10 000 in flight.
impl Default for Load {
    fn default() -> Self {
        let rate = Rate::new(50.0).expect("a rate");
        let [burst, max_in_flight] = [5, 10_000].map(|n| NonZeroU32::new(n).expect("over 0"));
        Self::Open { arrivals: Arrivals::even(rate), burst, max_in_flight }
    }
}

/// What ends the measured phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This much time.
    Elapsed(Duration),
    /// This many messages of each client.
    Messages(NonZeroU64),
}

/// Ten seconds.
impl Default for Until {
    fn default() -> Self {
        Self::Elapsed(Duration::from_secs(10))
    }
}
