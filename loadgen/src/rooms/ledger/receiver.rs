//! A client as a receiver.

use super::NOWHERE;
use crate::{clock::Time, rooms::Membership};

/// How long messages took to one receiver, in the measured phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverResponses {
    /// The client.
    pub receiver: u32,
    /// Deliveries that came.
    pub deliveries: u64,
    /// The sum of their response times, in nanoseconds.
    pub sum: u64,
}

/// A client of the worker.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) client: u32,
    /// Index of its room here, or [`NOWHERE`].
    pub(super) room: u32,
    /// Index of itself as a sender, or [`NOWHERE`].
    pub(super) sender: u32,
    pub(super) state: ReceiverState,
    pub(super) keeps_order: bool,
    pub(super) batched: bool,
    /// When it joined.
    pub(super) joined: Time,
    /// Index of what came to it of the first publisher of its room.
    pub(super) first: usize,
    pub(super) deliveries: u64,
    pub(super) response: u64,
}

/// What a receiver hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiverState {
    /// Nothing yet: it has not joined.
    Absent,
    /// Everything.
    Present,
    /// Nothing any more: its connection ended.
    Ended,
    /// Each delivery to it has its fate, and some had not come. What comes is too late.
    Settled,
}

impl Receiver {
    pub(super) fn new(membership: &Membership, client: u32, room: Option<usize>) -> Self {
        let group = membership.group(client);
        Self {
            client,
            room: room.and_then(|room| u32::try_from(room).ok()).unwrap_or(NOWHERE),
            sender: NOWHERE,
            state: ReceiverState::Absent,
            keeps_order: membership.keeps_order(group),
            batched: membership.is_batched(group),
            joined: Time::NEVER,
            first: 0,
            deliveries: 0,
            response: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sender::Sender, *};

    #[test]
    fn they_are_as_small_as_the_documents_say() {
        assert_eq!((size_of::<Receiver>(), size_of::<Sender>()), (48, 104));
    }
}
