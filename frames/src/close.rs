//! What a Close says (RFC 6455, sections 5.5.1 and 7.4).

use crate::violation::Violation;

/// The content of a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// Why the connection is closed; one that [`may_be_sent`].
    pub code: u16,
    /// The same in words, UTF-8, at most 123 bytes. The peer chose it.
    pub reason: &'a [u8],
}

impl<'a> Close<'a> {
    /// Reads the payload of a Close; none if it is empty.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Option<Self>, Violation> {
        let Some((code, reason)) = payload.split_first_chunk() else {
            return if payload.is_empty() { Ok(None) } else { Err(Violation::HalfCode) };
        };
        // Before the code: one that is wrong in both is an offence of encoding to the oracle.
        str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
        let code = u16::from_be_bytes(*code);
        if may_be_sent(code) { Ok(Some(Self { code, reason })) } else { Err(Violation::ForbiddenCode(code)) }
    }
}

/// Whether a code may stand in a Close: those of RFC 6455, section 7.4.1 and those registered since (1012 to 1014), which
/// are not reserved for use within an endpoint; those of libraries and applications from 3000 to 4999.
pub const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
