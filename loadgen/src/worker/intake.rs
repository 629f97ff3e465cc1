//! What a connection brings, on its way into the books.

use super::{Client, State};
use crate::clock::Time;
use crate::engine::{Arrivals, Cause, Read, Sink};
use crate::ledger::{self, Book, Event, Terms};
use crate::recorder::Recorder;

/// Books what one connection brings.
pub(super) struct Intake<'a> {
    client: &'a mut Client,
    recorder: &'a mut Recorder,
    terms: &'a Terms,
    /// The last read.
    pub(super) last: Option<Time>,
    /// The last read that brought more than control frames.
    pub(super) heard: Option<Time>,
    /// How the connection ended, if it did.
    pub(super) cause: Option<Cause>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(client: &'a mut Client, recorder: &'a mut Recorder, terms: &'a Terms) -> Self {
        Self { client, recorder, terms, last: None, heard: None, cause: None }
    }
}

impl Sink for Intake<'_> {
    #[inline]
    fn arrivals(&mut self, at: Time) -> impl Arrivals {
        // What comes too late is not what must come.
        let taking = self.client.state != State::Settled;
        let book = self.recorder.book(self.terms, self.client.ledger.client(), self.client.local, at);
        self.client.ledger.arrivals(taking.then_some(self.terms), book)
    }

    #[inline]
    fn message(&mut self, at: Time, event: Event<'_>) {
        if self.client.state != State::Settled {
            let mut book = self.recorder.book(self.terms, self.client.ledger.client(), self.client.local, at);
            self.client.ledger.received(self.terms, event, &mut book);
        }
    }

    fn read(&mut self, at: Time, read: Read) {
        self.recorder.read(at, read);
        self.recorder.evidence.read(read.bytes, read.frames);
        self.last = Some(at);
        if read.messages > 0 || read.frames == 0 {
            self.heard = Some(at); // Messages, or a part of one (or of a control frame).
        }
    }

    fn ended(&mut self, cause: Cause) {
        self.cause = Some(cause);
    }
}

impl<B: Book> Arrivals for ledger::Arrivals<'_, B> {
    #[inline]
    fn take(&mut self, event: Event<'_>) -> bool {
        ledger::Arrivals::take(self, event)
    }
}
