//! Where misrouted answers go: the other open connections of the same thread.

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, rc::Rc, task::Waker};

use super::fault::Misrouted;

/// The open connections of one thread, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(super) struct Neighbours(RefCell<BTreeMap<u64, Rc<Neighbour>>>);

impl Neighbours {
    /// Lets connection number `connection`, to `peer`, receive answers of others until it
    /// [leaves](Self::leave). `waker` wakes its task when one has come.
    pub(super) fn join(&self, connection: u64, peer: SocketAddr, waker: &Waker) -> Rc<Neighbour> {
        let neighbour = Rc::new(Neighbour { peer, waker: waker.clone(), answers: RefCell::default() });
        self.0.borrow_mut().insert(connection, Rc::clone(&neighbour));
        neighbour
    }

    /// Ends what [`join`](Self::join) began.
    pub(super) fn leave(&self, connection: u64) {
        self.0.borrow_mut().remove(&connection);
    }

    /// Another connection than that of `peer`, chosen by `lot`. `None` if there is no other.
    pub(super) fn other_than(&self, peer: SocketAddr, lot: u64) -> Option<Rc<Neighbour>> {
        let all = self.0.borrow();
        let others = || all.values().filter(|neighbour| neighbour.peer != peer);
        let count = others().count() as u64;
        let index = usize::try_from(lot.checked_rem(count)?).ok()?;
        others().nth(index).cloned()
    }
}

/// An open connection, as others see it that give it answers to send.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub(super) peer: SocketAddr,
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

    fn peer(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn the_lot_chooses_another_open_connection() {
        let neighbours = Neighbours::default();
        let join = |number: u16| neighbours.join(number.into(), peer(number), Waker::noop());
        let chosen = |lot| neighbours.other_than(peer(1), lot).map(|neighbour| neighbour.peer.port());
        assert_eq!(chosen(7), None);
        join(1);
        assert_eq!(chosen(7), None);
        join(2);
        join(0);
        assert_eq!([4, 5, 6].map(chosen), [Some(0), Some(2), Some(0)]);
        neighbours.leave(0);
        assert_eq!([4, 5].map(chosen), [Some(2), Some(2)]);
    }
}
