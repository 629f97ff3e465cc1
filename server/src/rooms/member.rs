//! The members of rooms, and the rooms that have any.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    rc::Rc,
    task::Waker,
};

use frames::Message;

use super::{
    log::Broadcast,
    options::RoomsOptions,
    room::{Room, RoomSettings},
    seat::Seat,
};
use crate::{
    misbehaviour::{Origin, WakeTimer},
    registry::memory::MemoryAccount,
};

/// Rooms without members whose messages are kept.
const LEFT_KEPT: usize = 4096;

/// The rooms of a thread that have members, or keep messages.
#[derive(Debug)]
pub(crate) struct Rooms {
    settings: Rc<RoomSettings>,
    by_path: RefCell<HashMap<Rc<str>, Rc<Room>>>,
    /// Those without members, in the order in which they were left.
    left: RefCell<BTreeMap<u64, Rc<str>>>,
    last_room: Cell<u64>,
    last_member: Cell<u64>,
    /// Number of the last read that completed messages for rooms.
    last_read: Cell<u64>,
}

impl Rooms {
    /// Rooms that take no more messages while they hold over `held_limit` bytes of them. `account`
    /// counts what they hold. A `timer` is needed to stagger.
    pub(crate) fn new(
        options: RoomsOptions,
        held_limit: usize,
        account: Rc<MemoryAccount>,
        timer: Option<Rc<WakeTimer>>,
    ) -> Self {
        let settings = Rc::new(RoomSettings { options, held_limit, account, timer });
        let [last_room, last_member, last_read] = [const { Cell::new(0) }; 3];
        let (by_path, left) = <(RefCell<_>, RefCell<_>)>::default();
        Self { settings, by_path, left, last_room, last_member, last_read }
    }

    /// Lets a connection to `peer` into the room `path`, until the member is dropped. `waker` wakes
    /// its task when there is something to take. That may be what the room keeps, `after` the last
    /// message that contains this text.
    pub(crate) fn join(self: &Rc<Self>, path: &str, after: Option<&[u8]>, peer: SocketAddr, waker: Waker) -> Member {
        let room = self.room(path);
        if let Some(left) = room.left.take() {
            self.left.borrow_mut().remove(&left);
        }
        let seat = room.join(next(&self.last_member), after, waker);
        Member { rooms: Rc::clone(self), room, seat, peer, sent: 0, unannounced: false }
    }

    fn room(&self, path: &str) -> Rc<Room> {
        let mut by_path = self.by_path.borrow_mut();
        if let Some(room) = by_path.get(path) {
            return Rc::clone(room);
        }
        let path: Rc<str> = path.into();
        let room = Rc::new(Room::new(next(&self.last_room), Rc::clone(&path), &self.settings));
        by_path.insert(path, Rc::clone(&room));
        room
    }

    /// The last member of a room left. Forgets it, or the one that was left first if too many keep
    /// messages.
    fn left(&self, room: &Room) {
        let forgotten = if room.keeps() {
            let number = next(&self.last_member);
            room.left.set(Some(number));
            let mut left = self.left.borrow_mut();
            left.insert(number, Rc::clone(&room.path));
            if left.len() > LEFT_KEPT { left.pop_first().map(|(_, path)| path) } else { None }
        } else {
            Some(Rc::clone(&room.path))
        };
        if let Some(path) = forgotten {
            self.by_path.borrow_mut().remove(&path);
        }
    }
}

fn next(last: &Cell<u64>) -> u64 {
    last.set(last.get() + 1);
    last.get()
}

/// A connection in its room. It leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    rooms: Rc<Rooms>,
    room: Rc<Room>,
    seat: Rc<Seat>,
    peer: SocketAddr,
    /// Messages that it has sent.
    sent: u64,
    /// Whether some of them were not announced.
    unannounced: bool,
}

impl Member {
    /// The number of its room. No other room of the thread has it.
    pub(crate) fn room(&self) -> u64 {
        self.room.number
    }

    /// Sends a message of this member to its room. The others see it after
    /// [`announce`](Self::announce).
    #[inline(never)]
    pub(crate) fn publish(&mut self, message: Message<'_>) {
        let read = self.rooms.last_read.get() + 1;
        let origin = Origin { peer: self.peer, message: self.sent };
        self.room.publish(&self.seat, Broadcast { message, origin, read });
        self.sent += 1;
        self.unannounced = true;
    }

    /// Whether the room takes more. If not, the task of this member is woken when it does.
    #[inline(never)]
    pub(crate) fn may_publish(&self) -> bool {
        self.room.may_publish(&self.seat)
    }

    /// Gives `send` the frames that this member may take now, and how many messages they are. With
    /// `all`, it takes those as well whose time has not come.
    ///
    /// # Errors
    /// Those of `send`. The member has taken everything then.
    pub(crate) fn take_frames<E>(&mut self, all: bool, send: impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
        self.room.take_frames(&self.seat, all, send)
    }

    /// Gives `send` the messages that this member may take now, as
    /// [`take_frames`](Self::take_frames) does.
    ///
    /// # Errors
    /// Those of `send`. The member has taken everything then.
    pub(crate) fn take_messages<E>(
        &mut self,
        all: bool,
        send: impl FnMut(Broadcast<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.room.take_messages(&self.seat, all, send)
    }

    /// Has the others see what this member published.
    pub(crate) fn announce(&mut self) {
        if std::mem::take(&mut self.unannounced) {
            next(&self.rooms.last_read);
            self.room.announce(&self.seat);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.announce();
        if self.room.leave(&self.seat) {
            self.rooms.left(&self.room);
        }
    }
}
