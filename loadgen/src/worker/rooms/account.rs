//! Takes what comes to a client in a room.

use super::recorder::RoomRecorder;
use crate::{
    clock::Time,
    ledger::MessageEvent,
    rooms::RoomLedger,
    worker::{client_sink::Account, clients::Client, recorder::Recorder},
};

/// A client in a room, whose messages the ledger of rooms takes.
pub(super) struct RoomAccount<'a> {
    pub(super) slot: usize,
    /// Index of the client's group.
    pub(super) group: usize,
    pub(super) ledger: &'a mut RoomLedger,
    pub(super) recorder: RoomRecorder<'a>,
}

impl Account for RoomAccount<'_> {
    #[inline]
    fn client(&mut self) -> &mut Client {
        &mut self.recorder.clients.all[self.slot]
    }

    #[inline]
    fn recorder(&mut self) -> &mut Recorder {
        &mut self.recorder.groups[self.group].outcome.recorder
    }

    #[cold]
    fn joined(&mut self, at: Time) {
        self.ledger.joined(self.slot, at);
    }

    #[inline]
    fn message(&mut self, at: Time, event: MessageEvent<'_>) {
        self.ledger.received(self.slot, event, at, &mut self.recorder);
    }
}
