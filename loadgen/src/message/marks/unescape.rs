//! JSON strings without the escapes that may stand for a mark's bytes.

/// `text` with every `\u0000` to `\u007f` replaced by its byte. Everything else stays as it is, the
/// other escapes too: none of them stands for a byte of a mark. Takes time in proportion to the
/// length.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let taken = if let Some(byte) = ascii(rest) {
            out.push(byte);
            6
        } else {
            // Both bytes at once: what follows an escaped backslash is no escape.
            let taken = rest.len().min(2);
            out.extend_from_slice(&rest[..taken]);
            taken
        };
        rest = &rest[taken..];
    }
    out.extend_from_slice(rest);
    out
}

/// The byte that an escape at the beginning of `rest` stands for.
fn ascii(rest: &[u8]) -> Option<u8> {
    let [b'\\', b'u', b'0', b'0', high, low, ..] = rest else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? << 4) | digit(*low)?).filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_escapes_for_ascii_are_replaced() {
        for (text, expected) in [
            (r"", r""),
            (r"plain", r"plain"),
            (r"\u0031", r"1"),
            (r"a\u0031\u0032b", r"a12b"),
            (r"\u004a\u004A", r"JJ"),
            (r"\\u0031", r"\\u0031"),
            (r"\\\u0031", r"\\1"),
            (r#"\"\/\n\u0031"#, r#"\"\/\n1"#),
            (r"\u00e9\u2028", r"\u00e9\u2028"),
            (r"\u003", r"\u003"),
            (r"\u003x", r"\u003x"),
            (r"end\", r"end\"),
        ] {
            assert_eq!(String::from_utf8(unescape(text.as_bytes())).unwrap(), expected, "{text}");
        }
    }
}
