//! The messages of a read that came whole, each in one frame.

use frames::{Decoder, Input, Kind as FrameKind, Message};

use crate::engine::Read;
use crate::ledger::Event;
use crate::message::Kind;

/// Takes whole messages off a read, and counts them.
pub(super) struct Whole<'a, 'b> {
    pub(super) decoder: &'a Decoder,
    pub(super) input: &'a mut Input<'b>,
    pub(super) read: &'a mut Read,
}

impl<'b> Iterator for Whole<'_, 'b> {
    type Item = Event<'b>;

    #[expect(
        clippy::inline_always,
        reason = "a read of 16 messages takes a tenth more instructions where this is a call"
    )]
    #[inline(always)]
    fn next(&mut self) -> Option<Event<'b>> {
        let message = self.decoder.next_whole(self.input)?;
        self.read.message(message.payload.len());
        Some(event(message))
    }
}

#[inline]
pub(super) fn event(message: Message<'_>) -> Event<'_> {
    let kind = match message.kind {
        FrameKind::Text => Kind::Text,
        FrameKind::Binary => Kind::Binary,
    };
    Event { kind, bytes: message.payload }
}
