//! Messages that come back as they must.

use super::pending::Place;
use super::{Book, Event, Ledger, Terms};
use crate::message::Series;
use crate::plan::Expect;

impl Ledger {
    /// Takes the events of a read for as long as each is the oldest message in flight, whole, and books them together.
    /// The first that is not is handed back, and nothing was done about it. With `--expect count` and `reply=`, where
    /// any event will do, that is the first.
    #[inline]
    pub fn received_in_order<'b>(
        &mut self,
        terms: &Terms,
        mut events: impl Iterator<Item = Event<'b>>,
        book: &mut impl Book,
    ) -> Option<Event<'b>> {
        if !matches!(terms.expect, Expect::Echo) {
            return events.next();
        }
        let series = terms.payload.of(self.client);
        let mut expected = (self.pending.base()..).zip(self.pending.places());
        let mut taken = 0;
        let stray = loop {
            let Some(event) = events.next() else { break None };
            match expected.next() {
                Some((sequence, &place)) if is_next(&series, sequence, place, event) => taken += 1,
                _ => break Some(event),
            }
        };
        if taken > 0 {
            self.arrived_together(taken, book);
        }
        stray
    }

    /// Books the oldest `taken` messages, which arrived one behind the other.
    #[inline]
    fn arrived_together(&mut self, taken: usize, book: &mut impl Book) {
        let Self { pending, order, irregular, .. } = self;
        let (first, end) = (pending.base(), pending.base() + taken as u64);
        let overdue = irregular.as_ref().and_then(|irregular| irregular.overdue.keys().next());
        let low = overdue.map_or(end, |&oldest| oldest.min(end));
        let in_order = order.arrive_in_order(first, end - 1, low);
        pending.take_front(taken, |first, messages, times| {
            if in_order {
                return book.matched(first, messages, times, false);
            }
            for sequence in first..first + u64::from(messages) {
                let overtaken = order.arrive(sequence, low);
                book.matched(sequence, 1, times, overtaken);
            }
        });
        // As many are in flight, which are counted in 32 bits.
        self.in_flight -= u32::try_from(taken).unwrap_or(self.in_flight);
        if self.pending.len() > self.in_flight as usize {
            self.trim();
        }
    }
}

/// Whether an event is message `sequence`, of which `place` tells what is known.
#[expect(clippy::inline_always, reason = "a read of 16 messages takes a tenth more instructions where this is a call")]
#[inline(always)]
fn is_next(series: &Series<'_>, sequence: u64, place: Place, event: Event<'_>) -> bool {
    let Event { kind, bytes } = event;
    match place {
        Place::Checked(checksum) => series.is(sequence, checksum, kind, bytes),
        Place::InFlight => series.is_whole(sequence, kind, bytes),
        Place::Gone => false,
    }
}
