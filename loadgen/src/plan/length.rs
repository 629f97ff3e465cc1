//! How long a plan takes, and how many messages it has.

use std::time::Duration;

use super::{
    Plan,
    group::Group,
    load::{Load, Until},
};
use crate::schedule::Schedule;

impl Plan {
    /// Length of warm-up and measured phase, if it is known: that of the group that takes longest.
    pub fn length(&self) -> Option<Duration> {
        Some(self.run().warmup + self.measured_length()?)
    }

    /// Length of the measured phase, if it is known.
    pub fn measured_length(&self) -> Option<Duration> {
        let lengths = self.groups().iter().map(|group| measured_length(group, self.run().until));
        lengths.reduce(|longest, length| Some(longest?.max(length?))).flatten()
    }

    /// Messages of the measured phase of a group, if they are planned.
    pub fn messages(&self, group: &Group) -> Option<f64> {
        match self.run().until {
            Until::Messages(_) if !group.load.sends() => Some(0.0),
            Until::Messages(messages) => Some(group.senders()? as f64 * messages.get() as f64),
            Until::Elapsed(duration) => match &group.load {
                Load::Open { arrivals, .. } => Some(group.senders()? as f64 * arrivals.rate.messages_in(duration)),
                Load::Listen => Some(0.0),
                Load::Closed { .. } => None,
            },
        }
    }

    /// Messages per second of all groups, the most if that changes, if each plans that.
    pub fn peak_rate(&self) -> Option<f64> {
        self.groups().iter().map(Group::peak_rate).sum()
    }
}

fn measured_length(group: &Group, until: Until) -> Option<Duration> {
    match (until, &group.load) {
        (Until::Elapsed(duration), _) => Some(duration),
        (Until::Messages(messages), Load::Open { arrivals, burst, .. }) => {
            let measured = Schedule::of(group.clients, arrivals, *burst, 0, 0).length_of(messages.get());
            Some(Duration::from_nanos(measured))
        }
        (Until::Messages(_), Load::Closed { .. }) => None,
        // It lasts as long as the others.
        (Until::Messages(_), Load::Listen) => Some(Duration::ZERO),
    }
}
