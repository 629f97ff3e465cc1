//! When message k of a publisher is due.

use std::time::Duration;

use super::Membership;
use crate::{
    clock::Time,
    plan::{Group, Load, Until},
    schedule::Schedule,
};

/// When the messages of all publishers of a run are due. Sequences count what was due, so a
/// receiver knows from sender and sequence when a message was due, and whether the plan has it.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// None for groups without publishers.
    groups: Box<[Option<GroupTimes>]>,
    start: Time,
    warmup: u64,
}

/// When the publishers of one group send.
#[derive(Clone, Debug)]
struct GroupTimes {
    /// In it, a publisher has its [rank](super::Publisher::rank).
    schedule: Schedule,
    /// Length of warm-up and measured phase in nanoseconds. What is due then is not sent.
    length: u64,
    /// Messages of each publisher in the measured phase, if they end it.
    limit: Option<u64>,
}

impl Timetable {
    /// The timetable of a load that begins at `start` with a warm-up of `warmup` nanoseconds. The
    /// `seed` is the run's.
    pub fn new(membership: &Membership, groups: &[Group], until: Until, start: Time, warmup: u64, seed: u64) -> Self {
        let times = |(index, group): (usize, &Group)| {
            let Load::Open { arrivals, burst, .. } = &group.load else { return None };
            let schedule = Schedule::of(
                membership.publishers_of(index)?,
                arrivals,
                *burst,
                warmup,
                Schedule::seed_of_group(seed, index),
            );
            let (length, limit) = match until {
                Until::Elapsed(duration) => (nanos(duration), None),
                Until::Messages(messages) => (schedule.length_of(messages.get()), Some(messages.get())),
            };
            Some(GroupTimes { schedule, length: warmup.saturating_add(length), limit })
        };
        Self { groups: groups.iter().enumerate().map(times).collect(), start, warmup }
    }

    /// When the measured phase begins. What is due before belongs to the warm-up.
    pub fn measured_from(&self) -> Time {
        self.start.plus(self.warmup)
    }

    /// Whether what is due at `due` belongs to the measured phase.
    pub fn is_measured(&self, due: Time) -> bool {
        due >= self.measured_from()
    }

    /// When message `sequence` of the publisher with this rank in its group is due, whether the
    /// plan has so many or not.
    #[inline]
    pub fn due(&self, group: usize, rank: u32, sequence: u64) -> Time {
        let Some(times) = &self.groups[group] else { return Time::NEVER };
        self.start.plus(times.schedule.due(rank, sequence))
    }

    /// Messages of a publisher that the plan has.
    pub fn planned(&self, group: usize, rank: u32) -> u64 {
        let Some(times) = &self.groups[group] else { return 0 };
        let before = |time| times.schedule.messages_before(rank, time);
        let limit = times.limit.map_or(u64::MAX, |limit| before(self.warmup).saturating_add(limit));
        before(times.length).min(limit)
    }

    /// Messages of a publisher that the plan has and that are due before `time`. They have the
    /// numbers below it.
    pub fn due_before(&self, group: usize, rank: u32, time: Time) -> u64 {
        let Some(times) = &self.groups[group] else { return 0 };
        times.schedule.messages_before(rank, time.since(self.start)).min(self.planned(group, rank))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::plan::{Arrivals, Expect, OwnCopy, Rate, RoomBy, Rooms};

    const SECOND: u64 = 1_000_000_000;

    /// Two rooms of three, in which one publishes, with bursts of 2 messages a second.
    fn groups() -> Vec<Group> {
        let n = |n| NonZeroU32::new(n).unwrap();
        vec![Group {
            clients: n(6),
            expect: Expect::Broadcast,
            load: Load::Open { arrivals: Arrivals::even(Rate::new(2.0).unwrap()), burst: n(2), max_in_flight: n(10) },
            rooms: Some(Rooms { by: RoomBy::Size(n(3)), publishers: Some(1), own: OwnCopy::Expect, durable: false }),
            ..Group::default()
        }]
    }

    fn timetable(until: Until, warmup: u64) -> Timetable {
        let groups = groups();
        let membership = Membership::of(&groups).unwrap().unwrap();
        Timetable::new(&membership, &groups, until, Time::from_nanos(5 * SECOND), warmup, 7)
    }

    fn at(nanos: u64) -> Time {
        Time::from_nanos(5 * SECOND + nanos)
    }

    #[test]
    fn the_publishers_share_the_grid() {
        let timetable = timetable(Until::Elapsed(Duration::from_secs(3)), SECOND);
        let due = |rank| [0, 1, 2, 7].map(|sequence| timetable.due(0, rank, sequence));
        assert_eq!(due(0), [at(0), at(0), at(SECOND), at(3 * SECOND)]);
        assert_eq!(due(1), due(0).map(|due| due.plus(SECOND / 2)), "half a burst later");
        assert_eq!((timetable.planned(0, 0), timetable.planned(0, 1)), (8, 8));
        assert_eq!(timetable.measured_from(), at(SECOND));
        let before = |time| [0, 1].map(|rank| timetable.due_before(0, rank, at(time)));
        assert_eq!(before(0), [0, 0], "what is due then is not due before");
        assert_eq!(before(1), [2, 0]);
        assert_eq!(before(SECOND / 2 + 1), [2, 2]);
        assert_eq!(before(99 * SECOND), [8, 8], "the plan has no more");
    }

    #[test]
    fn a_number_of_messages_counts_from_the_warm_up_on() {
        let timetable = timetable(Until::Messages(3.try_into().unwrap()), SECOND);
        // The warm-up has a burst of each, and the measured phase three messages.
        assert_eq!((timetable.planned(0, 0), timetable.planned(0, 1)), (5, 5));
    }

    #[test]
    fn who_does_not_publish_has_nothing_due() {
        let timetable = timetable(Until::Elapsed(Duration::from_secs(3)), 0);
        let listeners = Timetable { groups: Box::new([None]), ..timetable };
        assert_eq!((listeners.planned(0, 0), listeners.due(0, 0, 0)), (0, Time::NEVER));
        assert_eq!(listeners.due_before(0, 0, at(SECOND)), 0);
    }
}
