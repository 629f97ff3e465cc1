//! Replies of several events: the one that matches `--until` is the last.

use crate::ledger::{Expectation, Finding, Ledger, LedgerSink, Subject};

/// Messages whose replies began and have not ended, with the events that came so far. By sequence.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Replies {
    begun: Vec<(u64, u32)>,
}

impl Replies {
    /// Events of the reply to message `sequence` so far.
    pub(in crate::ledger) fn events(&self, sequence: u64) -> u32 {
        self.place(sequence).map_or(0, |at| self.begun[at].1)
    }

    /// Adds an event of the reply to message `sequence`. True if it is the first.
    fn add(&mut self, sequence: u64) -> bool {
        match self.place(sequence) {
            Ok(at) => {
                self.begun[at].1 = self.begun[at].1.saturating_add(1);
                false
            }
            Err(at) => {
                self.begun.insert(at, (sequence, 1));
                true
            }
        }
    }

    /// Forgets the reply to message `sequence`, which has its fate.
    pub(in crate::ledger) fn end(&mut self, sequence: u64) {
        if let Ok(at) = self.place(sequence) {
            self.begun.remove(at);
        }
    }

    fn place(&self, sequence: u64) -> Result<usize, usize> {
        self.begun.binary_search_by_key(&sequence, |(begun, _)| *begun)
    }
}

impl Ledger {
    /// Decides about an event that belongs to message `sequence` of this client.
    pub(super) fn belongs(
        &mut self,
        expectation: &Expectation,
        sequence: u64,
        event: &[u8],
        sink: &mut impl LedgerSink,
    ) {
        let known = Subject { sequence: Some(sequence), times: None };
        if !self.was_sent(sequence) {
            sink.finding(Finding::Unexpected, known, event);
        } else if self.times(sequence).is_none() {
            // Of a late reply of several events, each is late.
            let is_last = expectation.until.as_ref().is_none_or(|until| until.is_match(event));
            let late = if is_last { self.take_unanswered(sequence) } else { self.is_unanswered(sequence) };
            if late {
                sink.late(sequence);
            } else {
                sink.finding(Finding::Duplicated, known, event);
            }
        } else {
            self.replied(expectation, sequence, event, sink);
        }
    }

    /// Records that an event is the reply to message `sequence`, which is in flight, or a part of
    /// the reply.
    pub(super) fn replied(
        &mut self,
        expectation: &Expectation,
        sequence: u64,
        event: &[u8],
        sink: &mut impl LedgerSink,
    ) {
        match &expectation.until {
            None => self.matched(expectation, sequence, sink),
            Some(until) if until.is_match(event) => self.completed(expectation, sequence, sink),
            Some(_) => {
                if let Some(times) = self.times(sequence) {
                    let first = self.replies.get_or_insert_default().add(sequence);
                    sink.partial(sequence, times, first);
                }
            }
        }
    }

    /// Records the last event of the reply to message `sequence`.
    fn completed(&mut self, expectation: &Expectation, sequence: u64, sink: &mut impl LedgerSink) {
        let earlier = self.events_so_far(sequence);
        if let Some((times, overtaken)) = self.arrived(expectation, sequence) {
            sink.completed(sequence, times, overtaken, earlier);
        }
    }

    /// Events of the reply to message `sequence` so far. Its last is not among them.
    pub(in crate::ledger) fn events_so_far(&self, sequence: u64) -> u32 {
        self.replies.as_ref().map_or(0, |replies| replies.events(sequence))
    }
}
