//! How the clients of a group come and go.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

/// How the clients of a group come and go. By default they open before the warm-up, stay to the
/// end, and a client whose connection ended stays away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// When the clients open, counted from the start of the measured phase. `None` if they are open
    /// before the warm-up.
    pub start: Option<Duration>,
    /// When the clients stop sending and close, counted from the start of the measured phase.
    pub stop: Option<Duration>,
    /// How long it takes until all have opened, from [`Self::start`] on or from the start of the
    /// measured phase. A client sends from when it is open.
    pub ramp: Option<Duration>,
    /// What ends a session.
    pub session: Option<SessionLength>,
    /// Each client's connection is cut this often, without a closing handshake.
    pub drop: Option<Duration>,
    /// Times at which many clients are cut at once.
    pub storms: Vec<Storm>,
    /// How a client whose connection ended or failed comes back. Without it, it stays away.
    pub reconnect: Option<Reconnect>,
}

/// What ends a session. Then the client waits for its replies, and closes with a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionLength {
    /// This much time after the connection was open.
    Elapsed(Duration),
    /// This many messages.
    Messages(NonZeroU64),
}

/// A time at which many clients are cut at once, without a closing handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// The part of the group's clients, in millionths: 1 to 1 000 000.
    pub share: NonZeroU32,
    /// When, counted from the start of the measured phase.
    pub at: Duration,
}

/// How long a client waits before it tries to open again: exponential backoff with jitter.
///
/// Attempt `n`, from 0 on, waits for `min * 2^n`, at most `max`, less the jitter. The backoff
/// starts anew once a client has been open for a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The first wait.
    pub min: Duration,
    /// The longest wait.
    pub max: Duration,
    /// How a wait varies.
    pub jitter: Jitter,
}

/// How a wait varies, so that clients that were cut together do not come back together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Any time up to the wait.
    #[default]
    Full,
    /// Half of the wait, and any time up to the other half.
    Equal,
    /// The wait itself.
    None,
}

impl Sessions {
    /// Whether connections open before the load and stay, as far as the plan is concerned.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the clients open while the load goes on, and not before.
    pub fn opens_later(&self) -> bool {
        self.start.is_some() || self.ramp.is_some()
    }
}

impl Storm {
    /// How many of `clients` clients are cut: the share, rounded.
    pub fn clients_of(&self, clients: u64) -> u64 {
        let exact = u128::from(clients) * u128::from(self.share.get());
        u64::try_from((exact + 500_000) / 1_000_000).unwrap_or(u64::MAX)
    }
}
