//! Which member may take which message when, where each gets it later than the one before. Pure:
//! time is an argument.

use std::{
    collections::VecDeque,
    rc::Rc,
    time::{Duration, Instant},
};

use super::seat::Seat;

/// The messages of a room that some members may not take yet.
#[derive(Debug)]
pub(super) struct Stagger {
    step: Duration,
    /// In the order in which they were sent.
    batches: VecDeque<Batch>,
}

/// Messages that one read of their sender completed. A member may take all of them at the same
/// time.
#[derive(Debug)]
struct Batch {
    /// The number of the message after them.
    end: u64,
    /// The sender, if it gets no copy.
    without: Option<u64>,
    /// Members from this number on joined too late for them.
    members_end: u64,
    /// No member before this number is left to get them.
    next: u64,
    /// When the next member gets them.
    due: Instant,
}

impl Stagger {
    pub(super) fn new(step: Duration) -> Self {
        Self { step, batches: VecDeque::new() }
    }

    /// Takes the messages before number `end`. The members before number `members_end` get them,
    /// the first of them `now`, all except `without`.
    pub(super) fn push(&mut self, end: u64, members_end: u64, without: Option<u64>, now: Instant) {
        self.batches.push_back(Batch { end, without, members_end, next: 0, due: now });
    }

    /// Lets those of `seats` take messages whose time has come, and wakes them. The seats are in the
    /// order of their numbers. Returns when the next is due, if any is left.
    ///
    /// No member gets a message before an earlier one. Members that left make that possible: those
    /// behind them come sooner to the next message.
    pub(super) fn release(&mut self, seats: &[Rc<Seat>], now: Instant) -> Option<Instant> {
        let (mut next_due, mut limit) = (None::<Instant>, u64::MAX);
        for batch in &mut self.batches {
            let is_blocked = batch.release(self.step, seats, limit, now);
            if !is_blocked && !batch.is_done(seats) {
                next_due = Some(next_due.map_or(batch.due, |due| due.min(batch.due)));
            }
            limit = if batch.is_done(seats) { limit } else { limit.min(batch.next) };
        }
        while self.batches.front().is_some_and(|batch| batch.is_done(seats)) {
            self.batches.pop_front();
        }
        next_due
    }
}

impl Batch {
    /// Lets members before number `limit` take the messages, as far as it is time. Returns whether
    /// the next one must wait for an earlier message.
    fn release(&mut self, step: Duration, seats: &[Rc<Seat>], limit: u64, now: Instant) -> bool {
        for seat in self.left(seats) {
            if seat.member >= limit {
                return true;
            }
            let gets_it = self.without != Some(seat.member);
            if gets_it && self.due > now {
                return false;
            }
            seat.released.set(self.end);
            seat.wake();
            self.next = seat.member + 1;
            if gets_it {
                self.due += step;
            }
        }
        false
    }

    fn is_done(&self, seats: &[Rc<Seat>]) -> bool {
        self.left(seats).is_empty()
    }

    /// The members that have yet to get the messages.
    fn left<'a>(&self, seats: &'a [Rc<Seat>]) -> &'a [Rc<Seat>] {
        let place = |member| seats.partition_point(|seat| seat.member < member);
        &seats[place(self.next)..place(self.members_end.max(self.next))]
    }
}
