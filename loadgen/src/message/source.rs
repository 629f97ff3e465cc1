//! What the clients of a group send.

use std::{borrow::Cow, sync::Arc};

use frames::PayloadSpace;

use super::{
    ClientMessages, Mix, Payload, Sizes, VariedMessages, VariedPayload,
    bound::{BoundTemplate, ClientValues, Values},
};
use crate::message::MessageKind;

/// What the clients of a group send.
#[derive(Clone, Debug)]
pub enum Source {
    /// Generated messages of one size.
    Generated(Payload),
    /// Generated messages of several sizes.
    Varied(VariedPayload),
    /// Messages of the user.
    Templates(Templates),
}

/// Templates that are sent in turn: message `n` of each client is of template `n` modulo their
/// number.
#[derive(Clone, Debug)]
pub struct Templates {
    values: Arc<Values>,
    /// One at least.
    all: Arc<[BoundTemplate]>,
}

/// What one client sends. Make one for a whole burst.
#[derive(Clone, Copy, Debug)]
pub enum ClientSource<'s> {
    /// Generated messages of one size.
    Generated(ClientMessages<'s>),
    /// Generated messages of several sizes.
    Varied(VariedMessages<'s>),
    /// Messages of the user.
    Templates(ClientTemplates<'s>),
}

/// The messages of one client, from templates.
#[derive(Clone, Copy, Debug)]
pub struct ClientTemplates<'s> {
    templates: &'s Templates,
    values: ClientValues<'s>,
}

impl From<Payload> for Source {
    fn from(payload: Payload) -> Self {
        Self::Generated(payload)
    }
}

impl Source {
    /// Generated messages of run `run`. Sizes that the rule leaves open are not under `least`.
    pub fn generated(run: u32, sizes: &Sizes, mix: Mix, least: u32) -> Self {
        VariedPayload::new(run, sizes, mix, least)
            .map_or_else(|| Self::Generated(Payload::new(run, sizes.largest(), mix)), Self::Varied)
    }

    /// Generates and checks headers of this run. Marks are headers without a body. Where sizes
    /// differ, its messages have the largest.
    #[inline]
    pub fn payload(&self) -> &Payload {
        match self {
            Self::Generated(payload) => payload,
            Self::Varied(payload) => payload.largest(),
            Self::Templates(templates) => templates.values.marks(),
        }
    }

    /// [`Self::payload`], for messages of the size of message `sequence` of `client`.
    pub(crate) fn payload_of(&self, client: u32, sequence: u64) -> Cow<'_, Payload> {
        match self {
            Self::Varied(payload) => Cow::Owned(payload.payload(client, sequence)),
            Self::Generated(_) | Self::Templates(_) => Cow::Borrowed(self.payload()),
        }
    }

    /// What `client` sends.
    #[inline]
    pub fn of(&self, client: u32) -> ClientSource<'_> {
        match self {
            Self::Generated(payload) => ClientSource::Generated(payload.of(client)),
            Self::Varied(payload) => ClientSource::Varied(payload.of(client)),
            Self::Templates(templates) => ClientSource::Templates(templates.of(client)),
        }
    }
}

impl Templates {
    /// These templates, which have the same values.
    ///
    /// # Panics
    /// There are none.
    pub fn new(all: Vec<BoundTemplate>) -> Self {
        let values = Arc::clone(all[0].values());
        Self { values, all: all.into() }
    }

    /// What `client` sends.
    #[inline]
    pub fn of(&self, client: u32) -> ClientTemplates<'_> {
        ClientTemplates { templates: self, values: self.values.of(client) }
    }

    /// The template of message `sequence` of each client.
    #[inline]
    pub fn template(&self, sequence: u64) -> &BoundTemplate {
        match &*self.all {
            [only] => only,
            // Fewer than there are bytes.
            all => &all[usize::try_from(sequence % all.len() as u64).unwrap_or(0)],
        }
    }
}

impl ClientSource<'_> {
    /// Kind of message `sequence`, and its length in bytes.
    #[inline]
    pub fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        match self {
            Self::Generated(messages) => (messages.kind(sequence), messages.size()),
            Self::Varied(messages) => messages.kind_and_len(sequence),
            Self::Templates(templates) => templates.kind_and_len(sequence),
        }
    }

    /// Writes message `sequence`. Its bytes are the same each time, except for `{{unix_ms}}`.
    ///
    /// # Panics
    /// `out` is not as long as [`Self::kind_and_len`] says.
    #[inline]
    pub fn encode(&self, sequence: u64, out: PayloadSpace<'_>) {
        match self {
            Self::Generated(messages) => drop(messages.encode(sequence, out)),
            Self::Varied(messages) => drop(messages.encode(sequence, out)),
            Self::Templates(templates) => templates.encode(sequence, out),
        }
    }

    /// The bytes of message `sequence`.
    pub fn bytes(&self, sequence: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.kind_and_len(sequence).1];
        self.encode(sequence, PayloadSpace::new(None, &mut bytes));
        bytes
    }

    /// The bytes of message `sequence` as outputs may show them: see [`BoundTemplate::masked`].
    pub fn masked(&self, sequence: u64) -> Vec<u8> {
        match self {
            Self::Generated(_) | Self::Varied(_) => self.bytes(sequence),
            Self::Templates(ClientTemplates { templates, values }) => {
                templates.template(sequence).masked(values, sequence)
            }
        }
    }
}

impl ClientTemplates<'_> {
    /// Kind of message `sequence`, and its length in bytes.
    #[inline]
    pub fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        let template = self.templates.template(sequence);
        (template.kind(), template.length(&self.values, sequence))
    }

    /// Writes message `sequence`.
    ///
    /// # Panics
    /// `out` is not as long as [`Self::kind_and_len`] says.
    #[inline]
    pub fn encode(&self, sequence: u64, out: PayloadSpace<'_>) {
        self.templates.template(sequence).encode(&self.values, sequence, out);
    }
}
