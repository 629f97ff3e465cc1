//! When clients open and send. Pure: no clock, no I/O.
//!
//! ```text
//! mod.rs               Schedule: when message k of client c is due, in the open model
//! agenda.rs            the bursts of one worker, in order
//! senders.rs           which clients of a worker send, and how the schedule numbers them
//! rate_integral.rs     how much is due by a time, and when, where the rate changes
//! poisson.rs           when the bursts of a client are due that sends at random times
//! unit_process.rs      a Poisson process in which any arrival can be looked up
//! arrival_queue.rs     the next burst of each client, where each has a process of its own
//! driver/              what the clients of a group do, and when: a file a model
//! sessions/            when clients come and go while the load goes on
//! opening_queue.rs     when clients open
//! pacer.rs             how to wait for what is due
//! pings.rs             when clients ping, and which pings were answered
//! read_pacer.rs        when slow readers may read again
//! slot_timers.rs       when slots are to be looked at
//! ```
//!
//! The bursts of all clients lie on one grid of *slots*: slot `s = j * clients + c` is burst `j` of
//! client `c`. Slots are evenly spaced, which spreads the clients evenly. Where the rate changes,
//! they are evenly spaced over its integral. A due time is computed from its slot's index in whole
//! numbers, never by adding to the last one, so it can't drift.

mod agenda;
mod arrival_queue;
pub(crate) mod driver;
pub(crate) mod opening_queue;
pub(crate) mod pacer;
pub(crate) mod pings;
mod poisson;
mod rate_integral;
pub(crate) mod read_pacer;
mod senders;
pub(crate) mod sessions;
pub(crate) mod slot_timers;
mod unit_process;

use std::{num::NonZeroU32, sync::Arc};

pub use self::{
    agenda::{Agenda, Burst},
    senders::Senders,
};
use self::{
    poisson::PoissonTimes,
    rate_integral::{MESSAGE, RateIntegral},
};
use crate::plan::{Arrivals, Rate, RatePlan, Spacing};

/// When messages are due. Times are nanoseconds since the start of the warm-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    times: Times,
    clients: u32,
    burst: u32,
}

/// When bursts are due.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Times {
    /// Slots are `numerator / denominator` nanoseconds apart.
    Grid { numerator: u128, denominator: u128 },
    /// Slots are evenly spaced over the integral of the rate.
    Staged(Arc<RateIntegral>),
    /// There are no slots: each client has a process of its own.
    Poisson(Arc<PoissonTimes>),
}

impl Schedule {
    /// A schedule in which each of `clients` sends `rate` messages a second in bursts of `burst`.
    pub fn new(clients: NonZeroU32, rate: Rate, burst: NonZeroU32) -> Self {
        Self {
            // A client's bursts are burst / rate seconds apart, and `clients` slots lie in that
            // time. The rate is in millionths of a message a second.
            times: Times::Grid {
                numerator: u128::from(burst.get()) * 1_000_000_000 * 1_000_000,
                denominator: u128::from(rate.micro()) * u128::from(clients.get()),
            },
            clients: clients.get(),
            burst: burst.get(),
        }
    }

    /// The schedule of clients whose messages are due like this. The warm-up takes `warmup`
    /// nanoseconds. `seed` is for this group alone, and decides what is random.
    pub fn of(clients: NonZeroU32, arrivals: &Arrivals, burst: NonZeroU32, warmup: u64, seed: u64) -> Self {
        let times = match (arrivals.spacing, &arrivals.rate) {
            (Spacing::Even, RatePlan::Constant(rate)) => return Self::new(clients, *rate, burst),
            (Spacing::Even, RatePlan::Stages(_)) => {
                Times::Staged(RateIntegral::new(arrivals, clients.get(), warmup).into())
            }
            (Spacing::Poisson, _) => Times::Poisson(PoissonTimes::new(arrivals, burst.get(), warmup, seed).into()),
        };
        Self { times, clients: clients.get(), burst: burst.get() }
    }

    /// When the burst in `slot` is due: the first whole nanosecond not before its ideal instant.
    /// `u64::MAX` if the stages end before, or there are no slots, as with random gaps.
    #[inline]
    pub fn slot_due(&self, slot: u64) -> u64 {
        match &self.times {
            Times::Grid { numerator, denominator } => {
                u64::try_from((u128::from(slot) * numerator).div_ceil(*denominator)).unwrap_or(u64::MAX)
            }
            Times::Staged(integral) => self.position(slot).map_or(u64::MAX, |position| integral.leaves(position)),
            Times::Poisson(_) => u64::MAX,
        }
    }

    /// The position of a slot in the integral.
    fn position(&self, slot: u64) -> Option<u128> {
        u128::from(slot).checked_mul(self.positions_of_burst())
    }

    fn positions_of_burst(&self) -> u128 {
        u128::from(self.burst) * MESSAGE
    }

    /// When message `k` of client `c` is due.
    pub fn due(&self, client: u32, k: u64) -> u64 {
        let number = k / u64::from(self.burst);
        match &self.times {
            Times::Poisson(times) => times.due(client, number),
            _ => self.slot_due(number * u64::from(self.clients) + u64::from(client)),
        }
    }

    /// Number of slots that are due before `time`.
    fn slots_before(&self, time: u64) -> u64 {
        let Some(last) = time.checked_sub(1) else { return 0 };
        let slots = match &self.times {
            // slot_due(s) <= last  <=>  s * numerator / denominator <= last
            Times::Grid { numerator, denominator } => u128::from(last) * denominator / numerator + 1,
            Times::Staged(integral) => {
                integral.left_by(last).map_or(0, |position| position / self.positions_of_burst() + 1)
            }
            Times::Poisson(_) => 0,
        };
        u64::try_from(slots).unwrap_or(u64::MAX)
    }

    /// The seed of a group's schedule, of that of the run.
    pub fn seed_of_group(seed: u64, group: usize) -> u64 {
        // Groups and runs with neighbouring seeds have nothing in common: what is drawn is mixed.
        seed ^ (group as u64).rotate_right(32)
    }

    /// Number of messages of client `c` that are due before `time`.
    pub fn messages_before(&self, client: u32, time: u64) -> u64 {
        let clients = u64::from(self.clients);
        let bursts = match &self.times {
            Times::Poisson(times) => times.before(client, time),
            _ => self.slots_before(time).saturating_add(clients - 1 - u64::from(client)) / clients,
        };
        bursts.saturating_mul(self.burst.into())
    }

    /// Length of `messages` messages of a client: from the start of its first burst to the start of
    /// the burst after the last. `u64::MAX` with random gaps, where it differs between clients.
    pub fn length_of(&self, messages: u64) -> u64 {
        self.slot_due(messages.div_ceil(u64::from(self.burst)) * u64::from(self.clients))
    }
}

#[cfg(test)]
mod tests;
