//! Where secrets are looked for in messages.
//!
//! No list finds all. So the plan says that messages may hold more.

use std::sync::LazyLock;

use regex::Regex;

use super::{columns::Columns, recording::Recording};

/// Strings of JSON under a key that tells of a secret.
static UNDER_A_KEY: LazyLock<Regex> = LazyLock::new(|| {
    let key = "[a-z0-9_-]*(?:token|passw|secret|api[_-]?key|authorization|credential|cookie|signature)[a-z0-9_-]*\
               |jwt|session[_-]?id|sid|pin|otp|bearer";
    compiled(&format!(r#"(?i)"({key})"\s*:\s*"(?:bearer |basic |token )?((?:[^"\\]|\\.)+)""#))
});

/// Header fields of STOMP that tell of a secret.
static IN_A_FRAME: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?m)^(login|passcode|authorization|[a-z0-9_-]*token):(?:Bearer |Basic )?(.+)$"));

/// JSON Web Tokens (RFC 7519), wherever they stand: the first part is an object in base64.
static JWT: LazyLock<Regex> = LazyLock::new(|| compiled(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"));

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a regular expression")
}

/// Finds in what the client sent what looks like a secret.
pub(super) fn collect(recording: &Recording, columns: &mut Columns) {
    let texts =
        recording.messages.iter().filter(|message| message.is_sent).filter_map(|message| message.content.text());
    for text in texts {
        for found in UNDER_A_KEY.captures_iter(text).chain(IN_A_FRAME.captures_iter(text)) {
            let (_, [key, value]) = found.extract();
            columns.take(key, &format!("`{}` in messages", key.to_ascii_lowercase()), value);
        }
        for found in JWT.find_iter(text) {
            columns.take("jwt", "a JSON Web Token in messages", found.as_str());
        }
    }
}
