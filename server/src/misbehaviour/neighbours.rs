//! Where misrouted answers go: the other open connections of the same thread.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, task::Waker};

use super::fault::Misrouted;

/// The open connections of one thread, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(super) struct Neighbours(RefCell<BTreeMap<u64, Rc<Neighbour>>>);

impl Neighbours {
    /// Lets connection number `connection`, in this `room` if it has one, receive answers of others
    /// until it [leaves](Self::leave). `waker` wakes its task when an answer has come.
    pub(super) fn join(&self, connection: u64, room: Option<u64>, waker: &Waker) -> Rc<Neighbour> {
        let neighbour = Rc::new(Neighbour { connection, room, waker: waker.clone(), answers: RefCell::default() });
        self.0.borrow_mut().insert(connection, Rc::clone(&neighbour));
        neighbour
    }

    /// Ends what [`join`](Self::join) began.
    pub(super) fn leave(&self, connection: u64) {
        self.0.borrow_mut().remove(&connection);
    }

    /// Another connection than number `connection`, chosen by `lot`. It is in another room, if this
    /// one is in a room. `None` if there is no other.
    pub(super) fn other_than(&self, connection: u64, lot: u64) -> Option<Rc<Neighbour>> {
        let all = self.0.borrow();
        let room = all.get(&connection).and_then(|own| own.room);
        let is_other = |other: &Neighbour| other.connection != connection && (room.is_none() || other.room != room);
        let others = || all.values().filter(|other| is_other(other));
        let count = others().count() as u64;
        let index = usize::try_from(lot.checked_rem(count)?).ok()?;
        others().nth(index).cloned()
    }
}

/// An open connection, as others see it that give it answers to send.
#[derive(Debug)]
pub(super) struct Neighbour {
    connection: u64,
    room: Option<u64>,
    waker: Waker,
    answers: RefCell<Vec<Misrouted>>,
}

impl Neighbour {
    /// Has this connection send an answer of another one.
    pub(super) fn give(&self, misrouted: Misrouted) {
        self.answers.borrow_mut().push(misrouted);
        self.waker.wake_by_ref();
    }

    /// What others have given since the last call.
    pub(super) fn take(&self) -> Vec<Misrouted> {
        self.answers.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lot_chooses_another_open_connection() {
        let neighbours = Neighbours::default();
        let join = |number| neighbours.join(number, None, Waker::noop());
        let chosen = |lot| neighbours.other_than(1, lot).map(|neighbour| neighbour.connection);
        assert_eq!(chosen(7), None);
        join(1);
        assert_eq!(chosen(7), None);
        join(2);
        join(0);
        assert_eq!([4, 5, 6].map(chosen), [Some(0), Some(2), Some(0)]);
        neighbours.leave(0);
        assert_eq!([4, 5].map(chosen), [Some(2), Some(2)]);
    }

    #[test]
    fn the_other_connection_is_in_another_room() {
        let neighbours = Neighbours::default();
        let join = |number, room| neighbours.join(number, Some(room), Waker::noop());
        let chosen = |lot| neighbours.other_than(1, lot).map(|neighbour| neighbour.connection);
        join(1, 7);
        join(2, 7);
        assert_eq!(chosen(0), None);
        join(3, 8);
        join(4, 9);
        assert_eq!([0, 1, 2].map(chosen), [Some(3), Some(4), Some(3)]);
    }
}
