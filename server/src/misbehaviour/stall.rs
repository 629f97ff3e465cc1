//! The whole server stands still once, at a known time.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::time::sleep;

/// The whole server stands still once: it accepts nothing, reads nothing and answers nothing. The
/// kernel goes on to take connections and bytes for it.
///
/// A garbage collection, or a lock that is held too long, looks like this from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// Time from the first connection to the stall.
    pub after: Duration,
    /// How long the stall lasts.
    pub length: Duration,
}

/// How often a thread looks whether the server has had its first connection.
///
/// Only one thread accepts that connection, and it can't wake the others: they may have descriptor
/// tables of their own.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Blocks this thread, and so everything on it, at the time that `stall` says.
///
/// `first` is the time of the server's first connection, once there was one.
pub(crate) async fn stand_still(stall: Stall, first: impl Fn() -> Option<Instant>) {
    let first = loop {
        match first() {
            Some(first) => break first,
            None => sleep(POLL_INTERVAL).await,
        }
    };
    let Some(begin) = first.checked_add(stall.after) else { return };
    sleep(begin.saturating_duration_since(Instant::now())).await;
    // All threads end together, however late each of them begins.
    thread::sleep((begin + stall.length).saturating_duration_since(Instant::now()));
}
