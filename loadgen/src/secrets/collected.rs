//! Collects the secrets of a plan or a command line, however wrong it is.

use std::{cmp::Reverse, collections::BTreeSet};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reports::escape;

use super::Secrets;

/// Shortest value that is searched for. Shorter ones occur in many texts by chance.
pub(super) const SHORTEST: usize = 4;

/// What is percent-encoded in a value within a URL: all but the unreserved characters of RFC 3986,
/// section 2.3.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Secrets found so far.
#[derive(Debug, Default)]
pub(super) struct Collected(BTreeSet<String>);

impl Collected {
    pub(super) fn finish(self) -> Secrets {
        let forms: BTreeSet<String> =
            self.0.iter().flat_map(|secret| forms(secret)).map(|form| form.to_ascii_lowercase()).collect();
        let mut forms: Vec<_> = forms.into_iter().filter(|form| form.chars().count() >= SHORTEST).collect();
        forms.sort_by_key(|form| Reverse(form.len()));
        Secrets { forms }
    }

    pub(super) fn add(&mut self, secret: &str) {
        self.0.insert(secret.trim().to_owned());
    }

    /// Collects from a URL, or from what was meant as one.
    pub(super) fn url(&mut self, text: &str) {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        if let Some((user_info, _)) = rest.rsplit_once('@') {
            self.user_info(user_info);
        }
        let Some(at) = rest.find(['?', '#']) else { return };
        for part in rest[at..].split(['?', '#']).filter(|part| !part.is_empty()) {
            self.add_unless_named(part);
            for pair in part.split(['&', ';']) {
                self.add_unless_named(pair.split_once('=').map_or(pair, |(_, value)| value));
            }
        }
    }

    fn user_info(&mut self, text: &str) {
        let mut credentials: Vec<u8> = percent_decode_str(text).collect();
        if !text.contains(':') {
            credentials.push(b':');
        }
        self.encoded(&credentials);
        self.parts(text);
    }

    /// Collects `USER:PASSWORD` or a token, which are not percent-encoded.
    pub(super) fn credentials(&mut self, text: &str) {
        self.encoded(text.as_bytes());
        self.parts(text);
    }

    /// Basic authentication: RFC 7617.
    fn encoded(&mut self, credentials: &[u8]) {
        for encoded in [BASE64_STANDARD.encode(credentials), BASE64_URL_SAFE.encode(credentials)] {
            self.add(encoded.trim_end_matches('='));
        }
    }

    fn parts(&mut self, text: &str) {
        self.add(text);
        if let Some((user, password)) = text.split_once(':') {
            self.add(user);
            self.add(password);
        }
    }

    /// Collects the value and its parts: `Bearer TOKEN`, `name=TOKEN; other=TOKEN`.
    pub(super) fn header_value(&mut self, value: &str) {
        self.add_unless_named(value);
        for part in value.split([' ', ';', ',']).filter(|part| !part.is_empty()) {
            let part = part.split_once('=').map_or(part, |(_, value)| if value.is_empty() { part } else { value });
            // The scheme of an authorization is no secret.
            if !["basic", "bearer", "digest", "token"].contains(&part.to_ascii_lowercase().as_str()) {
                self.add_unless_named(part.trim_matches('"'));
            }
        }
    }

    /// Adds what does not name a column: the column's values are the secrets.
    fn add_unless_named(&mut self, secret: &str) {
        if !secret.contains("{{") {
            self.add(secret);
        }
    }

    /// Collects from `Name: value`, or from what was meant as such.
    fn header(&mut self, field: &str) {
        match field.split_once(':') {
            Some((_, value)) => self.header_value(value),
            None => self.header_value(field),
        }
    }

    pub(super) fn arguments(&mut self, arguments: &[String]) {
        let (mut is_header, mut is_secret) = (false, false);
        for argument in arguments {
            if std::mem::take(&mut is_secret) {
                self.credentials(given_secret(argument));
                continue;
            }
            if let Some(value) = secret_of(argument) {
                is_secret = value.is_empty();
                self.credentials(given_secret(value));
                continue;
            }
            let value = if std::mem::take(&mut is_header) { Some(&argument[..]) } else { header_of(argument) };
            match value {
                Some("") => is_header = true,
                Some(field) => self.header(field),
                None => self.argument(argument),
            }
        }
    }

    fn argument(&mut self, argument: &str) {
        let value = match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => value,
            _ => argument,
        };
        if let Some(command) = value.strip_prefix("cmd:") {
            let words = shlex::split(command);
            self.arguments(&words.unwrap_or_else(|| command.split_whitespace().map(str::to_owned).collect()));
        } else if value.contains("://") || is_like_a_url(value) {
            self.url(value);
        } else if let Some((_, field)) = value.split_once(": ").filter(|(name, _)| is_name(name)) {
            self.header_value(field);
        }
        // A line for another shell.
        if let Some(words @ [_, _, ..]) = shlex::split(value).as_deref() {
            self.arguments(words);
        }
    }
}

/// The forms in which a secret may come back.
pub(super) fn forms(secret: &str) -> impl Iterator<Item = String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
    let encoded = |all| utf8_percent_encode(secret, all).to_string();
    let quoted = html.replace('"', "&quot;").replace('\'', "&#39;");
    let forms = [quoted, html, json, decoded, encoded(NON_ALPHANUMERIC), encoded(RESERVED), secret.to_owned()];
    forms.into_iter().flat_map(|form| [escape(form.as_bytes(), usize::MAX - 8), form])
}

/// The header field in an argument: an empty one if the next argument holds it, none if the
/// argument has none.
pub(super) fn header_of(argument: &str) -> Option<&str> {
    if let Some(rest) = argument.strip_prefix("--header") {
        return if rest.is_empty() { Some("") } else { rest.strip_prefix('=') };
    }
    let (flags, rest) = argument.strip_prefix('-')?.split_once('H')?;
    // Short flags that may stand before it.
    flags.chars().all(|flag| flag == 'q').then(|| rest.strip_prefix('=').unwrap_or(rest))
}

/// The secret in an argument: an empty one if the next argument holds it, none if the argument is
/// no option of a secret.
pub(super) fn secret_of(argument: &str) -> Option<&str> {
    let options = ["--basic-auth", "--bearer", "--proxy-auth"];
    let rest = options.into_iter().find_map(|option| argument.strip_prefix(option))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('=') }
}

/// The secret as it is given, without the mark of a text. Where it is in a file or a variable, its
/// place is no secret.
fn given_secret(text: &str) -> &str {
    match text.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => rest,
        Some(_) => "",
        None if text.starts_with("env:") => "",
        None => text,
    }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `user:password@host` and `host/path?query` with the scheme forgotten.
fn is_like_a_url(text: &str) -> bool {
    !text.starts_with('-') && !text.contains([' ', '{', '"']) && text.contains(['@', '?', '#']) && !is_timed(text)
}

/// A number at a time, as stages and storms have it: `0..50@30s`, `20%@1m30s`.
fn is_timed(text: &str) -> bool {
    let of = |text: &str, others: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || others.contains(c))
    };
    text.split_once('@').is_some_and(|(number, time)| of(number, ".%km") && of(time, ".dhmsun,@%k"))
}
