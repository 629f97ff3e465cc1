//! The run's clock and the system's clock, read at the same instant.

use std::time::{Duration, SystemTime};

use crate::clock::{Clock, Time, nanos};

/// Times that both clocks are read. The thread may be stopped between the two, so the reading that
/// took the least time counts.
const READINGS: usize = 5;

/// The time of the run's own clock, and of the system's clock at the same instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    /// By the run's clock.
    pub(super) own: Time,
    /// By the system's clock.
    pub(super) wall: SystemTime,
}

impl ClockReading {
    /// Reads both clocks. They are less than a microsecond apart unless the thread is stopped five
    /// times in a row.
    pub(crate) fn now(clock: &impl Clock) -> Self {
        let read = || {
            let before = clock.now();
            let wall = SystemTime::now();
            let took = clock.now().since(before);
            (took, Self { own: before.plus(took / 2), wall })
        };
        let readings = std::iter::repeat_with(read).take(READINGS);
        let closest = readings.min_by_key(|(took, _)| *took);
        closest.map_or_else(|| read().1, |(_, reading)| reading)
    }

    /// The instant `time` of the run's clock, by the system's clock.
    pub(crate) fn wall_at(&self, time: Time) -> SystemTime {
        if time >= self.own {
            self.wall + Duration::from_nanos(time.since(self.own))
        } else {
            self.wall - Duration::from_nanos(self.own.since(time))
        }
    }

    /// Nanoseconds until an instant of the system's clock; 0 if it has passed.
    pub(super) fn until(&self, instant: SystemTime) -> u64 {
        nanos(instant.duration_since(self.wall).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::clock::RealClock;

    #[test]
    fn an_instant_is_the_same_by_both_clocks() {
        let reading = ClockReading { own: Time::from_nanos(500), wall: UNIX_EPOCH + Duration::from_micros(10) };
        let instant = UNIX_EPOCH + Duration::from_nanos(10_700);
        assert_eq!(reading.until(instant), 700);
        assert_eq!(reading.wall_at(Time::from_nanos(1_200)), instant);
        assert_eq!(reading.wall_at(Time::from_nanos(300)), UNIX_EPOCH + Duration::from_nanos(9_800));
        assert_eq!(reading.until(UNIX_EPOCH), 0);
    }

    #[test]
    fn both_clocks_go_on_together() {
        let clock = RealClock::start();
        let (first, second) = (ClockReading::now(&clock), ClockReading::now(&clock));
        assert!(second.own >= first.own && second.wall >= first.wall, "{first:?} {second:?}");
    }
}
