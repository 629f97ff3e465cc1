//! One room: its members, and the messages that they have yet to take.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    ops::Range,
    rc::Rc,
    task::{Poll, Waker},
    time::Instant,
};

use tokio::task::spawn_local;

use super::{
    log::{Broadcast, MessageLog},
    options::{OwnCopy, RoomsOptions},
    seat::Seat,
    stagger::Stagger,
};
use crate::{misbehaviour::WakeTimer, registry::memory::MemoryAccount};

/// What all rooms of a thread have in common.
#[derive(Debug)]
pub(super) struct RoomSettings {
    pub(super) options: RoomsOptions,
    /// Bytes of messages over which a room takes no more.
    pub(super) held_limit: usize,
    pub(super) account: Rc<MemoryAccount>,
    /// Releases messages in time, where receivers get them one after another.
    pub(super) timer: Option<Rc<WakeTimer>>,
}

/// One room.
#[derive(Debug)]
pub(super) struct Room {
    /// No other room of the thread has it.
    pub(super) number: u64,
    pub(super) path: Rc<str>,
    /// When it was left by its last member, if it keeps messages. Later ones have larger numbers.
    pub(super) left: Cell<Option<u64>>,
    settings: Rc<RoomSettings>,
    state: RefCell<RoomState>,
}

#[derive(Debug, Default)]
struct RoomState {
    log: MessageLog,
    /// The members, in the order of their numbers.
    seats: Vec<Rc<Seat>>,
    /// How many of them have not taken all messages.
    behind: usize,
    /// How often messages were taken since the room last looked which ones can be forgotten.
    takes: usize,
    /// How many members wait until the room holds less.
    waiting: usize,
    /// Bytes that the room itself takes.
    fixed_bytes: usize,
    /// Bytes that are counted in the account.
    accounted: usize,
    stagger: Option<Stagger>,
    /// Wakes the task that releases messages, while it runs.
    releaser: Option<Waker>,
}

impl Room {
    pub(super) fn new(number: u64, path: Rc<str>, settings: &Rc<RoomSettings>) -> Self {
        let step = settings.options.stagger;
        let stagger = (!step.is_zero()).then(|| Stagger::new(step));
        let log = MessageLog::keeping(settings.options.replay);
        let fixed_bytes = size_of::<Self>() + path.len();
        let state = RoomState { log, fixed_bytes, stagger, ..RoomState::default() };
        let (left, settings) = (Cell::default(), Rc::clone(settings));
        Self { number, path, left, settings, state: RefCell::new(state) }
    }

    /// Adds a member with a number that is larger than all before it. It gets what was kept after
    /// the last message that contains the text of `after`.
    pub(super) fn join(&self, member: u64, after: Option<&[u8]>, waker: Waker) -> Rc<Seat> {
        let mut state = self.state.borrow_mut();
        let end = state.log.end();
        let next = after.filter(|_| self.keeps()).map_or(end, |after| state.log.after(after));
        let seat = Rc::new(Seat::new(member, next..end, waker));
        if next < end {
            state.behind += 1;
            seat.wake();
        }
        state.seats.push(Rc::clone(&seat));
        state.account(&self.settings);
        seat
    }

    /// Whether it keeps messages for members that come back.
    pub(super) fn keeps(&self) -> bool {
        self.settings.options.replay > 0
    }

    /// Removes a member. Returns whether the room is empty now.
    pub(super) fn leave(&self, seat: &Seat) -> bool {
        let mut state = self.state.borrow_mut();
        if let Ok(index) = state.seats.binary_search_by_key(&seat.member, |seat| seat.member) {
            state.seats.remove(index);
        }
        if seat.waits.get() {
            state.waiting -= 1;
        }
        if seat.taken.get() < state.log.end() {
            state.behind -= 1;
        }
        state.forget(&self.settings);
        if let Some(releaser) = &state.releaser {
            releaser.wake_by_ref();
        }
        state.seats.is_empty()
    }

    /// Takes a message for all members. They get it after [`announce`](Self::announce).
    pub(super) fn publish(&self, sender: &Seat, broadcast: Broadcast<'_>) {
        let mut state = self.state.borrow_mut();
        state.log.push(sender.member, broadcast);
        state.behind = state.seats.len();
        state.account(&self.settings);
    }

