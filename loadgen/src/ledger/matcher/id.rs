//! `--expect id=POINTER` and `id=~REGEX`: an event is the reply to the message whose number is in
//! it.
//!
//! A number has no checksum. So what was damaged in such a way that another number stands there
//! belongs to that other message.

use regex::bytes::Regex;

use super::json::{JsonNumbers, JsonPlace, Numbers, digits};
use crate::{
    ledger::{Expectation, Finding, Ledger, LedgerSink, MessageEvent, Subject},
    message::Id,
    plan::IdPlace,
};

/// Finds numbers of messages in an event.
#[derive(Clone, Debug)]
pub(in crate::ledger) enum IdMatcher {
    /// At this place of a JSON text.
    Json(JsonPlace),
    /// In the first group.
    Regex(Regex),
}

impl IdMatcher {
    /// # Panics
    /// The regular expression is none.
    pub(super) fn new(place: &IdPlace) -> Self {
        match place {
            IdPlace::Pointer(pointer) => Self::Json(JsonPlace::new(pointer)),
            IdPlace::Regex(text) => Self::Regex(Regex::new(text).expect("a plan's regular expressions were checked")),
        }
    }

    /// The numbers in an event. `batched` says that there may be several.
    fn numbers(&self, event: &[u8], batched: bool) -> JsonNumbers {
        match self {
            Self::Json(place) => place.read(event, batched),
            Self::Regex(regex) => {
                let number = |found: regex::bytes::Captures<'_>| digits(found.get(1)?.as_bytes());
                let mut numbers = Numbers::default();
                let most = if batched { usize::MAX } else { 1 };
                regex.captures_iter(event).take(most).filter_map(number).for_each(|number| numbers.add(number));
                JsonNumbers::One(numbers)
            }
        }
    }
}

impl Ledger {
    pub(super) fn received_ids(
        &mut self,
        expectation: &Expectation,
        matcher: &IdMatcher,
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        match matcher.numbers(event.bytes, expectation.batched) {
            // What several texts without a number are together is no JSON either.
            JsonNumbers::Several(numbers) if numbers.is_empty() => self.no_json(event.bytes, sink),
            JsonNumbers::None => self.no_json(event.bytes, sink),
            JsonNumbers::Several(numbers) if !expectation.batched => {
                let ids = numbers.iter().filter_map(|number| Id::decode(number, expectation.clients));
                let sequences: Vec<u64> = ids.filter(|id| id.client == self.client()).map(|id| id.sequence).collect();
                self.named_together(&sequences, event.bytes, sink);
            }
            JsonNumbers::One(numbers) if numbers.is_empty() => {
                sink.finding(Finding::Unexpected, Subject::default(), event.bytes);
            }
            JsonNumbers::One(numbers) | JsonNumbers::Several(numbers) => {
                for number in numbers.iter() {
                    self.numbered(expectation, number, event.bytes, sink);
                }
            }
        }
    }

    /// Decides about an event that is no JSON text. Nothing says which message it is about.
    #[cold]
    fn no_json(&mut self, event: &[u8], sink: &mut impl LedgerSink) {
        let is_reply = !event.is_empty() && self.in_flight() > 0;
        let finding = if is_reply { Finding::Corrupted } else { Finding::Unexpected };
        sink.finding(finding, Subject::default(), event);
    }

    /// Decides about a number in an event.
    fn numbered(&mut self, expectation: &Expectation, number: u64, event: &[u8], sink: &mut impl LedgerSink) {
        match Id::decode(number, expectation.clients) {
            None => sink.finding(Finding::Unexpected, Subject::default(), event),
            Some(id) if id.client == self.client() => self.belongs(expectation, id.sequence, event, sink),
            Some(id) => {
                let known = Subject { sequence: Some(id.sequence), times: None };
                sink.finding(Finding::Misrouted { owner: id.client }, known, event);
            }
        }
    }
}
