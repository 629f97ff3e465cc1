//! `--expect count`: an event is the reply to the oldest message in flight.

use crate::ledger::{Expectation, Finding, Ledger, LedgerSink, MessageEvent, Subject};

impl Ledger {
    pub(super) fn received_any(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        match self.oldest() {
            Some(sequence) => self.replied(expectation, sequence, event.bytes, sink),
            None => sink.finding(Finding::Unexpected, Subject::default(), event.bytes),
        }
    }
}
