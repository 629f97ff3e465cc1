//! Regular expressions over the bytes of an event.

use std::{fmt, str::FromStr};

use regex::bytes::Regex;

/// A regular expression over the bytes of an event. It runs in linear time (crate regex).
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// The compiled expression.
    pub fn regex(&self) -> &Regex {
        &self.0
    }

    /// Whether an event matches.
    pub fn is_match(&self, event: &[u8]) -> bool {
        self.0.is_match(event)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Its message draws the place with several lines; the last says what is wrong.
        let reason = |error: regex::Error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        };
        let compiled = Regex::new(text).map(Self);
        compiled.map_err(|error| format!("it is no regular expression: {}", reason(error)))
    }
}
