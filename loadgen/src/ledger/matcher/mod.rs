//! What an event must be, and which message it is about: a file a kind of expectation.
//!
//! ```text
//! count.rs     the oldest message in flight, whatever the event is
//! reply.rs     the oldest message in flight, if the event is this text
//! mark.rs      the message whose mark is in the event
//! id.rs        the message whose number is in the event
//! sequence.rs  no message: the server numbers what it pushes
//! json.rs      finds numbers in a JSON text
//! replies.rs   replies of several events
//! ```
//!
//! An echo is for `anomaly/` to tell, and that of generated messages takes the short path in
//! `arrivals.rs`.

mod count;
mod id;
mod json;
mod mark;
mod replies;
mod reply;
mod sequence;

pub(in crate::ledger) use self::{
    id::IdMatcher,
    mark::MarkMatcher,
    replies::Replies,
    sequence::{PushedNumbers, SequenceMatcher},
};
use super::{Expectation, Ledger, LedgerSink, MessageEvent};
use crate::{message::Source, plan::Expect};

/// What an event must be. Compiled once a group.
#[derive(Clone, Debug)]
pub(in crate::ledger) enum Matcher {
    /// The echo of generated messages of one size.
    Echo,
    /// The echo of generated messages of several sizes.
    VariedEcho,
    /// The echo of messages that were made of templates.
    TemplateEcho,
    Count,
    Reply(String),
    Mark(Box<MarkMatcher>),
    Id(Box<IdMatcher>),
    Sequence(Box<SequenceMatcher>),
    /// Rooms have a ledger of their own.
    Broadcast,
}

impl Matcher {
    /// The matcher of clients that send messages of `source`.
    pub(in crate::ledger) fn new(expect: &Expect, source: &Source) -> Self {
        match expect {
            Expect::Echo => match source {
                Source::Generated(_) => Self::Echo,
                Source::Varied(_) => Self::VariedEcho,
                Source::Templates(_) => Self::TemplateEcho,
            },
            Expect::Count => Self::Count,
            Expect::Reply(text) => Self::Reply(text.clone()),
            Expect::Mark => Self::Mark(Box::new(MarkMatcher::new(source.payload().run()))),
            Expect::Id(place) => Self::Id(Box::new(IdMatcher::new(place))),
            Expect::Sequence(pointer) => Self::Sequence(Box::new(SequenceMatcher::new(pointer))),
            Expect::Broadcast => Self::Broadcast,
        }
    }
}

impl Ledger {
    /// Decides what an event is, and the fate of the messages that it is about.
    #[inline]
    pub fn received(&mut self, expectation: &Expectation, event: MessageEvent<'_>, sink: &mut impl LedgerSink) {
        match &expectation.matcher {
            Matcher::Echo => {
                if let Some(event) = self.received_in_order(expectation, std::iter::once(event), sink) {
                    self.classify(expectation, event, sink);
                }
            }
            Matcher::VariedEcho | Matcher::TemplateEcho => self.classify(expectation, event, sink),
            Matcher::Count => self.received_any(expectation, event, sink),
            Matcher::Reply(text) => self.received_reply(expectation, text.as_bytes(), event, sink),
            Matcher::Mark(matcher) => self.received_marks(expectation, matcher, event, sink),
            Matcher::Id(matcher) => self.received_ids(expectation, matcher, event, sink),
            Matcher::Sequence(matcher) => self.received_number(expectation, matcher, event, sink),
            Matcher::Broadcast => unreachable!("rooms have a ledger of their own"),
        }
    }
}
