//! Keys about what a client says besides its messages.

use std::str::FromStr;

use clap::Args;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{text_or_file::TextOrFile, value::text_value};
use crate::plan::{Capture, Pattern};

/// What a client says besides its messages, and which events are no replies.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Messages")]
#[serde(default)]
#[allow(clippy::doc_markdown)] // Help is no Markdown.
pub struct DialogueKeys {
    /// Step of joining, 'TEXT[=>REGEX]': send TEXT once a connection is open; repeatable
    ///
    /// With =>REGEX the step ends with an event that matches, and without at once. '=>REGEX' alone
    /// waits. A client sends messages once it has done all steps. `--connect-timeout` bounds them
    /// together. In a plan file: { send = TEXT, expect = REGEX }.
    #[arg(long, value_name = "STEP", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_open: Option<Vec<StepKeys>>,

    /// Answer to events, 'REGEX=>TEXT': TEXT is sent for each that matches; repeatable
    ///
    /// For heartbeats, such as '^2$=>3'. In a plan file: { when = REGEX, send = TEXT }.
    #[arg(long, value_name = "ANSWER", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Vec<AnswerKeys>>,

    /// Count events that match apart, as no replies; repeatable
    #[arg(long, value_name = "REGEX", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<Pattern>>,

    /// Remember a part of the events, 'NAME=REGEX'; repeatable
    ///
    /// {{NAME}} is the last match of the first group, over all sessions of a client, and empty
    /// before. It can stand in steps of joining, answers, URL and header fields: to resume a
    /// session.
    #[arg(long, value_name = "CAPTURE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Vec<CaptureKey>>,
}

/// A part of the events that a client remembers: `NAME=REGEX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureKey(pub Capture);

text_value! {
    CaptureKey: { "type": "string", "pattern": "^[a-z_][a-z0-9_]*=.+$" }
}

/// A step of joining.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepKeys {
    /// What is sent: a text with {{...}}, or @FILE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<TextOrFile>,
    /// The event that ends the step, as a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Pattern>,
}

/// An event and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerKeys {
    /// The event, as a regular expression.
    pub when: Pattern,
    /// The answer: a text with {{...}}, or @FILE.
    pub send: TextOrFile,
}

impl FromStr for CaptureKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected NAME=REGEX with one group, such as 'token=\"token\":\"([^\"]+)\"'";
        let (name, pattern) = text.split_once('=').ok_or(expected)?;
        let starts = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !starts || !name.chars().all(is_name) {
            return Err(format!("{expected}; a name has small letters, digits and _"));
        }
        let pattern: Pattern = pattern.parse()?;
        match pattern.regex().captures_len() {
            2 => Ok(Self(Capture { name: name.to_owned(), pattern })),
            groups => Err(format!("{expected}; this one has {} groups, and (?:...) captures nothing", groups - 1)),
        }
    }
}

impl Serialize for CaptureKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(Capture { name, pattern }) = self;
        serializer.collect_str(&format_args!("{name}={pattern}"))
    }
}

/// What stands between the two parts on the command line.
const ARROW: &str = "=>";

impl FromStr for StepKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (send, expect) = match text.rsplit_once(ARROW) {
            Some((send, expect)) => (send, Some(expect)),
            None => (text, None),
        };
        let send = (!send.is_empty()).then(|| send.parse()).transpose()?;
        Ok(Self { send, expect: expect.map(str::parse).transpose()? })
    }
}

impl FromStr for AnswerKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (when, send) = text.split_once(ARROW).ok_or("expected 'REGEX=>TEXT', such as '^2$=>3'")?;
        Ok(Self { when: when.parse()?, send: send.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_has_a_name_and_a_group() {
        let CaptureKey(Capture { name, pattern }) = r#"pid="pid":"([^"]+)""#.parse().unwrap();
        assert_eq!((name.as_str(), pattern.to_string().as_str()), ("pid", r#""pid":"([^"]+)""#));
        for (wrong, expected) in [
            ("pid", "expected NAME=REGEX"),
            ("Pid=(a)", "small letters"),
            ("=(a)", "small letters"),
            ("pid=a", "has 0 groups"),
            ("pid=(a)(b)", "has 2 groups"),
            ("pid=(", "no regular expression"),
        ] {
            assert!(wrong.parse::<CaptureKey>().unwrap_err().contains(expected), "{wrong}");
        }
    }

    #[test]
    fn an_arrow_parts_a_step_and_an_answer() {
        let step = |text: &str| {
            let StepKeys { send, expect } = text.parse().unwrap();
            (send.map(|send| send.to_string()), expect.map(|expect| expect.to_string()))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(step("hi"), (some("hi"), None));
        assert_eq!(step("hi=>^welcome"), (some("hi"), some("^welcome")));
        assert_eq!(step("a => b=>c"), (some("a => b"), some("c")));
        assert_eq!(step("=>^0"), (None, some("^0")));
        let AnswerKeys { when, send } = "^2$=>3".parse().unwrap();
        assert_eq!((when.to_string(), send.to_string()), ("^2$".to_owned(), "3".to_owned()));
        assert!("^2$".parse::<AnswerKeys>().unwrap_err().contains("REGEX=>TEXT"));
        assert!("(=>3".parse::<AnswerKeys>().unwrap_err().contains("no regular expression"));
    }
}
