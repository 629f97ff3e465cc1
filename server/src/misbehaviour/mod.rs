//! What the server does wrong or late on purpose, for tests of programs that measure servers.
//!
//! An echo needs none of this. Without [`Options::delay`](crate::Options::delay) and
//! [`Options::faults`](crate::Options::faults), answers go straight back.
//!
//! - `fault` decides which message suffers which fault, and writes the ledger of what was done.
//! - `delay` draws how long each answer waits, and `stall` stops the whole server once.
//! - `answer_queue` holds the answers of a connection until they are due.
//! - `answer_sender` sends them: in time, late, to the wrong peer, or not at all.
//! - `neighbours` finds the wrong peer for a misrouted answer.
//! - `timer` wakes a connection when an answer is due, to the microsecond.

mod answer_queue;
mod answer_sender;
mod delay;
mod fault;
mod message;
mod neighbours;
mod stall;
mod timer;

use std::{net::SocketAddr, rc::Rc};

use self::{answer_queue::AnswerQueue, delay::DelaySource, fault::Injector, neighbours::Neighbours};
pub(crate) use self::{
    answer_sender::{AnswerSender, FaultRecord, FaultyEnd},
    fault::HOSTILE_REASON,
    message::{Origin, OwnedMessage},
    stall::stand_still,
    timer::WakeTimer,
};
pub use self::{
    delay::{Delay, DelayShape},
    fault::{BadRates, Fault, FaultKind, FaultLedger, Faults, UnknownFault},
    stall::Stall,
};

/// What the connections of one thread do wrong or late.
#[derive(Debug)]
pub(crate) struct Misbehaviour {
    delay: Option<Delay>,
    faults: Rc<Faults>,
    is_broadcast: bool,
    seed: u64,
    timer: Rc<WakeTimer>,
    neighbours: Rc<Neighbours>,
}

impl Misbehaviour {
    /// The delays and faults that the options ask for. `None` if they ask for neither. The `timer`
    /// must [run](WakeTimer::run) for answers to go out in time.
    ///
    /// With `is_broadcast`, messages suffer faults at each receiver.
    pub(crate) fn new(
        delay: Option<Delay>,
        faults: &Faults,
        seed: u64,
        is_broadcast: bool,
        timer: &Rc<WakeTimer>,
    ) -> Option<Self> {
        if delay.is_none() && faults.is_empty() {
            return None;
        }
        let (faults, timer, neighbours) = (Rc::new(faults.clone()), Rc::clone(timer), Rc::default());
        Some(Self { delay, faults, is_broadcast, seed, timer, neighbours })
    }

    /// Sends the answers of connection number `connection` of the server, to `peer`.
    pub(crate) fn sender(&self, connection: u64, peer: SocketAddr) -> AnswerSender {
        let receiver = self.is_broadcast.then_some(peer);
        let injector =
            (!self.faults.is_empty()).then(|| Injector::new(Rc::clone(&self.faults), self.seed, connection, receiver));
        let delays = self.delay.map(|delay| DelaySource::new(delay, self.seed, connection));
        let queue = AnswerQueue::new(injector, delays);
        AnswerSender::new(queue, connection, peer, &self.timer, &self.neighbours)
    }
}
