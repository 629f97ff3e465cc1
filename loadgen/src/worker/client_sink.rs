//! Passes what a connection brings on to its client's ledger.

use super::{
    clients::{Client, ClientState},
    dialogue::{GroupDialogue, Taken},
};
use crate::{
    clock::Time,
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger::{Expectation, MessageEvent, OtherEvent},
    transport::{ConnectError, Opened},
    worker::recorder::Recorder,
};

/// Passes what a connection brings on to its client's ledger and the recorder.
pub(super) struct ClientSink<'a> {
    client: &'a mut Client,
    recorder: &'a mut Recorder,
    expectation: &'a Expectation,
    slot: usize,
    dialogue: Option<&'a mut GroupDialogue>,
    /// Events may belong to the dialogue.
    hears: bool,
    /// The last read.
    pub(super) last: Option<Time>,
    /// What became of the connection, if that changed.
    pub(super) change: Option<Box<ConnectionChange>>,
}

/// What became of a connection. It may open and end in one turn.
#[derive(Debug, Default)]
pub(super) struct ConnectionChange {
    pub(super) opened: Option<Opened>,
    /// When its client joined.
    pub(super) joined: Option<Time>,
    pub(super) failed: Option<(Time, ConnectError)>,
    pub(super) ended: Option<ConnectionEnd>,
}

impl<'a> ClientSink<'a> {
    pub(super) fn new(
        slot: usize,
        client: &'a mut Client,
        recorder: &'a mut Recorder,
        expectation: &'a Expectation,
        dialogue: Option<&'a mut GroupDialogue>,
    ) -> Self {
        let hears = dialogue.as_ref().is_some_and(|dialogue| dialogue.hears() || client.state == ClientState::Joining);
        Self { client, recorder, expectation, slot, dialogue, hears, last: None, change: None }
    }

    /// Takes an event that belongs to the dialogue. False if it belongs to the messages.
    #[cold]
    fn hear(&mut self, at: Time, event: MessageEvent<'_>) -> bool {
        let Some(dialogue) = &mut self.dialogue else { return false };
        // Nothing may follow a Close: RFC 6455, section 5.5.1.
        let may_say = self.client.state != ClientState::Closing;
        let Some(taken) = dialogue.hear(self.slot, event.bytes, at, may_say) else { return false };
        match taken {
            Taken::ToAnswer => {}
            Taken::As(other) => self.recorder.other_event(other, at),
            Taken::Joined => {
                self.recorder.other_event(OtherEvent::Joined, at);
                self.joined(at);
            }
        }
        true
    }

    /// The client has joined. What comes after that in the same read belongs to the messages.
    fn joined(&mut self, at: Time) {
        self.client.state = ClientState::Open;
        self.hears = self.dialogue.as_ref().is_some_and(|dialogue| dialogue.hears());
        self.change.get_or_insert_default().joined = Some(at);
    }
}

impl EventSink for ClientSink<'_> {
    #[cold]
    fn opened(&mut self, at: Time, opened: Opened) {
        self.client.local = opened.local;
        if let Some(dialogue) = self.dialogue.as_mut().filter(|dialogue| dialogue.joins()) {
            (self.client.state, self.hears) = (ClientState::Joining, true);
            if dialogue.opened(self.slot, at, opened.phases) {
                self.joined(at);
            }
        }
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
        if self.client.state == ClientState::Settled || self.hears {
            return events.next(); // What comes too late is not what must come.
        }
        let mut sink =
            self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.received_in_order(self.expectation, events, &mut sink)
    }

    #[inline]
    fn message(&mut self, at: Time, event: MessageEvent<'_>) {
        if self.client.state != ClientState::Settled && !(self.hears && self.hear(at, event)) {
            let mut sink =
                self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
            self.client.ledger.received(self.expectation, event, &mut sink);
        }
    }

    fn offence(&mut self, at: Time, event: MessageEvent<'_>) {
        if self.client.state == ClientState::Joining {
            self.recorder.other_event(OtherEvent::Ignored, at);
        } else if self.client.state != ClientState::Settled {
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
