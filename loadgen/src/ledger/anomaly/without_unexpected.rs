//! A sink for events that need not be accounted for.

use crate::ledger::{Fate, Finding, LedgerSink, SendTimes, Subject};

/// Passes on everything except *unexpected*.
pub(super) struct WithoutUnexpected<'a, B>(pub(super) &'a mut B);

impl<B: LedgerSink> LedgerSink for WithoutUnexpected<'_, B> {
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool) {
        self.0.matched(first, messages, times, overtaken);
    }

    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]) {
        if finding != Finding::Unexpected {
            self.0.finding(finding, subject, received);
        }
    }

    fn fate(&mut self, fate: Fate, sequence: u64, times: SendTimes) {
        self.0.fate(fate, sequence, times);
    }

    fn completed(&mut self, sequence: u64, times: SendTimes, overtaken: bool, earlier: u32) {
        self.0.completed(sequence, times, overtaken, earlier);
    }

    fn partial(&mut self, sequence: u64, times: SendTimes, first: bool) {
        self.0.partial(sequence, times, first);
    }

    fn late(&mut self, sequence: u64) {
        self.0.late(sequence);
    }

    fn effort(&mut self, bytes: usize) -> u64 {
        self.0.effort(bytes)
    }

    fn spend(&mut self, bytes: u64) {
        self.0.spend(bytes);
    }
}
