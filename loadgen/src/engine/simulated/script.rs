//! What simulated peers do, as data.

use std::{cell::RefCell, collections::BTreeMap, ops::Range, rc::Rc};

use crate::clock::Time;

/// What the peers do, and what happens to the worker's thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// What the peer of each slot does. Slots beyond have the last one.
    pub(crate) peers: Vec<PeerScript>,
    /// When the thread is stopped, and for how many nanoseconds.
    pub(crate) stops: Vec<(Time, u64)>,
    /// Messages go to everyone in a room, instead of back to their sender.
    pub(crate) rooms: Option<RoomScript>,
    /// Nanoseconds of work that a read or a write takes. The least is 100.
    pub(crate) work: u64,
    /// What peers received of the texts that they know, in order: slot, and text.
    pub(crate) heard: Rc<RefCell<Vec<(usize, String)>>>,
}

/// A server that sends what it gets to everyone in a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoomScript {
    /// The room of each slot.
    pub(crate) rooms: Vec<usize>,
    /// The sender gets its message, too.
    pub(crate) own: bool,
    /// Keeps messages for members that are away, and sends them when they are back.
    pub(crate) keeps: bool,
    /// Nanoseconds from one receiver to the next. They follow in the order of their slots.
    pub(crate) stagger: u64,
    /// What goes wrong, by the sender's slot, how many messages it sent before, and the receiver's
    /// slot.
    pub(crate) faults: BTreeMap<(usize, u64, usize), Fault>,
}

/// What the peer of a connection does.
#[derive(Clone, Debug)]
pub(crate) struct PeerScript {
    /// What comes of each attempt to open. Further attempts have the last one.
    pub(crate) openings: Vec<OpeningScript>,
    /// Nanoseconds from a message to its reply.
    pub(crate) delay: u64,
    /// What goes wrong with a message, by how many came before it.
    pub(crate) faults: BTreeMap<u64, Fault>,
    /// From then on nothing is replied to.
    pub(crate) silent_from: Time,
    /// When it does not read. `buffer` bytes fit the kernel's buffers meanwhile.
    pub(crate) unread: Vec<Range<Time>>,
    pub(crate) buffer: u64,
    /// How a connection ends that is open at the time.
    pub(crate) ends: Vec<(Time, EndScript)>,
    /// What it sends when a connection has opened, and how many nanoseconds later.
    pub(crate) greetings: Vec<(u64, &'static str)>,
    /// What it sends to a connection that is open at the time.
    pub(crate) pushes: Vec<(Time, &'static str)>,
    /// Texts that it knows, and what it sends for them in place of an echo, so many nanoseconds
    /// later.
    pub(crate) replies: BTreeMap<&'static str, Vec<(u64, &'static str)>>,
    /// Texts that make it close, with this code.
    pub(crate) closes_on: BTreeMap<&'static str, u16>,
    /// Nanoseconds to the answer to a ping; none if there is no answer.
    pub(crate) pong: Option<u64>,
    /// Nanoseconds to the answer to a Close; none if there is no answer.
    pub(crate) close: Option<u64>,
}

/// What comes of an attempt to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpeningScript {
    /// It opens after this many nanoseconds.
    Opens(u64),
    /// It fails after this many nanoseconds, with this kind of error.
    Fails(u64, &'static str),
    /// It fails once the route's time-out is over.
    TimesOut,
}

/// What goes wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing comes back.
    Lose,
    /// It comes back twice.
    Duplicate,
    /// It comes back in time, and again this many nanoseconds later.
    Repeat(u64),
    /// A byte is wrong.
    Corrupt,
    /// It comes back on the connection in this slot.
    Misroute(usize),
    /// It comes back this many nanoseconds later.
    Delay(u64),
    /// Its beginning comes in time, and the rest this many nanoseconds later.
    Withhold(u64),
}

/// How the peer ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndScript {
    /// With a Close frame of this code.
    Close(u16),
    /// With a TCP reset.
    Reset,
    /// It closes TCP without a Close frame.
    Eof,
    /// It breaks a rule of the protocol.
    ProtocolError,
}

/// An echo after a millisecond.
impl Default for PeerScript {
    fn default() -> Self {
        Self {
            openings: vec![OpeningScript::Opens(100_000)],
            delay: 1_000_000,
            faults: BTreeMap::new(),
            silent_from: Time::NEVER,
            unread: Vec::new(),
            buffer: 64 * 1024,
            ends: Vec::new(),
            greetings: Vec::new(),
            pushes: Vec::new(),
            replies: BTreeMap::new(),
            closes_on: BTreeMap::new(),
            pong: Some(100_000),
            close: Some(100_000),
        }
    }
}

impl PeerScript {
    /// When the peer reads, if it does not at `now`.
    pub(super) fn reads_again(&self, now: Time) -> Option<Time> {
        self.unread.iter().find(|unread| unread.contains(&now)).map(|unread| unread.end)
    }
}
