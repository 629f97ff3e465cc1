//! Passes what a connection brings on to its client's ledger.

use super::clients::{Client, ClientState};
use crate::{
    clock::Time,
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger::{Expectation, MessageEvent},
    transport::{ConnectError, Opened},
    worker::recorder::Recorder,
};

/// Passes what a connection brings on to its client's ledger and the recorder.
pub(super) struct ClientSink<'a> {
    client: &'a mut Client,
    recorder: &'a mut Recorder,
    expectation: &'a Expectation,
    /// The last read.
    pub(super) last: Option<Time>,
    /// What became of the connection, if that changed.
    pub(super) change: Option<Box<ConnectionChange>>,
}

/// What became of a connection. It may open and end in one turn.
#[derive(Debug, Default)]
pub(super) struct ConnectionChange {
    pub(super) opened: Option<Opened>,
    pub(super) failed: Option<(Time, ConnectError)>,
    pub(super) ended: Option<ConnectionEnd>,
}

impl<'a> ClientSink<'a> {
    pub(super) fn new(client: &'a mut Client, recorder: &'a mut Recorder, expectation: &'a Expectation) -> Self {
        Self { client, recorder, expectation, last: None, change: None }
    }
}

impl EventSink for ClientSink<'_> {
    #[cold]
    fn opened(&mut self, _at: Time, opened: Opened) {
        self.client.local = opened.local;
        self.change.get_or_insert_default().opened = Some(opened);
    }

    #[cold]
    fn failed(&mut self, at: Time, error: ConnectError) {
        self.change.get_or_insert_default().failed = Some((at, error));
    }

    #[inline]
    fn in_order<'b>(
        &mut self,
        at: Time,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
    ) -> Option<MessageEvent<'b>> {
        if self.client.state == ClientState::Settled {
            return events.next(); // What comes too late is not what must come.
        }
        let mut sink =
            self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.received_in_order(self.expectation, events, &mut sink)
    }

    #[inline]
    fn message(&mut self, at: Time, event: MessageEvent<'_>) {
        if self.client.state != ClientState::Settled {
            let mut sink =
                self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
            self.client.ledger.received(self.expectation, event, &mut sink);
        }
    }

    fn offence(&mut self, at: Time, event: MessageEvent<'_>) {
        if self.client.state != ClientState::Settled {
            let mut sink =
                self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
            self.client.ledger.protocol_violation(self.expectation, event, &mut sink);
        }
    }

    fn read(&mut self, at: Time, read: ReadBatch) {
        self.recorder.read(at, read);
        self.recorder.evidence.read(read.bytes, read.messages + read.controls);
        self.last = Some(at);
    }

    #[cold]
    fn ended(&mut self, cause: ConnectionEnd) {
        self.change.get_or_insert_default().ended = Some(cause);
    }
}
