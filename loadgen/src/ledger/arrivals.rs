//! Messages that come back as they must.

use super::pending::Place;
use super::{Book, Event, Ledger, Terms};
use crate::payload::Series;

/// Messages of a read that come back as they went: each whole, and the oldest in flight. They are booked when this is
/// dropped, all together.
#[derive(Debug)]
pub struct Arrivals<'a, B: Book> {
    ledger: &'a mut Ledger,
    /// The messages of the client; none if none are taken.
    series: Option<Series<'a>>,
    /// How many arrived.
    taken: usize,
    book: B,
}

impl<'a, B: Book> Arrivals<'a, B> {
    /// Takes nothing without `terms`.
    #[inline]
    pub(super) fn new(ledger: &'a mut Ledger, terms: Option<&'a Terms>, book: B) -> Self {
        let series = terms.map(|terms| terms.payload.of(ledger.client));
        Self { ledger, series, taken: 0, book }
    }

    /// Takes an event that is the oldest message in flight, whole; false if it is anything else, and nothing was done.
    #[inline]
    pub fn take(&mut self, event: Event<'_>) -> bool {
        let (Some(series), Some(place)) = (&self.series, self.ledger.pending.place(self.taken)) else { return false };
        let sequence = self.ledger.pending.base() + self.taken as u64;
        let next = event.kind == series.kind(sequence)
            && match place {
                Place::Checked(checksum) => series.is(sequence, checksum, event.bytes),
                Place::InFlight => series.is_whole(sequence, event.bytes),
                Place::Gone => false,
            };
        self.taken += usize::from(next);
        next
    }
}

impl<B: Book> Drop for Arrivals<'_, B> {
    #[inline]
    fn drop(&mut self) {
        if self.taken > 0 {
            self.ledger.arrived_together(self.taken, &mut self.book);
        }
    }
}
