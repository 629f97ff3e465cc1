//! The WebSocket connections of a HAR file.
//!
//! HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>) knows no WebSocket. Chrome and Edge
//! add `_webSocketMessages` to an entry, with `type` (`send`, `receive`, `error`), `time` in
//! seconds since 1970, `opcode`, and `data`, which is base64 if the opcode is 2. mitmproxy and HTTP
//! Toolkit write the same. Playwright does so for each of its browsers, with `time` in
//! milliseconds. Firefox itself leaves messages out.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    error::ImportError,
    recording::{Content, Message, Recording},
};

/// Most connections of a file that become groups.
const MOST_CONNECTIONS: usize = 20;
/// Most messages of a connection that are kept, and most of their bytes.
const MOST_MESSAGES: usize = 50_000;
const MOST_BYTES: usize = 8 << 20;

const HOW: &str = "record it with Chrome or Edge: open the developer tools before the page connects, use the page, and \
                   export the Network panel as HAR with sensitive data";

/// The WebSocket connections of a HAR file.
#[derive(Clone, Debug, Default)]
pub(super) struct Har {
    /// Those that were asked for and have messages.
    pub(super) recordings: Vec<Recording>,
    /// Connections of the file.
    pub(super) connections: usize,
    /// Connections that have no messages.
    pub(super) without_messages: usize,
    /// Entries of any kind.
    entries: usize,
    /// Messages are in a file of their own.
    attached: bool,
    has_log: bool,
    entry: Option<usize>,
}

impl Har {
    /// Reads a file. With `entry`, only that connection, counted from 1.
    pub(super) fn read(file: &str, source: impl Read, entry: Option<usize>) -> Result<Self, ImportError> {
        let refused = |place, what| ImportError { file: file.to_owned(), place, what };
        let mut source = BufReader::with_capacity(1 << 16, source);
        let mut har = Self { entry, ..Self::default() };
        let start =
            source.fill_buf().map_err(|error| refused(None, format!("the recording can't be read: {error}")))?;
        if start.starts_with(b"\xef\xbb\xbf") {
            source.consume(3);
        }
        let mut reader = serde_json::Deserializer::from_reader(source);
        let top = At { path: &["log", "entries"], har: &mut har };
        let read = top.deserialize(&mut reader).and_then(|()| reader.end());
        read.map_err(|error| refused(place(&error), reason(&error)))?;
        har.check().map_err(|what| refused(None, what))?;
        Ok(har)
    }

    /// What to know about what was left out.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.entry.is_none() && self.without_messages > 0 {
            notes.push(format!(
                "{} of {} connections have no messages and were left out",
                self.without_messages, self.connections
            ));
        }
        for recording in self.recordings.iter().filter(|recording| recording.left_out > 0) {
            notes.push(format!(
                "connection {}: the last {} messages were not looked at: at most {MOST_MESSAGES} and {} MiB of a connection \
                 are",
                recording.number,
                recording.left_out,
                MOST_BYTES >> 20,
            ));
        }
        notes
    }

    fn check(&self) -> Result<(), String> {
        let (kept, all) = (self.recordings.len(), self.connections);
        match self.entry {
            _ if !self.has_log => Err(format!("it is JSON, but no HAR file: it has no `log` with `entries`; {HOW}")),
            _ if all == 0 => Err(format!(
                "none of its {} entries is a WebSocket connection: the page opened none while it was recorded; {HOW}",
                self.entries
            )),
            Some(entry) if !(1..=all).contains(&entry) => {
                Err(format!("there is no connection {entry}: the file has {all}; take --entry 1 to {all}"))
            }
            _ if kept == 0 && self.attached => {
                Err("its messages are in files of their own: let Playwright record with \
                 `content: 'embed'`"
                    .to_owned())
            }
            Some(entry) if kept == 0 => Err(format!("connection {entry} has no messages; {}", missing())),
            None if kept == 0 => Err(format!("its {all} WebSocket connections have no messages; {}", missing())),
            None if kept > MOST_CONNECTIONS => Err(format!(
                "it has {kept} WebSocket connections with messages, and a plan is made of at most {MOST_CONNECTIONS}: name \
                 one with --entry, from 1 to {all}"
            )),
            _ => Ok(()),
        }
    }

    /// Keeps an entry if it is a connection that was asked for.
    fn add(&mut self, entry: Entry) {
        self.entries += 1;
        if !entry.is_connection() {
            return;
        }
        self.connections += 1;
        if self.entry.is_some_and(|wanted| wanted != self.connections) {
            return;
        }
        self.attached |= entry.response.content.file.is_some();
        if entry.messages.kept.is_empty() {
            self.without_messages += 1;
        } else if self.recordings.len() <= MOST_CONNECTIONS {
            self.recordings.push(entry.recording(self.connections));
        }
    }
}

fn missing() -> String {
    format!("Firefox saves none, and other browsers only those that passed while the developer tools were open; {HOW}")
}

