//! Templates of one group, with what their names stand for.
//!
//! ```text
//! mod.rs     BoundTemplate: a template, with what its names stand for
//! scope.rs   what may be named where
//! values.rs  what names stand for, in a group and for one of its clients
//! part.rs    a part of a text
//! random.rs  random text that follows the seed
//! ```

mod part;
mod random;
mod scope;
mod values;

use std::sync::Arc;

use frames::PayloadSpace;

use self::part::Part;
pub use self::{
    scope::{Place, RoomName, Scope},
    values::{ClientValues, Values},
};
use super::MessageKind;

/// A template, with what its names stand for.
#[derive(Clone, Debug)]
pub struct BoundTemplate {
    kind: MessageKind,
    values: Arc<Values>,
    parts: Arc<[Part]>,
    /// Bytes of what has the same length in each message.
    constant: usize,
    /// Parts whose length differs.
    differing: Arc<[Part]>,
    is_pure: bool,
}

impl BoundTemplate {
    fn new(kind: MessageKind, values: Arc<Values>, parts: Vec<Part>, has_time: bool) -> Self {
        let differing = parts.iter().filter(|part| part.constant().is_none()).cloned().collect();
        let constant = parts.iter().filter_map(Part::constant).sum();
        Self { kind, values, constant, differing, is_pure: !has_time, parts: parts.into() }
    }

    /// Whether it makes texts or binary messages.
    #[inline]
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// What its names stand for.
    pub fn values(&self) -> &Arc<Values> {
        &self.values
    }

    /// Whether the bytes of a message can be made again: they hold no time.
    pub fn is_pure(&self) -> bool {
        self.is_pure
    }

    /// Bytes of message `sequence` of a client.
    #[inline]
    pub fn length(&self, client: &ClientValues<'_>, sequence: u64) -> usize {
        self.differing.iter().fold(self.constant, |sum, part| sum + part.length(client, sequence))
    }

    /// Writes message `sequence` of a client.
    ///
    /// # Panics
    /// `out` is not [`Self::length`] bytes long.
    #[inline]
    pub fn encode(&self, client: &ClientValues<'_>, sequence: u64, out: PayloadSpace<'_>) {
        let rest = self.parts.iter().fold(out, |out, part| part.write(client, sequence, out));
        assert!(rest.is_empty(), "a message has the announced length");
    }

    /// A text of a client that remembers nothing. `number` tells apart what it says several times:
    /// random parts differ.
    pub fn encode_for(&self, client: u32, number: u64) -> Vec<u8> {
        self.encode_with(client, number, &[])
    }

    /// A text of a client that remembers `captured`.
    pub(crate) fn encode_with(&self, client: u32, number: u64, captured: &[Box<str>]) -> Vec<u8> {
        let client = ClientValues { captured, ..self.values.of(client) };
        let mut bytes = vec![0; self.length(&client, number)];
        self.encode(&client, number, PayloadSpace::new(None, &mut bytes));
        bytes
    }

    /// A text of a client that remembers `captured`, in which `encode` changed what names stand
    /// for. Literals are as they are.
    pub(crate) fn encode_values(
        &self,
        client: u32,
        captured: &[Box<str>],
        encode: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let client = ClientValues { captured, ..self.values.of(client) };
        let mut bytes = Vec::new();
        for part in &*self.parts {
            let begin = bytes.len();
            bytes.resize(begin + part.length(&client, 0), 0);
            part.write(&client, 0, PayloadSpace::new(None, &mut bytes[begin..]));
            if !part.is_literal() {
                let encoded = encode(&bytes[begin..]);
                bytes.truncate(begin);
                bytes.extend_from_slice(&encoded);
            }
        }
        bytes
    }

    /// Message `sequence` of a client as outputs may show it: with the names of columns in place of
    /// their values, and without times, which nobody can tell again.
    pub fn masked(&self, client: &ClientValues<'_>, sequence: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in &*self.parts {
            if let Some(name) = part.mask() {
                bytes.extend_from_slice(format!("{{{{{name}}}}}").as_bytes());
                continue;
            }
            let begin = bytes.len();
            bytes.resize(begin + part.length(client, sequence), 0);
            part.write(client, sequence, PayloadSpace::new(None, &mut bytes[begin..]));
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
