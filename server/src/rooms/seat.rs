//! A member of a room, as the room sees it.

use std::{cell::Cell, ops::Range, task::Waker};

/// The place of one member in its room.
#[derive(Debug)]
pub(super) struct Seat {
    /// Its number. A member that joins later has a larger one.
    pub(super) member: u64,
    /// The first message that it has not taken.
    pub(super) taken: Cell<u64>,
    /// It may take the messages before this one. Only rooms that stagger use this.
    pub(super) released: Cell<u64>,
    /// Whether its task was woken for messages that it has not looked for.
    woken: Cell<bool>,
    /// Whether it waits until the room holds less, to send more.
    pub(super) waits: Cell<bool>,
    waker: Waker,
}

impl Seat {
    /// A member that may take these messages of its room at once, and gets those after them.
    pub(super) fn new(member: u64, kept: Range<u64>, waker: Waker) -> Self {
        let (taken, released) = (Cell::new(kept.start), Cell::new(kept.end));
        Self { member, taken, released, woken: Cell::default(), waits: Cell::default(), waker }
    }

    /// Wakes its task, unless that was done since it last [looked](Self::looks).
    pub(super) fn wake(&self) {
        if !self.woken.replace(true) {
            self.waker.wake_by_ref();
        }
    }

    /// Notes that its task looks for messages now.
    pub(super) fn looks(&self) {
        self.woken.set(false);
    }
}
