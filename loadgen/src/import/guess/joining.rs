//! What a client says once, at the beginning.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    columns::Columns,
    recording::{Content, Message},
};

/// How long the beginning is, in seconds since the first message.
const BEGINNING: f64 = 3.0;
/// Most events that are taken as greetings.
const MOST_GREETINGS: usize = 3;

/// Most messages that are steps.
const MOST_STEPS: usize = 20;

/// A step of joining.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// Seconds at which it happened.
    pub(crate) at: f64,
    /// What the client sent; a template if it is a text.
    pub(crate) send: Option<Content>,
    /// Pattern of the event that came then.
    pub(crate) expect: Option<String>,
}

/// Finds the steps, and takes their messages.
pub(super) fn find(messages: &[Message], kinds: &[String], columns: &Columns, taken: &mut [bool]) -> Vec<Step> {
    let is_early = |message: &Message| message.at <= BEGINNING;
    let early = messages.iter().take_while(|message| is_early(message)).count();
    let is_event = |index: usize, taken: &[bool]| !messages[index].is_sent && !taken[index];
    let once = said_once(messages);
    let sends: Vec<_> = (0..early)
        .filter(|&index| messages[index].is_sent && !taken[index])
        .take_while(|index| once.contains(index))
        .take(MOST_STEPS)
        .collect();
    // The first message of a recording that has no others is its load.
    let others = messages.iter().enumerate().filter(|(index, message)| message.is_sent && !taken[*index]).count();
    let sends =
        if sends.len() == 1 && others == 1 && !is_followed_by_pushes(messages, sends[0]) { vec![] } else { sends };

    let mut steps = Vec::new();
    let first = (0..early).find(|&index| messages[index].is_sent && !taken[index]).unwrap_or(early);
    let greetings: Vec<_> = (0..first).filter(|&index| is_event(index, taken)).take(MOST_GREETINGS).collect();
    for index in greetings {
        taken[index] = true;
        steps.push(Step { at: messages[index].at, send: None, expect: Some(kinds[index].clone()) });
    }
    for (nth, &index) in sends.iter().enumerate() {
        let end = sends.get(nth + 1).copied().unwrap_or_else(|| next_send(messages, index));
        let until = messages[index].at + BEGINNING;
        let event = (index + 1..end).find(|&event| is_event(event, taken) && messages[event].at <= until);
        taken[index] = true;
        if let Some(event) = event {
            taken[event] = true;
        }
        let send = match &messages[index].content {
            Content::Text(text) => Content::Text(columns.template(text)),
            bytes @ Content::Binary(_) => bytes.clone(),
        };
        steps.push(Step { at: messages[index].at, send: Some(send), expect: event.map(|event| kinds[event].clone()) });
    }
    steps
}

/// The messages of which the client sends just one of that kind. Texts that name no kind are of
/// one kind.
fn said_once(messages: &[Message]) -> BTreeSet<usize> {
    let none = Columns::default();
    let kind = |message: &Message| match message.content.text() {
        Some(text) if text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_whitespace()) => String::new(),
        _ => super::pattern(&message.content, &none),
    };
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, message) in messages.iter().enumerate().filter(|(_, message)| message.is_sent) {
        kinds.entry(kind(message)).or_default().push(index);
    }
    kinds.into_values().filter(|all| all.len() == 1).flatten().collect()
}

/// Whether more came after the message at this index than its reply.
fn is_followed_by_pushes(messages: &[Message], index: usize) -> bool {
    messages[index..].iter().filter(|message| !message.is_sent).count() > 1
}

fn next_send(messages: &[Message], index: usize) -> usize {
    (index + 1..messages.len()).find(|&next| messages[next].is_sent).unwrap_or(messages.len())
}
