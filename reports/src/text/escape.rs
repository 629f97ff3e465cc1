//! Makes bytes that a server chose safe for a terminal and for a file.
//!
//! A reply may hold anything: escape sequences that rewrite a terminal, bidirectional controls that
//! reorder a line, characters that can't be seen. What is printed must show what came.

use std::fmt::Write;

/// Shows bytes as printable text.
///
/// Printable characters stand for themselves. Everything else becomes `\u{..}`, or `\xNN` for ASCII
/// controls and for bytes that are not UTF-8: controls (C0 and C1), bidirectional and zero-width
/// characters, combining marks, blanks other than the space, unassigned and private characters. A
/// backslash becomes `\\`, so the text is unambiguous.
///
/// At most the first `max` bytes are shown, fewer when a character would be cut; `…+N` says that N
/// more followed. The result is at most `4 * max + 24` bytes long.
pub fn escape(bytes: &[u8], max: usize) -> String {
    // The longest character has four bytes: one that begins before `max` is whole in this part.
    let part = &bytes[..bytes.len().min(max.saturating_add(3))];
    let mut text = String::new();
    let mut shown = 0;
    'part: for chunk in part.utf8_chunks() {
        for c in chunk.valid().chars() {
            if shown + c.len_utf8() > max {
                break 'part;
            }
            shown += c.len_utf8();
            if c == '\\' { text.push_str("\\\\") } else { push_visible(&mut text, c) }
        }
        for byte in chunk.invalid() {
            if shown == max {
                break 'part;
            }
            shown += 1;
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if shown < bytes.len() {
        let _ = write!(text, "…+{}", bytes.len() - shown);
    }
    text
}

/// Makes text safe to print that may have been escaped already. It works like [`escape`], but
/// backslashes stay as they are and nothing is cut. Texts from result files go through this, since
/// a file may come from anywhere.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push_visible(&mut shown, c);
    }
    shown
}

/// Makes at most the first `max` characters of a text safe to print, like [`visible`]. `…+N` says
/// that N more followed. One character may become up to ten.
pub fn visible_part(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => visible(text),
        Some((end, _)) => format!("{}…+{}", visible(&text[..end]), text[end..].chars().count()),
    }
}

fn push_visible(text: &mut String, c: char) {
    if is_visible(c) {
        text.push(c);
    } else if c.is_ascii() {
        let _ = write!(text, "\\x{:02x}", u32::from(c));
    } else {
        let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
    }
}

/// The `Debug` of text in the standard library decides by general category. It escapes Cc, Cf
/// (bidirectional and zero-width), Zs except for the space, Zl, Zp, Co, Cn and grapheme extenders.
/// It lets letters pass that take no room on a terminal: Hangul fillers, and vowels and finals that
/// join a syllable (wcwidth 0).
fn is_visible(c: char) -> bool {
    match c {
        '\\' | '\'' | '"' => true,
        '\u{115f}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' => false,
        _ => c.escape_debug().len() == 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_cases() {
        let table: [(&[u8], &str); 14] = [
            (b"plain ~ text", "plain ~ text"),
            ("grüße 漢字 🦀 \"'".as_bytes(), "grüße 漢字 🦀 \"'"),
            (b"a\\b", "a\\\\b"),
            (b"\x1b[2J\x07\r\n\t\0\x7f", "\\x1b[2J\\x07\\x0d\\x0a\\x09\\x00\\x7f"),
            ("\u{9b}31m".as_bytes(), "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}".as_bytes(), "a\\u{202e}b\\u{2066}"),
            ("a\u{200b}b\u{feff}\u{200d}".as_bytes(), "a\\u{200b}b\\u{feff}\\u{200d}"),
            ("e\u{301}".as_bytes(), "e\\u{301}"),
            ("\u{2028}\u{a0}\u{ad}".as_bytes(), "\\u{2028}\\u{a0}\\u{ad}"),
            ("\u{3164}\u{1160}".as_bytes(), "\\u{3164}\\u{1160}"),
            ("\u{e000}\u{e0041}".as_bytes(), "\\u{e000}\\u{e0041}"),
            (b"\xff\xfe", "\\xff\\xfe"),
            // A surrogate in UTF-8 is not UTF-8.
            (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
            (b"", ""),
        ];
        for (bytes, text) in table {
            assert_eq!(escape(bytes, 100), text);
        }
    }

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(escape(&[b'x'; 200], 77), format!("{}…+123", "x".repeat(77)));
        assert_eq!(escape(b"abc", 3), "abc");
        assert_eq!(escape(b"abc", 0), "…+3");
        // The crab takes four bytes and is not cut in two.
        assert_eq!(escape("abc🦀d".as_bytes(), 5), "abc…+5");
        assert_eq!(escape("abc🦀d".as_bytes(), 7), "abc🦀…+1");
        // A character that the input itself cuts is not UTF-8.
        assert_eq!(escape(&"abc🦀".as_bytes()[..5], 5), "abc\\xf0\\x9f");
        assert_eq!(escape(&"abc🦀".as_bytes()[..5], 4), "abc\\xf0…+1");
    }

    #[test]
    fn escaped_text_passes_through_visible_unchanged() {
        let text = escape(b"\x1b[2J\\ \xff", 100);
        assert_eq!(visible(&text), text);
        assert_eq!(visible("a\u{1b}[0m\\x41"), "a\\x1b[0m\\x41");
    }

    #[test]
    fn a_part_says_how_much_more_there_was() {
        assert_eq!(visible_part("abc", 3), "abc");
        assert_eq!(visible_part("", 0), "");
        assert_eq!(visible_part("\u{1b}🦀d🦀fg", 2), "\\x1b🦀…+4");
        assert_eq!(visible_part("abc", 0), "…+3");
    }

    /// Reads the escapes back.
    fn unescape(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(hex) = rest.strip_prefix("\\x") {
                bytes.push(u8::from_str_radix(&hex[..2], 16).unwrap());
                rest = &hex[2..];
            } else if let Some(hex) = rest.strip_prefix("\\u{") {
                let (hex, after) = hex.split_once('}').unwrap();
                let c = char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            } else if let Some(after) = rest.strip_prefix("\\\\") {
                bytes.push(b'\\');
                rest = after;
            } else {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[c.len_utf8()..];
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn output_is_bounded_and_has_nothing_invisible(bytes: Vec<u8>, max in 0_usize..150) {
            let text = escape(&bytes, max);
            prop_assert!(text.len() <= 4 * max + 24);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(text.chars().all(is_visible));
        }

        #[test]
        fn unicode_too(text: String, max in 0_usize..150) {
            let text = escape(text.as_bytes(), max);
            prop_assert!(text.len() <= 4 * max + 24);
            prop_assert!(text.chars().all(|c| is_visible(c) && !c.is_control()));
        }

        #[test]
        fn nothing_is_lost(bytes: Vec<u8>, text: String) {
            prop_assert_eq!(unescape(&escape(&bytes, usize::MAX)), bytes);
            prop_assert_eq!(unescape(&escape(text.as_bytes(), usize::MAX)), text.as_bytes());
        }
    }
}
