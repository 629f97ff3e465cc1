//! The messages of a read that came whole, each in one frame.

use frames::{Decoder, Input, Kind as FrameKind, Message};

use crate::{engine::ReadBatch, ledger::MessageEvent, message::MessageKind};

/// Takes whole messages off a read and counts them.
pub(super) struct WholeMessages<'a, 'b> {
    pub(super) decoder: &'a Decoder,
    pub(super) input: &'a mut Input<'b>,
    pub(super) read: &'a mut ReadBatch,
}

impl<'b> Iterator for WholeMessages<'_, 'b> {
    type Item = MessageEvent<'b>;

    #[expect(
        clippy::inline_always,
        reason = "a read of 16 messages takes a tenth more instructions where this is a call"
    )]
    #[inline(always)]
    fn next(&mut self) -> Option<MessageEvent<'b>> {
        let message = self.decoder.next_whole(self.input)?;
        self.read.message(message.payload.len());
        Some(event(message))
    }
}

#[inline]
pub(super) fn event(message: Message<'_>) -> MessageEvent<'_> {
    let kind = match message.kind {
        FrameKind::Text => MessageKind::Text,
        FrameKind::Binary => MessageKind::Binary,
    };
    MessageEvent { kind, bytes: message.payload }
}
