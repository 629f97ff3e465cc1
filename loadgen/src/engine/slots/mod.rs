//! The slots of an engine: what each holds, how its connection opens, and what becomes of the one
//! before.
//!
//! Both engines have their connections here. What a connection does with bytes is the engine's.

mod lingering;
mod slot;

use std::{
    io,
    net::IpAddr,
    ops::{Index, IndexMut},
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
};

use self::{
    lingering::Lingering,
    slot::{Slot, SlotOpening},
};
pub(super) use self::{
    lingering::NobodyListens,
    slot::{SlotState, SocketKey},
};
use crate::{
    clock::{Clock, Time},
    schedule::slot_timers::SlotTimers,
    transport::{Opening, OpeningProgress, Route},
};

/// The slots of an engine with connections `C` on sockets `S`.
#[derive(Debug)]
pub(super) struct Slots<C, S> {
    all: Vec<Slot<C, S>>,
    timers: SlotTimers,
    lingering: Lingering<C>,
}

/// Whose socket is ready.
#[derive(Debug)]
pub(super) enum SocketOwner<'a, C> {
    /// That of the slot with this number.
    Slot(usize),
    /// A connection whose slot was opened again.
    Lingering(&'a mut C),
    /// One that is gone.
    Nobody,
}

impl<C, S: AsFd> Slots<C, S> {
    /// Slots that are idle.
    pub(super) fn new(count: usize) -> Self {
        Self {
            all: std::iter::repeat_with(Slot::default).take(count).collect(),
            timers: SlotTimers::default(),
            lingering: Lingering::default(),
        }
    }

    /// Begins to open the connection of a slot. The one that it held lingers.
    pub(super) fn begin_opening(
        &mut self,
        slot: usize,
        route: &Rc<Route>,
        client: u32,
        source: Option<IpAddr>,
        now: Time,
    ) {
        let old_key = self.all[slot].key(slot);
        let opening = Opening::new(route, client, source, now);
        let opening = Box::new(SlotOpening { opening, outcome: None, over: false });
        match self.all[slot].begin(SlotState::Opening(opening)) {
            SlotState::Connected(gone) => self.lingering.add(old_key, gone, now),
            SlotState::Opening(_) | SlotState::Idle => {}
        }
    }

    /// Does what can be done now to open a connection, and sets its timer. True if that settled it.
    /// `watch` takes each new socket, and the key that the slot's sockets have.
    pub(super) fn advance(
        &mut self,
        slot: usize,
        clock: &impl Clock,
        watch: impl Fn(OwnedFd, SocketKey) -> io::Result<S>,
    ) -> bool {
        let key = self.all[slot].key(slot);
        let SlotState::Opening(under_way) = &mut self.all[slot].state else { return false };
        let SlotOpening { opening, outcome, .. } = &mut **under_way;
        if outcome.is_some() {
            return true;
        }
        match opening.advance(clock, &mut |socket| watch(socket, key)) {
            OpeningProgress::Pending => {
                self.timers.set(slot, opening.wake());
                false
            }
            settled => {
                self.timers.clear(slot);
                *outcome = Some(settled);
                true
            }
        }
    }

    /// What became of an opening that is settled, and whether the kernel has reported the end of
    /// its stream. The slot is idle then.
    pub(super) fn take_settled(&mut self, slot: usize) -> Option<(OpeningProgress<S>, bool)> {
        let state = &mut self.all[slot].state;
        match std::mem::take(state) {
            SlotState::Opening(under_way) if under_way.outcome.is_some() => {
                under_way.outcome.map(|outcome| (outcome, under_way.over))
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Makes a slot idle at once. Its connection, or its opening, is closed with a TCP reset: by
    /// `reset`, if it was open.
    pub(super) fn abort(&mut self, slot: usize, reset: impl FnOnce(C)) {
        self.timers.clear(slot);
        match self.all[slot].begin(SlotState::Idle) {
            SlotState::Connected(connection) => reset(connection),
            SlotState::Opening(under_way) => under_way.reset(),
            SlotState::Idle => {}
        }
    }

    /// When the next opening is to be looked at, whatever its sockets have.
    pub(super) fn next_timer(&self) -> Option<Time> {
        self.timers.next()
    }

    /// Whether something here waits for a time.
    #[inline]
    pub(super) fn has_timers(&self) -> bool {
        self.timers.next().is_some() || !self.lingering.is_empty()
    }

    /// Lists the openings whose time has come at `now`, and closes connections that have lingered
    /// too long.
    #[cold]
    pub(super) fn look_at_timers(&mut self, now: Time, due: &mut Vec<usize>) {
        due.extend(std::iter::from_fn(|| self.timers.pop_due(now)));
        self.lingering.close_old(now);
    }

    /// Whose socket has something, by its key.
    #[inline]
    pub(super) fn owner(&mut self, key: SocketKey) -> SocketOwner<'_, C> {
        let number = key.slot as usize;
        match self.all.get(number) {
            Some(slot) if slot.has(key) => SocketOwner::Slot(number),
            _ => self.lingering.get_mut(key).map_or(SocketOwner::Nobody, SocketOwner::Lingering),
        }
    }

    /// Closes a connection that lingers.
    pub(super) fn close_lingering(&mut self, key: SocketKey) {
        self.lingering.remove(key);
    }
}

impl<C, S> Index<usize> for Slots<C, S> {
    type Output = Slot<C, S>;

    #[inline]
    fn index(&self, slot: usize) -> &Slot<C, S> {
        &self.all[slot]
    }
}

impl<C, S> IndexMut<usize> for Slots<C, S> {
    #[inline]
    fn index_mut(&mut self, slot: usize) -> &mut Slot<C, S> {
        &mut self.all[slot]
    }
}
