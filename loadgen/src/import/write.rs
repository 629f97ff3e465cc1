//! The plan file, with comments that say what was recorded.

use std::fmt::{self, Write};

use super::{
    Import,
    columns::Columns,
    guess::{Expectation, Guess, Heartbeat, Pace, Sent, Step},
    har::Har,
    recording::{Content, Recording},
    route::Route,
};
use crate::plan::GroupName;

/// Most messages of a group, and most of their bytes in the plan.
const MOST_MESSAGES: usize = 100;
const MOST_BYTES: usize = 256 << 10;
/// Most times that a comment lists.
const MOST_TIMES: usize = 4;

type Part<'a> = (&'a Recording, Route, Guess);

/// The plan file of these groups.
pub(super) fn plan(
    import: &Import<'_>,
    har: &Har,
    groups: &[Part<'_>],
    columns: &Columns,
    notes: &mut Vec<String>,
) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = head(&mut text, import, har, groups, columns);
    let names = names(groups);
    for ((recording, route, guess), name) in groups.iter().zip(&names) {
        let name = (groups.len() > 1).then_some(&**name);
        let mut writer = Group { text: &mut text, recording, guess, notes };
        let _ = writer.write(name, route);
    }
    text
}

fn head(out: &mut String, import: &Import<'_>, har: &Har, groups: &[Part<'_>], columns: &Columns) -> fmt::Result {
    let of = if groups.len() == har.connections { String::new() } else { format!(" of {}", har.connections) };
    let word = if har.connections == 1 { "connection" } else { "connections" };
    writeln!(out, "# Made by `loadgen import` of {}: {}{of} WebSocket {word}.", one_line(import.file), groups.len())?;
    writeln!(out, "# It is a first guess. Read it, change it, and check it with `loadgen plan`.")?;
    writeln!(out, "# Messages may hold secrets that no rule finds: look them through before you share this file.")?;
    if columns.iter().next().is_none() {
        return Ok(());
    }
    writeln!(out, "#\n# Columns of the data, one row a client, stand in place of what may be secret:")?;
    for column in columns.iter() {
        writeln!(out, "#   {}: {}", column.name, column.origin)?;
    }
    writeln!(out, "data = {}", quoted(import.data))
}

/// Names of the groups, after the last part of their paths.
fn names(groups: &[Part<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (recording, route, _) in groups {
        let path = route.target.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
        let allowed = last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        let name = allowed.take(32).collect::<String>().trim_matches('-').to_owned();
        let numbered = format!("connection-{}", recording.number);
        let candidates = [name.clone(), format!("{name}-{}", recording.number)];
        let is_fit = |name: &&String| name.parse::<GroupName>().is_ok() && !names.contains(*name);
        names.push(candidates.iter().find(is_fit).cloned().unwrap_or(numbered));
    }
    names
}

/// Writes one group.
struct Group<'a> {
    text: &'a mut String,
    recording: &'a Recording,
    guess: &'a Guess,
    notes: &'a mut Vec<String>,
}

