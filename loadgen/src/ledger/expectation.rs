//! What is expected of every connection of a group.

use super::matcher::Matcher;
use crate::{
    message::{Id, Payload, Source},
    plan::{Expect, Order, Pattern},
};

/// What is expected of every connection of a group. Made once a group, as it compiles what events
/// are compared with.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What the group sends.
    pub source: Source,
    /// Number of clients in the run. A message that names a client beyond it was never sent.
    pub clients: u32,
    /// What a message must bring back.
    pub(super) matcher: Matcher,
    /// A reply that was overtaken is reordered.
    pub(super) keeps_order: bool,
    /// The last event of a reply, where a reply is several events.
    pub(super) until: Option<Pattern>,
    /// An event may hold several replies.
    pub(super) batched: bool,
    /// A client may have several connections, one after the other.
    pub(super) reconnects: bool,
}

impl Expectation {
    /// What clients expect that send messages of `source`, in a run of so many clients. A reply is
    /// one event and holds nothing else.
    ///
    /// # Panics
    /// `expect` has a regular expression that is none. A plan has none of these.
    pub fn new(source: impl Into<Source>, expect: &Expect, clients: u32) -> Self {
        let source = source.into();
        let matcher = Matcher::new(expect, &source);
        let keeps_order = !matches!(expect, Expect::Id(_));
        Self { source, clients, matcher, keeps_order, until: None, batched: false, reconnects: false }
    }

    /// Whether replies may overtake each other. Without a call, they may with ids only.
    #[must_use]
    pub fn with_order(self, order: Order) -> Self {
        Self { keeps_order: order == Order::Keep, ..self }
    }

    /// A reply is several events. The one that matches is its last.
    #[must_use]
    pub fn with_until(self, until: Option<Pattern>) -> Self {
        Self { until, ..self }
    }

    /// An event may hold several replies.
    #[must_use]
    pub fn with_batched(self, batched: bool) -> Self {
        Self { batched, ..self }
    }

    /// A client may have several connections, one after the other. What was in flight at the end of
    /// one may come on a later one.
    #[must_use]
    pub fn with_reconnects(self, reconnects: bool) -> Self {
        Self { reconnects, ..self }
    }

    /// Generates and checks headers of this run.
    #[inline]
    pub fn payload(&self) -> &Payload {
        self.source.payload()
    }

    /// Whether a surplus event is taken for the reply to the next message, so that it shows only
    /// once all messages have theirs.
    pub(crate) fn hides_surplus(&self) -> bool {
        matches!(self.matcher, Matcher::Count | Matcher::Reply(_))
    }

    /// The bytes that message `sequence` of `client` must bring back, if they are known.
    pub(crate) fn expected(&self, client: u32, sequence: u64) -> Option<Vec<u8>> {
        match &self.matcher {
            Matcher::Echo | Matcher::VariedEcho | Matcher::TemplateEcho => Some(self.source.of(client).bytes(sequence)),
            Matcher::Reply(text) => Some(text.clone().into_bytes()),
            Matcher::Count | Matcher::Mark(_) | Matcher::Id(_) | Matcher::Sequence(_) | Matcher::Broadcast => None,
        }
    }

    /// What message `sequence` of `client` must bring back, as outputs may show it: without values
    /// of data. Its mark or number, if that is looked for.
    pub(crate) fn shown(&self, client: u32, sequence: u64) -> Option<Vec<u8>> {
        match &self.matcher {
            Matcher::Echo | Matcher::VariedEcho | Matcher::TemplateEcho => {
                Some(self.source.of(client).masked(sequence))
            }
            Matcher::Mark(matcher) => Some(matcher.mark_of(client, sequence).to_vec()),
            Matcher::Id(_) => Some(Id { client, sequence }.encode(self.clients).to_string().into_bytes()),
            _ => self.expected(client, sequence),
        }
    }
}
