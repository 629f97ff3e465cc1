//! The members of rooms, and the rooms that have any.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
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

/// The rooms of a thread that have members.
#[derive(Debug)]
pub(crate) struct Rooms {
    settings: Rc<RoomSettings>,
    by_path: RefCell<HashMap<Rc<str>, Rc<Room>>>,
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
        Self { settings, by_path: RefCell::default(), last_room, last_member, last_read }
    }

    /// Lets a connection to `peer` into the room `path`, until the member is dropped. `waker` wakes
    /// its task when there is something to take.
    pub(crate) fn join(self: &Rc<Self>, path: &str, peer: SocketAddr, waker: Waker) -> Member {
        let room = self.room(path);
        let seat = room.join(next(&self.last_member), waker);
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
            self.rooms.by_path.borrow_mut().remove(&self.room.path);
        }
    }
}