fn place(error: &serde_json::Error) -> Option<(usize, usize)> {
    (error.line() > 0).then(|| (error.line(), error.column()))
}

/// Why a file can't be read. An error of serde quotes values, and they may be secrets.
fn reason(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let text = error.to_string();
    match error.classify() {
        Category::Io => format!("the recording can't be read: {error}"),
        Category::Eof => "it ends in the middle: it was cut short; save it again".to_owned(),
        Category::Syntax => format!("it is no JSON, and so no HAR file; {HOW}"),
        Category::Data => {
            let expected = text.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
            let expected = expected.split(" at line ").next().unwrap_or_default();
            format!("it is no HAR file: expected {expected} here; {HOW}")
        }
    }
}

/// An entry, as far as it matters.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Entry {
    request: Request,
    response: Response,
    #[serde(rename = "_resourceType")]
    resource_type: Option<String>,
    #[serde(rename = "_webSocketMessages")]
    messages: Frames,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    #[serde(deserialize_with = "or_default")]
    url: String,
    #[serde(deserialize_with = "or_default")]
    headers: Vec<Field>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    content: ResponseContent,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseContent {
    #[serde(rename = "_file")]
    file: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Field {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    value: String,
}

/// What a `null` stands for.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Entry {
    fn is_connection(&self) -> bool {
        let is_upgrade = |field: &Field| {
            field.name.eq_ignore_ascii_case("upgrade") && field.value.to_ascii_lowercase().contains("websocket")
        };
        self.resource_type.as_deref() == Some("websocket")
            || self.request.url.starts_with("ws://")
            || self.request.url.starts_with("wss://")
            || !self.messages.kept.is_empty()
            || self.request.headers.iter().any(is_upgrade)
    }

    fn recording(self, number: usize) -> Recording {
        let header = self.request.headers.into_iter().map(|field| (field.name, field.value)).collect();
        let Frames { kept, left_out } = self.messages;
        Recording { number, url: self.request.url, header, messages: messages(kept), left_out }
    }
}

/// A message as a browser writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Frame {
    r#type: String,
    time: Option<f64>,
    opcode: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    data: String,
}

impl Frame {
    fn content(self) -> Content {
        if self.opcode != Some(2) {
            return Content::Text(self.data);
        }
        BASE64_STANDARD.decode(self.data.trim()).map_or_else(|_| Content::Text(self.data), Content::Binary)
    }
}

/// With times since the first. Such a large number of seconds are milliseconds.
fn messages(frames: Vec<Frame>) -> Vec<Message> {
    let seconds = |frame: &Frame| match frame.time {
        Some(time) if time > 1e11 => time / 1e3,
        Some(time) if time > 0.0 => time,
        _ => 0.0,
    };
    let first = frames.iter().map(seconds).fold(f64::INFINITY, f64::min);
    let message = |frame: Frame| Message {
        at: seconds(&frame) - first,
        is_sent: frame.r#type == "send",
        content: frame.content(),
    };
    let mut all: Vec<_> = frames.into_iter().map(message).collect();
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

/// Messages of an entry, bounded. Errors that Chrome puts between them, and control frames, are
/// none.
#[derive(Default)]
struct Frames {
    kept: Vec<Frame>,
    left_out: usize,
}

impl<'de> Deserialize<'de> for Frames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FramesVisitor)
    }
}

struct FramesVisitor;

impl<'de> Visitor<'de> for FramesVisitor {
    type Value = Frames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_unit<E>(self) -> Result<Frames, E> {
        Ok(Frames::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Frames, A::Error> {
        let mut frames = Frames::default();
        let mut bytes = 0;
        while let Some(frame) = list.next_element::<Frame>()? {
            let is_message = matches!(&*frame.r#type, "send" | "receive") && matches!(frame.opcode, None | Some(1 | 2));
            bytes += if is_message { frame.data.len() } else { 0 };
            match is_message {
                false => {}
                true if frames.kept.len() < MOST_MESSAGES && bytes <= MOST_BYTES => frames.kept.push(frame),
                true => frames.left_out += 1,
            }
        }
        Ok(frames)
    }
}

/// What is at a path of keys in the file. At the end of `log`, `entries` is the list of entries, of
/// which one at a time is in memory.
struct At<'a> {
    path: &'a [&'static str],
    har: &'a mut Har,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.path {
            [] => deserializer.deserialize_seq(self),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path {
            [] => f.write_str("a list of entries"),
            [key, ..] => write!(f, "an object with `{key}`"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.path.split_first() else { return Ok(()) };
        while let Some(key) = map.next_key::<String>()? {
            if key == *wanted {
                map.next_value_seed(At { path: rest, har: &mut *self.har })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.har.has_log = true;
        while let Some(entry) = list.next_element::<Entry>()? {
            self.har.add(entry);
        }
        Ok(())
    }
}
