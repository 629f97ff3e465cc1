//! The regular expression for events of a kind.

use std::{fmt::Write, sync::LazyLock};

use regex::Regex;

use super::{columns::Columns, recording::Content};

/// Keys of JSON objects whose value says what kind of message it is, the surest first.
const KEYS: [&str; 12] =
    ["type", "event", "op", "action", "method", "kind", "cmd", "command", "messageType", "msg", "topic", "channel"];

/// Longest text that is a pattern as a whole.
const SHORT: usize = 12;

/// An emit of Socket.IO, maybe in a namespace and with an id, and its name.
static EMIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^42(?:/[^,]*,)?\d*\["([A-Za-z0-9_.: -]{1,60})""#).expect("a regular expression"));

/// A regular expression for events of the same kind as this one. It holds nothing of `columns`.
pub(super) fn pattern(content: &Content, columns: &Columns) -> String {
    let found = match content {
        Content::Binary(bytes) => return of_bytes(bytes),
        Content::Text(text) => of_json(text).unwrap_or_else(|| of_text(text)),
    };
    if columns.are_in(&found) { ".".to_owned() } else { found }
}

/// Of an object that names its kind, that name.
fn of_json(text: &str) -> Option<String> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let is_name = |value: &str| {
        (1..=60).contains(&value.len()) && value.chars().all(|c| c.is_ascii_alphanumeric() || "._:/-".contains(c))
    };
    let named = KEYS.iter().find_map(|key| {
        let value = object.get(*key)?.as_str().filter(|value| is_name(value))?;
        Some(format!(r#""{key}"\s*:\s*"{}""#, regex::escape(value)))
    });
    let first = || {
        let key = object.keys().next().filter(|key| is_name(key))?;
        Some(format!(r#"^\{{[\s\S]*"{}"\s*:"#, regex::escape(key)))
    };
    named.or_else(first)
}

/// The beginning of a text, up to what differs from one to the next.
fn of_text(text: &str) -> String {
    if text.len() <= SHORT && !text.contains(|c: char| c.is_ascii_digit()) || text.len() == 1 {
        return format!("^{}$", regex::escape(text).replace('\n', "\\n").replace('\r', "\\r"));
    }
    // Engine.IO and others begin with digits that name the kind, and then comes JSON.
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (head, rest) = text.split_at(digits.min(2));
    match rest.chars().next() {
        _ if head == "42" && EMIT.is_match(text) => {
            let name = EMIT.captures(text).map_or_else(String::new, |found| regex::escape(&found[1]));
            format!(r#"^42(/[^,]*,)?\d*\["{name}""#)
        }
        Some(next @ ('{' | '[')) => format!("^{head}{}", regex::escape(&next.to_string())),
        _ if !head.is_empty() => format!("^{head}"),
        _ => {
            let word: String = text.chars().take_while(|c| c.is_alphabetic() || "_-:".contains(*c)).take(24).collect();
            let word = if word.is_empty() { text.chars().take(1).collect() } else { word };
            format!("^{}", regex::escape(&word).replace('\n', "\\n").replace('\r', "\\r"))
        }
    }
}

/// The first two bytes, which often name the kind.
fn of_bytes(bytes: &[u8]) -> String {
    bytes.iter().take(2).fold("(?s-u)^".to_owned(), |mut pattern, byte| {
        // Writing to a string can't fail.
        let _ = write!(pattern, "\\x{byte:02x}");
        pattern
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_of_the_kind_and_not_of_the_content() {
        for (event, expected, other) in [
            (r#"{"id":1, "type" : "pong"}"#, r#""type"\s*:\s*"pong""#, r#"{"type":"pong","id":2}"#),
            (r#"{"price":1.5}"#, r#"^\{[\s\S]*"price"\s*:"#, r#"{"at":7,"price":2}"#),
            ("2", "^2$", "2"),
            (r#"0{"sid":"abc"}"#, r"^0\{", r#"0{"sid":"x"}"#),
            (r#"42["say","hi"]"#, r#"^42(/[^,]*,)?\d*\["say""#, r#"42/a,17["say","ho"]"#),
            (r#"4317["ok"]"#, "^43", r#"4318["ok"]"#),
            ("CONNECTED\nversion:1.2\n\n\0", "^CONNECTED", "CONNECTED\n\n\0"),
            ("\n", r"^\n$", "\n"),
            ("ping", "^ping$", "ping"),
            ("", "^$", ""),
        ] {
            let found = pattern(&Content::Text(event.to_owned()), &Columns::default());
            assert_eq!(found, expected);
            let pattern: crate::plan::Pattern = found.parse().unwrap();
            assert!(pattern.is_match(event.as_bytes()) && pattern.is_match(other.as_bytes()), "{event}");
        }
        let binary = pattern(&Content::Binary(vec![0x82, 0xff, 1]), &Columns::default());
        assert!(binary.parse::<crate::plan::Pattern>().unwrap().is_match(&[0x82, 0xff, 9]), "{binary}");
    }

    #[test]
    fn a_pattern_holds_no_secret() {
        let mut columns = Columns::default();
        columns.take("token", "somewhere", "s3cr3t");
        assert_eq!(pattern(&Content::Text(r#"{"type":"s3cr3t"}"#.to_owned()), &columns), ".");
    }
}
