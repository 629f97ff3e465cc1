//! What a connection brings, on its way into the books.

use super::{Client, State};
use crate::clock::Time;
use crate::engine::{Cause, Read, Sink};
use crate::ledger::{Event, Terms};
use crate::worker::recorder::Recorder;

/// Books what one connection brings.
pub(super) struct Intake<'a> {
    client: &'a mut Client,
    recorder: &'a mut Recorder,
    terms: &'a Terms,
    /// The last read.
    pub(super) last: Option<Time>,
    /// How the connection ended, if it did.
    pub(super) cause: Option<Cause>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(client: &'a mut Client, recorder: &'a mut Recorder, terms: &'a Terms) -> Self {
        Self { client, recorder, terms, last: None, cause: None }
    }
}

impl Sink for Intake<'_> {
    #[inline]
    fn in_order<'b>(&mut self, at: Time, mut events: impl Iterator<Item = Event<'b>>) -> Option<Event<'b>> {
        if self.client.state == State::Settled {
            return events.next(); // What comes too late is not what must come.
        }
        let mut book = self.recorder.book(self.terms, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.received_in_order(self.terms, events, &mut book)
    }

    #[inline]
    fn message(&mut self, at: Time, event: Event<'_>) {
        if self.client.state != State::Settled {
            let mut book = self.recorder.book(self.terms, self.client.ledger.client(), self.client.local, at);
            self.client.ledger.received(self.terms, event, &mut book);
        }
    }

    fn offence(&mut self, at: Time, event: Event<'_>) {
        if self.client.state != State::Settled {
            let mut book = self.recorder.book(self.terms, self.client.ledger.client(), self.client.local, at);
            self.client.ledger.offended(self.terms, event, &mut book);
        }
    }

    fn read(&mut self, at: Time, read: Read) {
        self.recorder.read(at, read);
        self.recorder.evidence.read(read.bytes, read.messages + read.controls);
        self.last = Some(at);
    }

    fn ended(&mut self, cause: Cause) {
        self.cause = Some(cause);
    }
}
