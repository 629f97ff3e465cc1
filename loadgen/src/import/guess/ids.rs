//! Numbers by which a reply names its message.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::Value;

use super::super::recording::Message;

/// How deep and how many values of a message are looked at.
const DEPTH: usize = 4;
const MOST_LEAVES: usize = 64;

/// Stands in place of an id while its place is looked for: no message has it.
const PROBE: u64 = 9_007_199_254_740_881;

/// An emit of Socket.IO that wants an acknowledgement, and an acknowledgement.
static EMIT: LazyLock<Regex> = LazyLock::new(|| compiled(r"^42(?:/[^,]*,)?(\d+)\["));
static ACKNOWLEDGEMENT: LazyLock<Regex> = LazyLock::new(|| compiled(ACKNOWLEDGED));
const ACKNOWLEDGED: &str = r"^43(?:/[^,]*,)?(\d+)";

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a regular expression")
}

/// Where messages and replies have their id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// JSON pointers.
    Json { message: String, reply: String },
    /// Acknowledgements of Socket.IO.
    SocketIo,
}

impl Ids {
    /// Finds ids by which most of the sent messages are answered.
    pub(super) fn find(messages: &[Message], load: &[usize]) -> Option<Self> {
        let sent: Vec<_> = load.iter().filter_map(|&index| messages[index].content.text()).collect();
        let received: Vec<_> =
            messages.iter().filter(|message| !message.is_sent).filter_map(|message| message.content.text()).collect();
        let number = |regex: &Regex, text: &str| Some(regex.captures(text)?[1].to_owned());
        let acknowledged: BTreeSet<_> = received.iter().filter_map(|text| number(&ACKNOWLEDGEMENT, text)).collect();
        let emits = sent.iter().filter_map(|text| number(&EMIT, text)).filter(|id| acknowledged.contains(id)).count();
        if emits > 0 && 2 * emits >= sent.len() {
            return Some(Self::SocketIo);
        }
        json(&sent, &received)
    }

    /// The value of `--expect`.
    pub(super) fn expect(&self) -> String {
        match self {
            Self::Json { reply, .. } => format!("id={reply}"),
            Self::SocketIo => format!("id=~{ACKNOWLEDGED}"),
        }
    }

    /// The id of a message.
    pub(super) fn of_message(&self, text: &str) -> Option<String> {
        match self {
            Self::Json { message, .. } => id(serde_json::from_str::<Value>(text).ok()?.pointer(message)?),
            Self::SocketIo => Some(EMIT.captures(text)?[1].to_owned()),
        }
    }

    /// The id of a reply.
    pub(super) fn of_reply(&self, text: &str) -> Option<String> {
        match self {
            Self::Json { reply, .. } => id(serde_json::from_str::<Value>(text).ok()?.pointer(reply)?),
            Self::SocketIo => Some(ACKNOWLEDGEMENT.captures(text)?[1].to_owned()),
        }
    }

    /// A message before and after its id.
    pub(super) fn around(&self, text: &str) -> Option<(String, String)> {
        let Self::Json { message: pointer, .. } = self else {
            let place = EMIT.captures(text)?.get(1)?;
            return Some((text[..place.start()].to_owned(), text[place.end()..].to_owned()));
        };
        let value: Value = serde_json::from_str(text).ok()?;
        let id = value.pointer(pointer)?.clone();
        let quote = if id.is_string() { "\"" } else { "" };
        let mut wanted = value;
        let probe = if id.is_string() { Value::from(PROBE.to_string()) } else { Value::from(PROBE) };
        *wanted.pointer_mut(pointer)? = probe;
        let written = id.to_string();
        // The same digits may stand elsewhere, so the place is the one that changes the right
        // value.
        text.match_indices(&written).take(MOST_LEAVES).find_map(|(at, _)| {
            let (before, after) =
                (format!("{}{quote}", &text[..at]), format!("{quote}{}", &text[at + written.len()..]));
            let probed = serde_json::from_str::<Value>(&format!("{before}{PROBE}{after}")).ok();
            (probed.as_ref() == Some(&wanted)).then_some((before, after))
        })
    }
}