impl Group<'_> {
    fn write(&mut self, name: Option<&str>, route: &Route) -> fmt::Result {
        writeln!(self.text)?;
        if let Some(name) = name {
            writeln!(self.text, "[[group]]\nname = {}", quoted(name))?;
        }
        let (sent, received) = self.recording.counts();
        let number = self.recording.number;
        writeln!(self.text, "# Connection {number} of the file: {sent} messages sent, {received} received.")?;
        writeln!(self.text, "target = {}", quoted(&route.target))?;
        for (key, value) in [("origin", &route.origin), ("subprotocol", &route.subprotocol)] {
            if let Some(value) = value {
                writeln!(self.text, "{key} = {}", quoted(value))?;
            }
        }
        let fields: Vec<_> = route.header.iter().map(|field| (String::new(), quoted(field))).collect();
        self.list("header", &fields)?;
        self.load()?;
        self.joining()?;
        self.heartbeats()?;
        self.messages()?;
        self.expectation()?;
        self.ignored()
    }

    fn note(&mut self, note: &str) {
        self.notes.push(format!("connection {}: {note}", self.recording.number));
    }

    fn load(&mut self) -> fmt::Result {
        writeln!(self.text, "\n# One client, as recorded. Raise it.\nclients = 1")?;
        if self.guess.messages.is_empty() {
            self.note("the client sent nothing after joining, so the plan only listens");
            return writeln!(self.text, "# It sent nothing after joining, so clients only listen.\nrate = 0");
        }
        match self.guess.pace {
            Some(pace @ Pace { messages, seconds, gap }) => {
                writeln!(
                    self.text,
                    "# Recorded: {messages} messages in {seconds:.1} s; half of the pauses were {gap:.1} s or less."
                )?;
                writeln!(self.text, "rate = {}\nburst = 1", pace.rate())
            }
            None => writeln!(self.text, "# The recording does not tell how often.\nrate = 1\nburst = 1"),
        }
    }

    fn joining(&mut self) -> fmt::Result {
        let mut steps = Vec::new();
        for Step { at, send, expect } in &self.guess.joining {
            let send = match send {
                Some(Content::Binary(bytes)) => {
                    let bytes = bytes.len();
                    self.note(&format!(
                        "it joined with a binary message of {bytes} bytes at {at:.2} s, which a step can't send"
                    ));
                    continue;
                }
                Some(Content::Text(text)) => Some(format!("send = {}", quoted(&literal(text)))),
                None => None,
            };
            let expect = expect.as_ref().map(|expect| format!("expect = {}", quoted(expect)));
            let keys: Vec<_> = [send, expect].into_iter().flatten().collect();
            steps.push((format!("{at:.2} s"), format!("{{ {} }}", keys.join(", "))));
        }
        self.section("Said once at the beginning.", "on_open", &steps)
    }

    fn heartbeats(&mut self) -> fmt::Result {
        let mut answers = Vec::new();
        for Heartbeat { when, send, times, every } in &self.guess.heartbeats {
            let Content::Text(send) = send else {
                self.note("it answered events with a binary message, which `answer` can't send");
                continue;
            };
            let every = every.map_or_else(String::new, |every| format!(", every {every:.1} s"));
            let answer = format!("{{ when = {}, send = {} }}", quoted(when), quoted(&literal(send)));
            answers.push((format!("{}{every}", counted(*times)), answer));
        }
        self.section("Heartbeats.", "answer", &answers)
    }

    fn messages(&mut self) -> fmt::Result {
        let all = &self.guess.messages;
        let is_binary = all.iter().all(|sent| matches!(sent.content, Content::Binary(_)));
        let mut bytes = 0;
        let mut messages = Vec::new();
        for Sent { content, at } in all {
            let written = match content {
                Content::Binary(_) if is_binary => quoted(&content.hex()),
                Content::Binary(_) => continue,
                Content::Text(text) => quoted(&literal(text)),
            };
            bytes += written.len();
            if messages.len() == MOST_MESSAGES || bytes > MOST_BYTES {
                break;
            }
            messages.push((times(at), written));
        }
        let left_out = all.len() - messages.len();
        if left_out > 0 {
            self.note(&format!(
                "{left_out} of {} different messages were left out: a plan takes the first {MOST_MESSAGES} and {} KiB of \
                 them, and either texts or binary ones",
                all.len(),
                MOST_BYTES >> 10
            ));
        }
        if self.guess.without_id > 0 {
            self.note(&format!("{} messages without an id were left out", self.guess.without_id));
        }
        self.section("Sent in turn.", if is_binary { "message_hex" } else { "message" }, &messages)
    }

    fn expectation(&mut self) -> fmt::Result {
        let out = &mut *self.text;
        match &self.guess.expect {
            Expectation::Nothing => {
                writeln!(out, "\n# If what the server pushes has a number that counts up, name its place:")?;
                writeln!(out, "# expect = \"sequence=/number\"")
            }
            Expectation::Echo => writeln!(out, "\n# Each message came back.\nexpect = \"echo\""),
            Expectation::Count => {
                writeln!(
                    out,
                    "\n# One event a message, whatever it holds. If the server hands a text through, put {{{{mark}}}}"
                )?;
                writeln!(out, "# in its place and expect \"mark\": then each message is told from the others.")?;
                writeln!(out, "expect = \"count\"")
            }
            Expectation::Id(expect) => {
                writeln!(out, "\n# Replies have the id of their message.\nexpect = {}", quoted(expect))
            }
        }
    }

    fn ignored(&mut self) -> fmt::Result {
        let Guess { ignored, patterns_left_out, unclear, .. } = self.guess;
        let patterns: Vec<_> = ignored.iter().map(|(pattern, count)| (counted(*count), quoted(pattern))).collect();
        if *patterns_left_out > 0 {
            self.note(&format!("{patterns_left_out} kinds of events that are no replies were left out"));
        }
        if !unclear.is_empty() {
            let shown: Vec<_> = unclear.iter().map(|pattern| quoted(pattern)).collect();
            self.note(&format!("some events that are no replies look like replies: {}", shown.join(", ")));
        }
        self.section("Events that are no replies.", "ignore", &patterns)
    }

    fn section(&mut self, about: &str, key: &str, items: &[(String, String)]) -> fmt::Result {
        if items.is_empty() {
            return Ok(());
        }
        writeln!(self.text, "\n# {about}")?;
        self.list(key, items)
    }

    /// A list of values with comments.
    fn list(&mut self, key: &str, items: &[(String, String)]) -> fmt::Result {
        if items.is_empty() {
            return Ok(());
        }
        writeln!(self.text, "{key} = [")?;
        for (comment, value) in items {
            if !comment.is_empty() {
                writeln!(self.text, "    # {comment}")?;
            }
            writeln!(self.text, "    {value},")?;
        }
        writeln!(self.text, "]")
    }
}

fn counted(times: usize) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// When a message was sent.
fn times(at: &[f64]) -> String {
    let shown: Vec<_> = at.iter().take(MOST_TIMES).map(|at| format!("{at:.2} s")).collect();
    let more = if at.len() > MOST_TIMES { ", ..." } else { "" };
    let count = if at.len() > 1 { format!("{} times: ", at.len()) } else { String::new() };
    format!("{count}{}{more}", shown.join(", "))
}

/// A text that is no name of a file.
fn literal(text: &str) -> String {
    if text.starts_with('@') { format!("@{text}") } else { text.to_owned() }
}

/// A string of TOML in one line.
fn quoted(text: &str) -> String {
    let is_literal = !text.contains('\'') && !text.chars().any(char::is_control) && text.contains(['"', '\\']);
    if is_literal {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            // Also what shows no letter or turns the direction of a line.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A text for a comment.
fn one_line(text: &str) -> String {
    reports::escape(text.as_bytes(), 200)
}

#[cfg(test)]
mod tests {
    use toml_edit::Value;

    use super::*;

    #[test]
    fn a_string_of_toml_is_read_as_it_was() {
        for text in ["", "a", r#"{"a":"b"}"#, r"^2\d$", "it's \"so\"", "a\nb\r\t\0\u{202e}\u{1f600}", "\u{7f}'\\"] {
            let read: Value = quoted(text).parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(read.as_str(), Some(text));
            assert_eq!(quoted(text).lines().count(), 1);
        }
    }
}
