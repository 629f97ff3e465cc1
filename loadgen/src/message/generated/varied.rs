//! Generated messages whose sizes differ.

use frames::PayloadSpace;

use super::{MessageKind, Mix, Payload, drawn_size::DrawnSize, sizes::Sizes};

/// Generates and checks the messages of one run, whose sizes differ. Each is what [`Payload`] makes
/// for its size.
#[derive(Clone, Debug)]
pub struct VariedPayload {
    /// Messages of the largest size.
    largest: Payload,
    sizes: DrawnSize,
}

/// The messages of one client, whose sizes differ.
#[derive(Clone, Copy, Debug)]
pub struct VariedMessages<'p> {
    payload: &'p VariedPayload,
    client: u32,
}

impl VariedPayload {
    /// Messages of these sizes. Sizes that the rule leaves open are not under `least`. `None` if
    /// all have one size.
    pub fn new(run: u32, sizes: &Sizes, mix: Mix, least: u32) -> Option<Self> {
        let drawn = DrawnSize::new(run, sizes, mix, least)?;
        Some(Self { largest: Payload::new(run, sizes.largest(), mix), sizes: drawn })
    }

    /// Messages of the largest size. What does not depend on sizes is theirs.
    #[inline]
    pub fn largest(&self) -> &Payload {
        &self.largest
    }

    /// Makes messages of the size of message `sequence` of `client`.
    pub fn payload(&self, client: u32, sequence: u64) -> Payload {
        self.of_size(self.sizes.of(client, sequence))
    }

    fn of_size(&self, size: u32) -> Payload {
        Payload::new(self.largest.run, size, self.largest.mix)
    }

    /// The messages of `client`.
    #[inline]
    pub fn of(&self, client: u32) -> VariedMessages<'_> {
        VariedMessages { payload: self, client }
    }
}

impl VariedMessages<'_> {
    /// Kind of message `sequence`, and its length in bytes.
    pub fn kind_and_len(&self, sequence: u64) -> (MessageKind, usize) {
        (self.payload.largest.kind(sequence), self.payload.sizes.of(self.client, sequence) as usize)
    }

    /// Writes message `sequence`. Returns its checksum.
    ///
    /// # Panics
    /// `out` has no room for a header, if the message has one.
    pub fn encode(&self, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        // Messages are at most 64 MiB.
        let size = u32::try_from(out.len()).unwrap_or(u32::MAX);
        self.payload.of_size(size).of(self.client).encode(sequence, out)
    }

    /// Whether a message of `kind` with `bytes` is exactly message `sequence`. `checksum` is what
    /// [`Self::encode`] returns for it.
    pub fn is(&self, sequence: u64, checksum: u32, kind: MessageKind, bytes: &[u8]) -> bool {
        self.payload.payload(self.client, sequence).of(self.client).is(sequence, checksum, kind, bytes)
    }

    /// Whether a message of `kind` with `bytes` is exactly message `sequence`, if its checksum is
    /// not known.
    pub fn is_whole(&self, sequence: u64, kind: MessageKind, bytes: &[u8]) -> bool {
        self.payload.payload(self.client, sequence).of(self.client).is_whole(sequence, kind, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::leading;

    #[test]
    fn each_message_is_whole_and_has_its_size() {
        let payload = VariedPayload::new(7, &Sizes::Edges, Mix::Mixed, 53).unwrap();
        let messages = payload.of(3);
        for sequence in 0..200 {
            let (kind, len) = messages.kind_and_len(sequence);
            let mut bytes = vec![0; len];
            let checksum = messages.encode(sequence, PayloadSpace::new(None, &mut bytes));
            let (told, header) = leading(&bytes).unwrap();
            assert_eq!((told, header.length as usize, header.sequence), (kind, len, sequence));
            assert!(messages.is(sequence, checksum, kind, &bytes) && messages.is_whole(sequence, kind, &bytes));
            assert!(!messages.is(sequence + 2, checksum, kind, &bytes));
            bytes.pop();
            assert!(!messages.is(sequence, checksum, kind, &bytes));
        }
    }

    #[test]
    fn what_is_too_short_for_a_header_is_sent_without_one() {
        let payload = VariedPayload::new(7, &Sizes::Edges, Mix::Mixed, 0).unwrap();
        let messages = payload.of(0);
        assert_eq!(messages.kind_and_len(0), (MessageKind::Text, 0));
        for sequence in 0..6 {
            let mut bytes = vec![0; messages.kind_and_len(sequence).1];
            messages.encode(sequence, PayloadSpace::new(None, &mut bytes));
            assert!(bytes.len() < 53 && leading(&bytes).is_none());
        }
    }

    #[test]
    fn messages_of_one_size_do_not_vary() {
        assert!(VariedPayload::new(7, &Sizes::Fixed(64), Mix::Mixed, 53).is_none());
    }
}
