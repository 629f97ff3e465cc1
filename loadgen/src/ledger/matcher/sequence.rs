//! `--expect sequence=POINTER`: the server numbers what it pushes, on each connection.
//!
//! The first number is the base. A number that was seen is *duplicated*, a smaller one that was not
//! is *reordered*, and what is missing between the base and the highest at the end is a *gap*.

use super::json::{JsonNumbers, JsonPlace};
use crate::{
    ledger::{Arrival, Expectation, Finding, Ledger, LedgerSink, MessageEvent, Ranges, Received, Subject},
    plan::JsonPointer,
};

/// Gaps of a connection that may still be filled. Beyond, the oldest is taken for final. Bounds
/// memory at 512 KiB a connection.
const OPEN_GAPS: usize = 65_536;

/// Finds the number of a push.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct SequenceMatcher {
    place: JsonPlace,
}

impl SequenceMatcher {
    pub(super) fn new(pointer: &JsonPointer) -> Self {
        Self { place: JsonPlace::new(pointer) }
    }
}

/// The numbers that one connection received.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct PushedNumbers {
    base: u64,
    /// Numbers from the base on, counted from it.
    received: Received,
    /// Numbers below the base, counted down from it.
    below: Ranges,
    /// Numbers of gaps that were taken for final.
    skipped: u64,
}

/// What the coming of a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Push {
    New {
        overtaken: bool,
    },
    Seen,
    /// So far from the base that it is none of this row.
    Strange,
}

impl PushedNumbers {
    fn new(base: u64) -> Self {
        Self { base, received: Received::default(), below: Ranges::default(), skipped: 0 }
    }

    fn insert(&mut self, number: u64) -> Push {
        if let Some(below) = self.base.checked_sub(number).filter(|below| *below > 0) {
            let Ok(below) = u32::try_from(below) else { return Push::Strange };
            if self.below.ranges() >= OPEN_GAPS {
                return Push::Strange;
            }
            return if self.below.insert(below) { Push::New { overtaken: true } } else { Push::Seen };
        }
        let Ok(number) = u32::try_from(number - self.base) else { return Push::Strange };
        let arrival = self.received.insert(number);
        if self.received.ranges() > OPEN_GAPS {
            let end = self.received.contiguous_end();
            let gap = self.received.missing(end..u32::MAX).next();
            if let Some(gap) = gap {
                self.skipped += u64::from(gap.end - gap.start);
                self.received.forget_below(gap.end);
            }
        }
        match arrival {
            Arrival::New { overtaken } => Push::New { overtaken },
            Arrival::Seen => Push::Seen,
        }
    }

    /// Gaps between the base and the highest number: the first number of each, and how many.
    fn gaps(&self) -> impl Iterator<Item = (u64, u64)> {
        let highest = self.received.highest().unwrap_or_default();
        let gaps = self.received.missing(0..highest);
        gaps.map(|gap| (self.base + u64::from(gap.start), u64::from(gap.end - gap.start)))
    }
}

impl Ledger {
    pub(super) fn received_number(
        &mut self,
        expectation: &Expectation,
        matcher: &SequenceMatcher,
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        let finding = match matcher.place.read(event.bytes, false) {
            JsonNumbers::None if event.bytes.is_empty() => Finding::Unexpected,
            JsonNumbers::None => Finding::Corrupted,
            JsonNumbers::Several(_) => Finding::Coalesced,
            JsonNumbers::One(numbers) => match numbers.only() {
                None => Finding::Unexpected,
                Some(number) => return self.pushed(expectation, number, event.bytes, sink),
            },
        };
        sink.finding(finding, Subject::default(), event.bytes);
    }

    fn pushed(&mut self, expectation: &Expectation, number: u64, event: &[u8], sink: &mut impl LedgerSink) {
        let pushed = self.pushed.get_or_insert_with(|| Box::new(PushedNumbers::new(number)));
        let subject = Subject { sequence: Some(number), times: None };
        match pushed.insert(number) {
            Push::New { overtaken } => sink.pushed(number, overtaken && expectation.keeps_order),
            Push::Seen => sink.finding(Finding::Duplicated, subject, event),
            Push::Strange => sink.finding(Finding::Unexpected, subject, event),
        }
    }

    /// Reports the numbers that the server skipped. Nothing more will come.
    pub(in crate::ledger) fn end_pushes(&mut self, sink: &mut impl LedgerSink) {
        let Some(pushed) = self.pushed.take() else { return };
        if pushed.skipped > 0 {
            sink.gap(None, pushed.skipped);
        }
        for (first, numbers) in pushed.gaps() {
            sink.gap(Some(first), numbers);
        }
    }
}
