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
#[derive(Clone, Copy, Debug)]
struct GroupTimes {
    /// In it, a publisher has its [rank](super::Publisher::rank).
    schedule: Schedule,
    /// Length of warm-up and measured phase in nanoseconds. What is due then is not sent.
    length: u64,
    /// Messages of each publisher in the measured phase, if they end it.
    limit: Option<u64>,
}

impl Timetable {
    /// The timetable of a load that begins at `start` with a warm-up of `warmup` nanoseconds.
    pub fn new(membership: &Membership, groups: &[Group], until: Until, start: Time, warmup: u64) -> Self {
        let times = |(index, group): (usize, &Group)| {
            let Load::Open { rate, burst, .. } = group.load else { return None };
            let schedule = Schedule::new(membership.publishers_of(index)?, rate, burst);
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