    /// Has the members take what member `sender` published. Its own task is not woken for that.
    pub(super) fn announce(self: &Rc<Self>, sender: &Seat) {
        let mut state = self.state.borrow_mut();
        let RoomState { log, seats, stagger, releaser, .. } = &mut *state;
        let Some(stagger) = stagger else {
            return seats.iter().filter(|seat| seat.member != sender.member).for_each(|seat| seat.wake());
        };
        let members_end = seats.last().map_or(0, |last| last.member + 1);
        stagger.push(log.end(), members_end, self.left_out(sender), Instant::now());
        if let Some(releaser) = releaser {
            return releaser.wake_by_ref();
        }
        *releaser = Some(Waker::noop().clone());
        spawn_local(Rc::clone(self).release());
    }

    /// Releases messages in time, until none is left.
    async fn release(self: Rc<Self>) {
        let Some(timer) = &self.settings.timer else { return };
        let mut wakes_at = None;
        poll_fn(|cx| {
            let mut state = self.state.borrow_mut();
            let RoomState { seats, stagger, releaser, .. } = &mut *state;
            let due = stagger.as_mut().and_then(|stagger| stagger.release(seats, Instant::now()));
            let Some(at) = due else {
                *releaser = None;
                return Poll::Ready(());
            };
            *releaser = Some(cx.waker().clone());
            if wakes_at != due {
                timer.wake_at(at, cx.waker());
            }
            wakes_at = due;
            Poll::Pending
        })
        .await;
    }

    /// Gives `send` the frames that a member may take, and how many messages they are. With `all`,
    /// the member gets also those whose time has not come.
    ///
    /// # Errors
    /// Those of `send`. The member has taken what came before.
    pub(super) fn take_frames<E>(
        &self,
        seat: &Seat,
        all: bool,
        send: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(seat, all, |log, range, without| {
            let mut send = send;
            log.frames(range, without).try_for_each(|(count, frames)| send(count, frames))
        })
    }

    /// Gives `send` the messages that a member may take, as [`take_frames`](Self::take_frames)
    /// does.
    ///
    /// # Errors
    /// Those of `send`.
    pub(super) fn take_messages<E>(
        &self,
        seat: &Seat,
        all: bool,
        send: impl FnMut(Broadcast<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(seat, all, |log, range, without| log.messages(range, without).try_for_each(send))
    }

    fn take<E>(
        &self,
        seat: &Seat,
        all: bool,
        send: impl FnOnce(&MessageLog, Range<u64>, Option<u64>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.state.borrow_mut();
        seat.looks();
        let end = if state.stagger.is_some() && !all { seat.released.get() } else { state.log.end() };
        let begin = seat.taken.replace(end);
        if begin == end {
            return Ok(());
        }
        let result = send(&state.log, begin..end, self.left_out(seat));
        if end == state.log.end() {
            state.behind -= 1;
        }
        state.takes += 1;
        if state.behind == 0 || state.takes >= state.seats.len() {
            state.forget(&self.settings);
        }
        result
    }

    /// Whether a member may send more now. If not, its task is woken when it may.
    pub(super) fn may_publish(&self, seat: &Seat) -> bool {
        let mut state = self.state.borrow_mut();
        if !state.is_full(&self.settings) {
            return true;
        }
        if !seat.waits.replace(true) {
            state.waiting += 1;
        }
        false
    }

    /// The member whose own messages are left out when this one takes messages.
    fn left_out(&self, seat: &Seat) -> Option<u64> {
        (self.settings.options.own == OwnCopy::Refuse).then_some(seat.member)
    }
}

impl RoomState {
    /// Forgets what every member has taken.
    fn forget(&mut self, settings: &RoomSettings) {
        let end = if self.behind == 0 { None } else { self.seats.iter().map(|seat| seat.taken.get()).min() };
        self.log.forget_before(end.unwrap_or(self.log.end()));
        if settings.options.replay > 0 && settings.account.is_far_over() {
            self.log.forget_kept();
        }
        self.takes = 0;
        self.account(settings);
        if self.waiting > 0 && !self.is_full(settings) {
            self.waiting = 0;
            self.seats.iter().filter(|seat| seat.waits.take()).for_each(|seat| seat.wake());
        }
    }

    /// Whether the members must take some messages before the next one comes.
    fn is_full(&self, settings: &RoomSettings) -> bool {
        let held = self.log.held_bytes();
        held > settings.held_limit || (held > 0 && settings.account.is_far_over())
    }

    fn account(&mut self, settings: &RoomSettings) {
        let held = self.fixed_bytes + self.log.bytes();
        settings.account.change(self.accounted, held);
        self.accounted = held;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.settings.account.change(self.state.get_mut().accounted, 0);
    }
}
