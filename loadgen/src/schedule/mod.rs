//! When clients open and send. Pure: no clock, no I/O.
//!
//! ```text
//! mod.rs               Schedule: when message k of client c is due, in the open model
//! agenda.rs            the bursts of one worker, in order
//! senders.rs           which clients of a worker send, and how the schedule numbers them
//! driver/              what the clients of a group do, and when: a file a model
//! sessions/            when clients come and go while the load goes on
//! opening_queue.rs     when clients open
//! pacer.rs             how to wait for what is due
//! pings.rs             when clients ping, and which pings were answered
//! slot_timers.rs       when slots are to be looked at
//! ```
//!
//! The bursts of all clients lie on one grid of *slots*: slot `s = j * clients + c` is burst `j` of
//! client `c`. Slots are evenly spaced, which spreads the clients evenly. A due time is computed
//! from its slot's index in whole numbers, never by adding to the last one, so it can't drift.

mod agenda;
pub(crate) mod driver;
pub(crate) mod opening_queue;
pub(crate) mod pacer;
pub(crate) mod pings;
mod senders;
#[cfg_attr(not(test), expect(dead_code, reason = "the worker is to carry it out"))]
pub(crate) mod sessions;
pub(crate) mod slot_timers;

use std::num::NonZeroU32;

pub use self::{
    agenda::{Agenda, Burst},
    senders::Senders,
};
use crate::plan::{Arrivals, Rate, RatePlan};

/// The grid of due times. Times are nanoseconds since the start of the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Slots are `numerator / denominator` nanoseconds apart.
    numerator: u128,
    denominator: u128,
    clients: u32,
    burst: u32,
}

impl Schedule {
    /// A schedule in which each of `clients` sends `rate` messages a second in bursts of `burst`.
    pub fn new(clients: NonZeroU32, rate: Rate, burst: NonZeroU32) -> Self {
        Self {
            // A client's bursts are burst / rate seconds apart, and `clients` slots lie in that
            // time. The rate is in millionths of a message a second.
            numerator: u128::from(burst.get()) * 1_000_000_000 * 1_000_000,
            denominator: u128::from(rate.micro()) * u128::from(clients.get()),
            clients: clients.get(),
            burst: burst.get(),
        }
    }

    /// The schedule of clients whose messages are due like this.
    pub fn of(clients: NonZeroU32, arrivals: &Arrivals, burst: NonZeroU32) -> Self {
        match &arrivals.rate {
            RatePlan::Constant(rate) => Self::new(clients, *rate, burst),
            RatePlan::Stages(_) => unreachable!("refused yet"),
        }
    }

    /// When the burst in `slot` is due: the first whole nanosecond not before its ideal instant.
    pub fn slot_due(&self, slot: u64) -> u64 {
        u64::try_from((u128::from(slot) * self.numerator).div_ceil(self.denominator)).unwrap_or(u64::MAX)
    }

    /// When message `k` of client `c` is due.
    pub fn due(&self, client: u32, k: u64) -> u64 {
        self.slot_due(k / u64::from(self.burst) * u64::from(self.clients) + u64::from(client))
    }

    /// Number of slots that are due before `time`.
    fn slots_before(&self, time: u64) -> u64 {
        match time.checked_sub(1) {
            // slot_due(s) <= last  <=>  s * numerator / denominator <= last
            Some(last) => u64::try_from(u128::from(last) * self.denominator / self.numerator + 1).unwrap_or(u64::MAX),
            None => 0,
        }
    }

    /// Number of messages of client `c` that are due before `time`.
    pub fn messages_before(&self, client: u32, time: u64) -> u64 {
        let clients = u64::from(self.clients);
        let bursts = (self.slots_before(time) + clients - 1 - u64::from(client)) / clients;
        bursts * u64::from(self.burst)
    }

    /// Length of `messages` messages of a client: from the start of its first burst to the start of
    /// the burst after the last.
    pub fn length_of(&self, messages: u64) -> u64 {
        self.slot_due(messages.div_ceil(u64::from(self.burst)) * u64::from(self.clients))
    }
}

#[cfg(test)]
mod tests;
