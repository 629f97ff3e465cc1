//! The short path through a [`Ledger`]: messages that come back whole and in order.

use super::{Expectation, Ledger, LedgerSink, MessageEvent, matcher::Matcher, pending::PendingState};
use crate::message::{ClientMessages, MessageKind, Source, only_mark};

impl Ledger {
    /// Takes events of one read while each is the oldest message in flight, whole, and sequences
    /// are in a row. Records them together. Returns the first event that is not, untouched. Unless
    /// an echo of generated messages or a mark is expected, that is the first event.
    #[inline]
    pub fn received_in_order<'b>(
        &mut self,
        expectation: &Expectation,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
        sink: &mut impl LedgerSink,
    ) -> Option<MessageEvent<'b>> {
        if !matches!(expectation.matcher, Matcher::Echo) {
            return self.others_in_order(expectation, events, sink);
        }
        let series = expectation.payload().of(self.client);
        let (first, places) = self.front();
        let mut expected = (first..).zip(places);
        let mut taken = 0;
        let stray = loop {
            let Some(event) = events.next() else { break None };
            match expected.next() {
                Some((sequence, &place)) if is_next(&series, sequence, place, event) => taken += 1,
                _ => break Some(event),
            }
        };
        if taken > 0 {
            self.arrived_together(expectation, first, taken, sink);
        }
        stray
    }

    /// [`Self::received_in_order`] where marks or messages of several sizes are expected.
    #[inline(never)]
    fn others_in_order<'b>(
        &mut self,
        expectation: &Expectation,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
        sink: &mut impl LedgerSink,
    ) -> Option<MessageEvent<'b>> {
        let client = self.client;
        match (&expectation.matcher, &expectation.source) {
            (Matcher::Mark(matcher), _) if expectation.until.is_none() => {
                let marks = matcher.marks_of(client);
                self.taken_in_order(expectation, events, sink, |sequence, place, event| {
                    place != PendingState::Gone
                        && only_mark(event.bytes).is_some_and(|mark| marks.is_whole(sequence, MessageKind::Text, mark))
                })
            }
            (Matcher::VariedEcho, Source::Varied(payload)) => {
                let series = payload.of(client);
                self.taken_in_order(expectation, events, sink, |sequence, place, MessageEvent { kind, bytes }| {
                    match place {
                        PendingState::Checked(checksum) => series.is(sequence, checksum, kind, bytes),
                        PendingState::InFlight => series.is_whole(sequence, kind, bytes),
                        PendingState::Gone => false,
                    }
                })
            }
            _ => events.next(),
        }
    }

    /// Takes events while each is the oldest message in flight, as `is_next` says.
    #[inline]
    fn taken_in_order<'b>(
        &mut self,
        expectation: &Expectation,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
        sink: &mut impl LedgerSink,
        is_next: impl Fn(u64, PendingState, MessageEvent<'b>) -> bool,
    ) -> Option<MessageEvent<'b>> {
        let (first, places) = self.front();
        let mut expected = (first..).zip(places);
        let mut taken = 0;
        let stray = loop {
            let Some(event) = events.next() else { break None };
            match expected.next() {
                Some((sequence, &place)) if is_next(sequence, place, event) => taken += 1,
                _ => break Some(event),
            }
        };
        if taken > 0 {
            self.arrived_together(expectation, first, taken, sink);
        }
        stray
    }

    /// The sequence of the oldest message in flight, and the messages from it on whose sequences
    /// are in a row.
    #[inline]
    fn front(&self) -> (u64, &[PendingState]) {
        let (base, places) = (self.pending.base(), self.pending.places());
        match &self.skipped {
            None => (base, places),
            Some(skipped) => (skipped.sequence(base), &places[..skipped.in_a_row(base).min(places.len())]),
        }
    }

    /// Records that the oldest `taken` messages arrived in order. The first is message `sequence`.
    #[inline]
    fn arrived_together(&mut self, expectation: &Expectation, sequence: u64, taken: usize, sink: &mut impl LedgerSink) {
        let Self { pending, order, anomaly_state, .. } = self;
        let (first, end) = (pending.base(), pending.base() + taken as u64);
        let skipped = sequence - first;
        let overdue = anomaly_state.as_ref().and_then(|state| state.overdue.values().next());
        let low = overdue.map_or(end, |oldest| oldest.ordinal.min(end));
        let in_order = order.arrive_in_order(first, end - 1, low);
        pending.take_front(taken, |first, messages, times| {
            if in_order {
                return sink.matched(first + skipped, messages, times, false);
            }
            for ordinal in first..first + u64::from(messages) {
                let overtaken = order.arrive(ordinal, low);
                sink.matched(ordinal + skipped, 1, times, overtaken && expectation.keeps_order);
            }
        });
        // No more than are in flight, and those are counted in 32 bits.
        self.in_flight -= u32::try_from(taken).unwrap_or(self.in_flight);
        if self.pending.len() > self.in_flight as usize {
            self.trim();
        }
    }
}

/// Whether an event is message `sequence`, given what is known of it.
#[expect(clippy::inline_always, reason = "a read of 16 messages takes a tenth more instructions where this is a call")]
#[inline(always)]
fn is_next(series: &ClientMessages<'_>, sequence: u64, place: PendingState, event: MessageEvent<'_>) -> bool {
    let MessageEvent { kind, bytes } = event;
    match place {
        PendingState::Checked(checksum) => series.is(sequence, checksum, kind, bytes),
        PendingState::InFlight => series.is_whole(sequence, kind, bytes),
        PendingState::Gone => false,
    }
}
