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

    /// Lets those of `seats` take messages whose time has come, and wakes them. The seats are in
    /// the order of their numbers. Returns when the next is due, if any is left.
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    /// Members with these numbers that have taken nothing.
    fn seats<const N: usize>(members: [u64; N]) -> Vec<Rc<Seat>> {
        members.into_iter().map(|member| Rc::new(Seat::new(member, 0..0, Waker::noop().clone()))).collect()
    }

    fn released(seats: &[Rc<Seat>]) -> Vec<u64> {
        seats.iter().map(|seat| seat.released.get()).collect()
    }

    #[test]
    fn each_further_member_waits_one_step_more() {
        let (mut stagger, seats, start) = (Stagger::new(STEP), seats([1, 4, 5]), Instant::now());
        stagger.push(1, 6, None, start);
        assert_eq!(stagger.release(&seats, start), Some(start + STEP));
        assert_eq!(released(&seats), [1, 0, 0]);
        let just_before = start + STEP.saturating_sub(Duration::from_nanos(1));
        assert_eq!(stagger.release(&seats, just_before), Some(start + STEP));
        assert_eq!(released(&seats), [1, 0, 0]);
        assert_eq!(stagger.release(&seats, start + STEP), Some(start + 2 * STEP));
        assert_eq!(released(&seats), [1, 1, 0]);
        // However late the server is, the times stay those of the plan.
        stagger.push(2, 6, None, start + STEP);
        assert_eq!(stagger.release(&seats, start + 2 * STEP), Some(start + 3 * STEP));
        assert_eq!(released(&seats), [2, 2, 1]);
        assert_eq!(stagger.release(&seats, start + 9 * STEP), None);
        assert_eq!(released(&seats), [2, 2, 2]);
    }

    #[test]
    fn a_sender_without_a_copy_is_not_counted() {
        let (mut stagger, seats, start) = (Stagger::new(STEP), seats([1, 2, 3]), Instant::now());
        stagger.push(1, 4, Some(2), start);
        assert_eq!(stagger.release(&seats, start), Some(start + STEP));
        assert_eq!(stagger.release(&seats, start + STEP), None);
        assert_eq!(released(&seats), [1, 1, 1]);
    }

    #[test]
    fn members_that_joined_later_are_not_counted() {
        let (mut stagger, seats, start) = (Stagger::new(STEP), seats([1, 2, 3]), Instant::now());
        stagger.push(1, 2, None, start);
        assert_eq!(stagger.release(&seats, start + STEP), None);
        assert_eq!(released(&seats), [1, 0, 0]);
    }

    #[test]
    fn no_message_overtakes_another_where_members_leave() {
        let (mut stagger, mut seats, start) = (Stagger::new(STEP), seats([1, 2, 3, 4]), Instant::now());
        stagger.push(1, 5, None, start);
        assert_eq!(stagger.release(&seats, start + STEP), Some(start + 2 * STEP));
        seats.drain(..2);
        // Member 3 would get this at once, but gets the first message one step later.
        stagger.push(2, 5, None, start + STEP);
        assert_eq!(stagger.release(&seats, start + STEP), Some(start + 2 * STEP));
        assert_eq!(released(&seats), [0, 0]);
        assert_eq!(stagger.release(&seats, start + 2 * STEP), Some(start + 3 * STEP));
        assert_eq!(released(&seats), [2, 0]);
        // Member 4 gets the first one three steps after the start, and the second one with it.
        assert_eq!(stagger.release(&seats, start + 3 * STEP), None);
        assert_eq!(released(&seats), [2, 2]);
    }
}
