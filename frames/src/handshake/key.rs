//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455, sections 4.1 and 4.2.2).

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::general_purpose::{GeneralPurpose, PAD},
};
use sha1::{Digest, Sha1};

/// Accepts any trailing bits. The RFC asks for a value that decodes to 16 bytes.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// The GUID that the server appends to the key (section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A key: 16 bytes in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key of random bytes.
    pub fn random() -> Self {
        Self::from(rand::random::<[u8; 16]>())
    }

    /// The key in base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a key. Returns none if the text is not 16 bytes in base64.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        (bytes.len() == 16).then(|| Self(String::from_utf8_lossy(text).into_owned()))
    }

    /// The value of the server's `Sec-WebSocket-Accept`.
    pub fn accept(&self) -> String {
        BASE64.encode(Sha1::new().chain_update(&self.0).chain_update(GUID).finalize())
    }
}

impl From<[u8; 16]> for Key {
    fn from(bytes: [u8; 16]) -> Self {
        Self(BASE64.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let key = Key::from(*b"the sample nonce");
        assert_eq!(key.as_str(), "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(key.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        let right = ["dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==", "dGhlIHNhbXBsZSBub25jZR=="];
        assert!(right.iter().all(|text| Key::parse(text.as_bytes()).is_some()));
        let wrong = ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "AAAAAAAAAAAAAAAAAAAAAAA=", "=====", "a b"];
        assert!(wrong.iter().all(|text| Key::parse(text.as_bytes()).is_none()));
    }
}