/// A number or a string as an id.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The pair of pointers by which the most messages are answered; of those alike, the shortest.
fn json(sent: &[&str], received: &[&str]) -> Option<Ids> {
    let mut replies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (pointer, id) in received.iter().flat_map(|text| leaves(text)) {
        replies.entry(id).or_default().insert(pointer);
    }
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (pointer, id) in sent.iter().flat_map(|text| leaves(text)) {
        values.entry(pointer).or_default().push(id);
    }
    let mut best: Option<(usize, Ids)> = None;
    for (message, ids) in values {
        let distinct = ids.iter().collect::<BTreeSet<_>>().len();
        if distinct < ids.len() || 2 * ids.len() < sent.len() {
            continue;
        }
        let mut answered: BTreeMap<&String, usize> = BTreeMap::new();
        for pointer in ids.iter().filter_map(|id| replies.get(id)).flatten() {
            *answered.entry(pointer).or_default() += 1;
        }
        for (reply, count) in answered {
            // One pair of equal values may be chance, unless it has the name of an id.
            let is_enough =
                if count == 1 { is_name_of_id(&message) && is_name_of_id(reply) } else { 2 * count > ids.len() };
            let is_better = best.as_ref().is_none_or(|(most, ids)| {
                let Ids::Json { message: other, .. } = ids else { return false };
                (count, is_name_of_id(&message)) > (*most, is_name_of_id(other))
            });
            if is_enough && is_better {
                best = Some((count, Ids::Json { message: message.clone(), reply: reply.clone() }));
            }
        }
    }
    best.map(|(_, ids)| ids)
}

fn is_name_of_id(pointer: &str) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    ["id", "ref", "seq", "nonce", "reqid", "requestid", "request_id", "correlationid", "correlation_id", "txid"]
        .contains(&&*name)
}

/// Numbers and strings of a JSON text, with their pointers.
fn leaves(text: &str) -> Vec<(String, String)> {
    fn walk(value: &Value, pointer: &str, depth: usize, all: &mut Vec<(String, String)>) {
        let step = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        match value {
            _ if all.len() >= MOST_LEAVES || depth > DEPTH => {}
            Value::Object(members) => members.iter().for_each(|(key, value)| walk(value, &step(key), depth + 1, all)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| walk(item, &step(&at.to_string()), depth + 1, all));
            }
            _ => all.extend(id(value).map(|id| (pointer.to_owned(), id))),
        }
    }
    let mut all = Vec::new();
    if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
        walk(&value, "", 0, &mut all);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_id_is_found_among_equal_digits() {
        let json = Ids::Json { message: "/b/id".to_owned(), reply: "/id".to_owned() };
        assert_eq!(
            json.around(r#"{"a":17, "b": {"n":17,"id" :17}}"#),
            Some((r#"{"a":17, "b": {"n":17,"id" :"#.to_owned(), "}}".to_owned()))
        );
        assert_eq!(json.around(r#"{"b":{"id":"17"}}"#), Some((r#"{"b":{"id":""#.to_owned(), r#""}}"#.to_owned())));
        assert_eq!(json.around(r#"{"b":17}"#), None);
        let pair = Ids::SocketIo.around(r#"42/chat,17["say",17]"#);
        assert_eq!(pair, Some(("42/chat,".to_owned(), r#"["say",17]"#.to_owned())));
    }

    #[test]
    fn an_id_differs_and_comes_back() {
        let sent = [r#"{"id":1,"n":5,"room":"a"}"#, r#"{"id":2,"n":5,"room":"b"}"#];
        let found = json(&sent, &[r#"{"re":{"id":"2"},"n":5}"#, r#"{"re":{"id":1},"n":5}"#]);
        assert_eq!(found, Some(Ids::Json { message: "/id".to_owned(), reply: "/re/id".to_owned() }));
        assert_eq!(json(&sent, &[r#"{"n":5}"#]), None);
        assert_eq!(json(&[r#"{"text":"hello"}"#], &[r#"{"text":"hello"}"#]), None);
    }
}
