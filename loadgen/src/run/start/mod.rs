//! When the load of a run begins: at once, or at an instant of the system's clock.
//!
//! Several processes that were given one instant begin together, as far as their clocks agree. The
//! instant is turned into time of the run's own clock at the last moment, so a clock that is set
//! while the process waits shifts the start.

mod clock_reading;
pub(super) mod instant;
mod kernel_clock;

use std::time::{Duration, SystemTime};

use reports::model::{ClockRecord, StartRecord};

pub(crate) use self::clock_reading::ClockReading;
use self::instant::micros;
use super::error::RunError;
use crate::{clock::Time, plan::Start};

/// Least nanoseconds from the decision to begin to the first message, so that every worker knows in
/// time.
const HEAD_START: u64 = 20_000_000;

/// The decision to begin at a planned instant is made so many nanoseconds before it. The process
/// may be late by the difference to [`HEAD_START`] and still begin in time. Beyond this, a clock
/// that is set no longer shifts the start.
const DECIDED_BEFORE: u64 = 100_000_000;

/// When the load of a run begins.
#[derive(Debug)]
pub(crate) struct RunStart {
    /// The instant that was asked for, if one was.
    planned: Option<SystemTime>,
    /// Every connection had been tried by then.
    ready: bool,
    /// What the system said of its clock then.
    clock: Option<ClockRecord>,
}

/// What to do about the start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartStep {
    /// Wait, and ask again.
    Wait {
        /// Nanoseconds until the load begins.
        left: u64,
        /// Nanoseconds until the next look at the clocks, at most.
        look: u64,
    },
    /// Begin the load at this time.
    Begin(Time),
}

impl RunStart {
    /// The start that a plan asks for. It is `now`.
    ///
    /// # Errors
    /// The instant has passed.
    pub(crate) fn new(asked: Option<Start>, now: SystemTime) -> Result<Self, RunError> {
        let planned = match asked {
            Some(Start::At(planned)) if planned <= now => return Err(RunError::StartHasPassed { planned, now }),
            Some(Start::At(planned)) => Some(planned),
            Some(Start::In(wait)) => Some(now + wait),
            None => None,
        };
        Ok(Self { planned, ready: false, clock: None })
    }

    /// All connections have been tried.
    pub(crate) fn connected(&mut self, now: ClockReading) {
        self.ready = self.planned.is_none_or(|planned| now.wall <= planned);
        self.clock = kernel_clock::describe();
    }

    /// What to do now. Once the connections were tried, the load begins at the planned instant, or
    /// as soon as it can.
    pub(crate) fn next(&self, now: ClockReading) -> StartStep {
        let Some(planned) = self.planned else { return StartStep::Begin(now.own.plus(HEAD_START)) };
        let left = now.until(planned);
        if left > DECIDED_BEFORE {
            StartStep::Wait { left, look: left - DECIDED_BEFORE }
        } else {
            StartStep::Begin(now.own.plus(left.max(HEAD_START)))
        }
    }

    /// The record of a load that began `at`, or that did not begin by then.
    pub(crate) fn record(&self, at: SystemTime, has_begun: bool) -> StartRecord {
        StartRecord {
            at: micros(at),
            planned: self.planned.map(micros),
            error_s: self.planned.filter(|_| has_begun).map(|planned| seconds_from(planned, at)),
            ready: self.ready,
            clock: self.clock,
        }
    }
}

/// Seconds from one instant to another, in whole microseconds, which are what clocks are read to.
/// Negative if it was before.
fn seconds_from(from: SystemTime, to: SystemTime) -> f64 {
    let seconds = |time: Duration| (time.as_nanos() + 500).div_euclid(1_000) as f64 / 1e6;
    to.duration_since(from).map_or_else(|error| 0.0 - seconds(error.duration()), seconds)
}

#[cfg(test)]
mod tests;
