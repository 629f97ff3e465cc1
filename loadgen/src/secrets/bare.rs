//! Shows parts of a command line without secrets, however wrong they are.

use super::{
    HIDDEN,
    collected::{header_of, is_name, secret_of},
};

/// A URL, or what was meant as one, without user-info, query and fragment.
pub fn bare(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, _)| text.split_at(scheme.len() + 3));
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let marked =
        |shown: &str| if end < rest.len() { format!("{shown}{}{HIDDEN}", &rest[end..=end]) } else { shown.to_owned() };
    match rest.rfind('@') {
        None => format!("{scheme}{}", marked(&rest[..end])),
        Some(at) if at < end => format!("{scheme}{HIDDEN}{}", marked(&rest[at..end])),
        // Nobody knows where the user-info ends.
        Some(_) => format!("{scheme}{HIDDEN}"),
    }
}

/// A header field, or what was meant as one: at most its name.
pub fn bare_header(text: &str) -> String {
    match text.split_once(':') {
        Some((name, _)) if is_name(name.trim()) => format!("{}: {HIDDEN}", name.trim()),
        _ => HIDDEN.to_owned(),
    }
}

/// The words of a command, with secrets in URLs and header fields hidden. The rest is shown as it
/// is.
pub fn bare_words(words: &[String]) -> Vec<String> {
    let (mut is_header, mut is_secret) = (false, false);
    let show = |word: &String| {
        if std::mem::take(&mut is_secret) {
            return HIDDEN.to_owned();
        }
        if let Some(value) = secret_of(word) {
            is_secret = value.is_empty();
            return format!("{}{}", &word[..word.len() - value.len()], if is_secret { "" } else { HIDDEN });
        }
        if std::mem::take(&mut is_header) {
            return bare_header(word);
        }
        match header_of(word) {
            Some("") => {
                is_header = true;
                word.clone()
            }
            Some(field) => format!("{}{}", &word[..word.len() - field.len()], bare_header(field)),
            None if word.contains("://") => bare_in(word),
            None if word.split_once(": ").is_some_and(|(name, _)| is_name(name)) => bare_header(word),
            None => word.clone(),
        }
    };
    words.iter().map(show).collect()
}

/// A word with a URL in it, such as `--url=ws://...`, or a line of a shell.
fn bare_in(word: &str) -> String {
    let parts = word.split_inclusive(|c: char| c.is_whitespace());
    let show = |part: &str| {
        let Some(at) = part.find("://") else { return part.to_owned() };
        let begin = part[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
        let end = part.trim_end().len();
        format!("{}{}{}", &part[..begin], bare(&part[begin..end]), &part[end..])
    };
    parts.map(show).collect()
}
