//! What the clients of a group send.

use std::sync::Arc;

use frames::PayloadSpace;

use super::{
    ClientMessages, Payload,
    bound::{BoundTemplate, ClientValues, Values},
};
use crate::message::MessageKind;

/// What the clients of a group send.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a group, and a box would cost a look for each message")]
pub enum Source {
    /// Generated messages.
    Generated(Payload),
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
    /// Generated messages.
    Generated(ClientMessages<'s>),
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
    /// Generates and checks headers of this run. Marks are headers without a body.
    #[inline]
    pub fn payload(&self) -> &Payload {
        match self {
            Self::Generated(payload) => payload,
            Self::Templates(templates) => templates.values.marks(),
        }
    }

    /// What `client` sends.
    #[inline]
    pub fn of(&self, client: u32) -> ClientSource<'_> {
        match self {
            Self::Generated(payload) => ClientSource::Generated(payload.of(client)),
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
            Self::Generated(_) => self.bytes(sequence),
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
