//! `--expect reply=TEXT`: an event is the reply to the oldest message, and must be this text.

use crate::{
    ledger::{Expectation, Finding, Ledger, LedgerSink, MessageEvent, Subject},
    message::MessageKind,
};

impl Ledger {
    pub(super) fn received_reply(
        &mut self,
        expectation: &Expectation,
        text: &[u8],
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        let Some(sequence) = self.oldest() else {
            return sink.finding(Finding::Unexpected, Subject::default(), event.bytes);
        };
        if event.kind == MessageKind::Text && event.bytes == text {
            return self.replied(expectation, sequence, event.bytes, sink);
        }
        let repeats = event.bytes.len().checked_div(text.len()).filter(|&n| n > 1 && event.bytes == text.repeat(n));
        let finding = match repeats {
            Some(_) => Finding::Coalesced,
            None if event.bytes == text => Finding::WrongType,
            None => Finding::Corrupted,
        };
        sink.finding(finding, self.subject(sequence), event.bytes);
        for _ in 0..repeats.unwrap_or(1) {
            if let Some(sequence) = self.oldest() {
                self.damaged(sequence, sink);
            }
        }
    }
}
