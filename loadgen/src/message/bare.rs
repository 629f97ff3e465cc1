//! Messages too short for a header. Nobody can recognise them.

use frames::Mask;

use super::{ClientMessages, MessageKind, text::CellTable};

/// [`ClientMessages::encode_all`] for messages without a header: empty, or the beginning of a body.
#[cold]
pub(super) fn encode_all<'o>(
    series: &ClientMessages<'_>,
    first: u64,
    payloads: impl Iterator<Item = (Mask, &'o mut [u8])>,
    mut each: impl FnMut(u32),
) {
    for (sequence, (mask, out)) in (first..).zip(payloads) {
        match series.kind(sequence) {
            MessageKind::Text => CellTable::get().fill(series.slot(sequence), out),
            MessageKind::Binary => series.fill(sequence, out),
        }
        let checksum = crc32c::crc32c(out);
        frames::apply(mask, 0, out);
        each(checksum);
    }
}
