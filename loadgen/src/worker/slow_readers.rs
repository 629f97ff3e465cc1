//! Lets slow readers read no faster than the plan says.

use super::{
    Worker,
    config::{GroupConfig, WorkerConfig},
    lifecycle::ClientState,
};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    plan::Share,
    schedule::{read_pacer::ReadPacer, slot_timers::SlotTimers},
};

/// Slow readers among the clients of a worker.
#[derive(Debug)]
pub(super) struct SlowReaders {
    /// By group. None for groups that read what comes.
    groups: Box<[Option<ReadPacer>]>,
    /// When clients may read again whose reads are withheld.
    timers: SlotTimers,
}

impl SlowReaders {
    /// Those of a worker that has these shares of the groups. None if there are none.
    pub(super) fn of(config: &WorkerConfig, shares: &[Share]) -> Option<Box<Self>> {
        let of_group =
            |(group, share): (&GroupConfig, &Share)| group.read.map(|rate| ReadPacer::new(rate, share.slots.clone()));
        let groups: Box<[_]> = config.groups.iter().zip(shares).map(of_group).collect();
        groups.iter().any(Option::is_some).then(|| Box::new(Self { groups, timers: SlotTimers::default() }))
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// A client has read so many bytes. If it is a slow reader, it reads no more until it may.
    #[inline]
    pub(super) fn has_read(&mut self, slot: usize, bytes: u64, last: Option<Time>) {
        if self.slow_readers.is_some() {
            self.pause_reading(slot, bytes, last);
        }
    }

    #[cold]
    fn pause_reading(&mut self, slot: usize, bytes: u64, last: Option<Time>) {
        let (group, state) = (self.clients.group_of(slot), self.clients.all[slot].state);
        let Some(SlowReaders { groups, timers }) = self.slow_readers.as_deref_mut() else { return };
        let (Some(pacer), Some(at)) = (&mut groups[group], last) else { return };
        // Who closes reads what is left.
        if matches!(state, ClientState::Closing | ClientState::Settled) {
            return;
        }
        let until = pacer.read(slot, bytes, at);
        if until > at {
            self.engine.set_reading(slot, false);
            timers.set(slot, until);
        }
    }

    /// Lets the clients read whose time has come at `now`. True if there was one.
    #[inline]
    pub(super) fn resume_reading(&mut self, now: Time) -> bool {
        self.next_reading() <= now && self.resume_readers(now)
    }

    #[cold]
    fn resume_readers(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(slot) = self.slow_readers.as_mut().and_then(|readers| readers.timers.pop_due(now)) {
            self.engine.set_reading(slot, true);
            any = true;
        }
        any
    }

    /// When the next client may read again whose reads are withheld.
    #[inline]
    pub(super) fn next_reading(&self) -> Time {
        let next = self.slow_readers.as_ref().and_then(|readers| readers.timers.next());
        next.unwrap_or(Time::NEVER)
    }
}
