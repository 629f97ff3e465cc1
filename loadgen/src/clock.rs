//! The clock of a run: monotonic nanoseconds since the run's origin.

use std::time::Duration;
#[cfg(test)]
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use rustix::time::{ClockId, clock_gettime};

/// An instant of a run, in nanoseconds since its origin.
///
/// Everything that decides by time takes a `Time` as an argument. Only a [`Clock`] tells the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// Stands for an instant that is not known yet or never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Nanoseconds from `earlier` to this instant; 0 if it is not earlier.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant `nanos` nanoseconds later.
    #[must_use]
    pub const fn plus(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Seconds from `origin` to this instant; negative if `origin` is later.
    pub fn seconds_from(self, origin: Self) -> f64 {
        let seconds = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64();
        if self >= origin { seconds(self.since(origin)) } else { -seconds(origin.since(self)) }
    }
}

/// Nanoseconds of a length of time; the most that there are if it is longer.
pub(crate) fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

/// Tells the time of a run.
pub trait Clock: Clone {
    /// The current instant.
    fn now(&self) -> Time;

    /// Processor time that the calling thread has used, in nanoseconds.
    fn processor_time(&self) -> u64;
}

/// Reads `CLOCK_MONOTONIC` relative to an origin that all threads of a run share.
#[derive(Clone, Copy, Debug)]
pub struct RealClock {
    /// `CLOCK_MONOTONIC` at the origin, in nanoseconds.
    origin: u64,
}

impl RealClock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Self { origin: read(ClockId::Monotonic) }
    }
}

impl Clock for RealClock {
    /// Takes about 25 ns.
    #[inline]
    fn now(&self) -> Time {
        Time(read(ClockId::Monotonic).saturating_sub(self.origin))
    }

    fn processor_time(&self) -> u64 {
        read(ClockId::ThreadCPUTime)
    }
}

/// Reads a clock of the kernel in nanoseconds. [`std::time::Instant`] takes a third longer: it goes
/// through libc and subtracts two checked structures.
#[inline]
fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Neither is negative, and 64 bits of nanoseconds last 584 years.
    let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
    seconds * 1_000_000_000 + nanos
}

/// A clock that a test moves. Clones show one time.
#[cfg(test)]
#[derive(Clone, Default)]
pub(crate) struct SimulatedClock {
    now: Rc<Cell<Time>>,
    worked: Rc<Cell<u64>>,
    alarms: Rc<RefCell<BTreeMap<Time, Alarm>>>,
}

#[cfg(test)]
type Alarm = Box<dyn FnOnce()>;

#[cfg(test)]
impl SimulatedClock {
    /// Passes `nanos` in which the thread does not work: it waits or is stopped.
    pub(crate) fn pass(&self, nanos: u64) {
        let now = self.now.get().plus(nanos);
        self.now.set(now);
        let mut alarms = self.alarms.borrow_mut();
        while let Some(alarm) = alarms.first_entry().filter(|alarm| *alarm.key() <= now) {
            alarm.remove()();
        }
    }

    /// Passes `nanos` in which the thread works.
    pub(crate) fn work(&self, nanos: u64) {
        self.pass(nanos);
        self.worked.set(self.worked.get() + nanos);
    }

    /// Does something once it is `at`.
    pub(crate) fn set_alarm(&self, at: Time, alarm: impl FnOnce() + 'static) {
        self.alarms.borrow_mut().insert(at, Box::new(alarm));
    }
}

#[cfg(test)]
impl Clock for SimulatedClock {
    fn now(&self) -> Time {
        self.now.get()
    }

    fn processor_time(&self) -> u64 {
        self.worked.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_a_sign() {
        let (early, late) = (Time::from_nanos(500_000_000), Time::from_nanos(2_000_000_000));
        assert!((late.seconds_from(early) - 1.5).abs() < 1e-12);
        assert!((early.seconds_from(late) + 1.5).abs() < 1e-12);
        assert_eq!(early.since(late), 0);
    }

    #[test]
    fn clones_of_a_simulated_clock_show_one_time() {
        let (clock, rang) = (SimulatedClock::default(), Rc::new(Cell::new(false)));
        let (other, bell) = (clock.clone(), Rc::clone(&rang));
        clock.set_alarm(Time::from_nanos(11), move || bell.set(true));
        clock.pass(7);
        assert!(!rang.get());
        other.work(4);
        assert!(rang.get());
        assert_eq!((clock.now(), clock.processor_time()), (Time::from_nanos(11), 4));
    }
}
