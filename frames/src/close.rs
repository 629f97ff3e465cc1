//! The content of a Close frame (RFC 6455, sections 5.5.1 and 7.4).

use crate::violation::Violation;

/// The content of a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// The status code, one that [`may_be_sent`].
    pub code: u16,
    /// The reason that the peer chose: UTF-8, at most 123 bytes.
    pub reason: &'a [u8],
}

impl<'a> Close<'a> {
    /// Reads the payload of a Close. Returns none if it is empty.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Option<Self>, Violation> {
        let Some((code, reason)) = payload.split_first_chunk() else {
            return if payload.is_empty() { Ok(None) } else { Err(Violation::HalfCode) };
        };
        // Before the code, as in tungstenite, for a Close that is wrong in both.
        str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
        let code = u16::from_be_bytes(*code);
        if may_be_sent(code) { Ok(Some(Self { code, reason })) } else { Err(Violation::ForbiddenCode(code)) }
    }
}

/// Whether a code may be in a Close: those of RFC 6455, section 7.4.1 that are not reserved for use
/// within an endpoint, those registered since (1012 to 1014), and 3000 to 4999 for libraries and
/// applications (section 7.4.2).
pub const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
