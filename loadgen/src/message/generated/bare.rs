//! Messages too short for a header. Nobody can recognise them.

use frames::PayloadSpace;

use super::{ClientMessages, MessageKind, TEXT_HEADER, text::CellTable};

/// [`ClientMessages::encode_all`] for messages without a header: empty, or the beginning of a body.
#[cold]
pub(super) fn encode_all<'o>(
    series: &ClientMessages<'_>,
    first: u64,
    payloads: impl Iterator<Item = PayloadSpace<'o>>,
    mut each: impl FnMut(u32),
) {
    // Room for the longest message that is too short for a header.
    let mut space = [0; TEXT_HEADER];
    for (sequence, out) in (first..).zip(payloads) {
        let message = &mut space[..out.len()];
        match series.kind(sequence) {
            MessageKind::Text => CellTable::get().fill(series.slot(sequence), message),
            MessageKind::Binary => series.fill(sequence, message),
        }
        each(crc32c::crc32c(message));
        out.copy_from_slice(message);
    }
}
