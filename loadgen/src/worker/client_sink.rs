//! Passes what a connection brings on to its client's ledger.

use super::{
    clients::Client,
    dialogue::{GroupDialogue, Taken},
    lifecycle::ClientState,
};
use crate::{
    clock::Time,
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger::{Expectation, MessageEvent, OtherEvent},
    schedule::pings::PingPayload,
    transport::{ConnectError, Opened},
    worker::recorder::Recorder,
};

/// Takes the messages that a connection brings, and records what they are.
pub(super) trait Account {
    fn client(&mut self) -> &mut Client;

    fn recorder(&mut self) -> &mut Recorder;

    /// The client has joined: it is open, and has said what it must say first.
    fn joined(&mut self, _at: Time) {}

    /// Takes events while each is the message that must come next: [`EventSink::in_order`].
    fn in_order<'b>(
        &mut self,
        _at: Time,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
    ) -> Option<MessageEvent<'b>> {
        events.next()
    }

    fn message(&mut self, at: Time, event: MessageEvent<'_>);

    /// A message with which the server broke a rule of the protocol.
    fn offence(&mut self, _at: Time, _event: MessageEvent<'_>) {}
}

/// A client's own ledger.
pub(super) struct LedgerAccount<'a> {
    pub(super) client: &'a mut Client,
    pub(super) recorder: &'a mut Recorder,
    pub(super) expectation: &'a Expectation,
}

/// Passes what a connection brings on to its client's ledger and the recorder.
pub(super) struct ClientSink<'a, A> {
    account: A,
    slot: usize,
    /// The state of the client, as far as this read has changed it.
    state: ClientState,
    dialogue: Option<&'a mut GroupDialogue>,
    /// Events may belong to the dialogue.
    hears: bool,
    /// The last read.
    pub(super) last: Option<Time>,
    /// Bytes of all reads.
    pub(super) bytes: u64,
    /// What became of the connection, if that changed.
    pub(super) change: Option<Box<ConnectionChange>>,
}

/// What became of a connection. It may open and end in one turn.
#[derive(Debug, Default)]
pub(super) struct ConnectionChange {
    pub(super) opened: Option<(Time, Opened)>,
    /// When its client joined.
    pub(super) joined: Option<Time>,
    pub(super) failed: Option<(Time, ConnectError)>,
    pub(super) ended: Option<ConnectionEnd>,
    /// Pongs that may answer pings, and when they came.
    pub(super) pongs: Vec<(Time, PingPayload)>,
}

impl Account for LedgerAccount<'_> {
    #[inline]
    fn client(&mut self) -> &mut Client {
        self.client
    }

    #[inline]
    fn recorder(&mut self) -> &mut Recorder {
        self.recorder
    }

    #[inline]
    fn in_order<'b>(&mut self, at: Time, events: impl Iterator<Item = MessageEvent<'b>>) -> Option<MessageEvent<'b>> {
        let mut sink =
            self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.received_in_order(self.expectation, events, &mut sink)
    }

    #[inline]
    fn message(&mut self, at: Time, event: MessageEvent<'_>) {
        let mut sink =
            self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.received(self.expectation, event, &mut sink);
    }

    fn offence(&mut self, at: Time, event: MessageEvent<'_>) {
        let mut sink =
            self.recorder.for_connection(self.expectation, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.protocol_violation(self.expectation, event, &mut sink);
    }
}

impl<'a, A: Account> ClientSink<'a, A> {
    pub(super) fn new(slot: usize, mut account: A, dialogue: Option<&'a mut GroupDialogue>) -> Self {
        let state = account.client().state;
        let hears = dialogue.as_ref().is_some_and(|dialogue| dialogue.hears() || state == ClientState::Joining);
        Self { account, slot, state, dialogue, hears, last: None, bytes: 0, change: None }
    }

    /// Takes an event that belongs to the dialogue. False if it belongs to the messages.
    #[cold]
    fn hear(&mut self, at: Time, event: MessageEvent<'_>) -> bool {
        let Some(dialogue) = &mut self.dialogue else { return false };
        dialogue.remember(self.account.client().ledger.client(), event.bytes);
        // Nothing may follow a Close: RFC 6455, section 5.5.1.
        let may_say = self.state != ClientState::Closing;
        let Some(taken) = dialogue.hear(self.slot, event.bytes, at, may_say) else { return false };
        match taken {
            Taken::ToAnswer => {}
            Taken::As(other) => self.account.recorder().other_event(other, at),
            Taken::Joined => {
                self.account.recorder().other_event(OtherEvent::Joined, at);
                self.joined(at);
            }
        }
        true
    }

    /// The client has joined. What comes after that in the same read belongs to the messages.
    fn joined(&mut self, at: Time) {
        self.state = ClientState::Open;
        self.account.joined(at);
        self.hears = self.dialogue.as_ref().is_some_and(|dialogue| dialogue.hears());
        self.change.get_or_insert_default().joined = Some(at);
    }
}

impl<A: Account> EventSink for ClientSink<'_, A> {
    #[cold]
    fn opened(&mut self, at: Time, opened: Opened) {
        let client = self.account.client();
        (client.local, client.compresses) = (opened.local, opened.answer.compression.is_some());
        if let Some(dialogue) = self.dialogue.as_mut().filter(|dialogue| dialogue.joins()) {
            (self.state, self.hears) = (ClientState::Joining, true);
            if dialogue.opened(self.slot, at, opened.phases) {
                self.joined(at);
            }
        } else {
            self.account.joined(at);
        }
        self.change.get_or_insert_default().opened = Some((at, opened));
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
        if self.state == ClientState::Settled || self.hears {
            return events.next(); // What comes too late is not what must come.
        }
        self.account.in_order(at, events)
    }

    #[inline]
    fn message(&mut self, at: Time, event: MessageEvent<'_>) {
        if self.state != ClientState::Settled && !(self.hears && self.hear(at, event)) {
            self.account.message(at, event);
        }
    }

    fn offence(&mut self, at: Time, event: MessageEvent<'_>) {
        match self.state {
            ClientState::Joining => self.account.recorder().other_event(OtherEvent::Ignored, at),
            ClientState::Settled => {}
            _ => self.account.offence(at, event),
        }
    }

    #[cold]
    fn pong(&mut self, at: Time, payload: &[u8]) {
        if let Ok(payload) = payload.try_into() {
            self.change.get_or_insert_default().pongs.push((at, payload));
        }
    }

    fn read(&mut self, at: Time, read: ReadBatch) {
        let recorder = self.account.recorder();
        recorder.read(at, read);
        recorder.evidence.read(read.bytes, read.messages + read.controls);
        if self.account.client().compresses {
            self.account.recorder().read_compressed(at, read);
        }
        self.last = Some(at);
        self.bytes += read.bytes;
    }

    #[cold]
    fn ended(&mut self, cause: ConnectionEnd) {
        self.change.get_or_insert_default().ended = Some(cause);
    }
}
