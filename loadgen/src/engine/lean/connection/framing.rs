//! How messages of a connection become frames, where a message is not simply one frame.

use std::num::NonZeroU32;

use frames::{
    Encoder, Kind, Mask, Role,
    deflate::{DeflateParameters, Deflater},
};

/// How messages become frames: compressed, in fragments, or both.
#[derive(Debug)]
pub(in crate::engine::lean) struct Framing {
    /// Most payload bytes of a frame.
    fragment: Option<NonZeroU32>,
    deflater: Option<Deflater>,
}

impl Framing {
    /// None if each message is one frame as it is. `agreed` is what was agreed on compression.
    pub(super) fn of(fragment: Option<NonZeroU32>, agreed: Option<DeflateParameters>) -> Option<Box<Self>> {
        let deflater = agreed.map(|parameters| Deflater::new(parameters, Role::Client));
        (fragment.is_some() || deflater.is_some()).then(|| Box::new(Self { fragment, deflater }))
    }

    /// Whether messages may be compressed.
    pub(super) fn compresses(&self) -> bool {
        self.deflater.is_some()
    }

    /// Adds a message to `burst`, with masks that `mask` draws.
    pub(in crate::engine::lean) fn encode(
        &mut self,
        kind: Kind,
        payload: &[u8],
        burst: &mut Encoder,
        mut mask: impl FnMut() -> Mask,
    ) {
        match (&mut self.deflater, self.fragment) {
            (None, None) => burst.message(kind, Some(mask()), payload.len(), |space| space.copy_from_slice(payload)),
            (None, Some(most)) => burst.masked_fragments(kind, most, mask, payload),
            (Some(deflater), None) => {
                burst.compressed_message(kind, Some(mask()), deflater, payload);
            }
            (Some(deflater), Some(most)) => {
                burst.compressed_fragments(kind, most, || Some(mask()), deflater, payload);
            }
        }
    }
}
