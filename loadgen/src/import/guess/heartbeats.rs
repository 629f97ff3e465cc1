//! Events that the client answers again and again.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    columns::Columns,
    recording::{Content, Message},
};

/// Longest time to an answer, in seconds. Browsers answer in milliseconds.
const AT_ONCE: f64 = 1.0;
/// Shortest time between heartbeats, in seconds.
const BETWEEN: f64 = 0.5;
/// How far a gap may be from the middle one.
const TOLERANCE: f64 = 0.3;

/// Most messages after an event among which its answer is looked for.
const NEXT: usize = 8;

/// An event that the client answers, always with the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heartbeat {
    /// Pattern of the event.
    pub(crate) when: String,
    /// The answer; a template if it is a text.
    pub(crate) send: Content,
    /// How often it happened.
    pub(crate) times: usize,
    /// Seconds between two; none if it happened once.
    pub(crate) every: Option<f64>,
}

impl Heartbeat {
    pub(super) fn masked(self, columns: &Columns) -> Self {
        let send = match self.send {
            Content::Text(text) => Content::Text(columns.template(&text)),
            bytes @ Content::Binary(_) => bytes,
        };
        Self { send, ..self }
    }
}

/// Finds heartbeats, and which messages are part of them.
pub(super) fn find(messages: &[Message], kinds: &[String]) -> (Vec<Heartbeat>, Vec<bool>) {
    let mut events: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in (0..messages.len()).filter(|&index| !messages[index].is_sent) {
        events.entry(&kinds[index]).or_default().push(index);
    }
    let mut sent: BTreeMap<&Content, usize> = BTreeMap::new();
    for message in messages.iter().filter(|message| message.is_sent) {
        *sent.entry(&message.content).or_default() += 1;
    }
    let mut taken = vec![false; messages.len()];
    let mut heartbeats = Vec::new();
    for (when, events) in events {
        let Some((answer, answers)) = answered(messages, &sent, &events, &taken) else { continue };
        let gap = gap(messages, &events);
        let is_regular = events.len() >= 3 && gap.is_some_and(|(gap, is_even)| gap >= BETWEEN && is_even);
        if !is_regular && !is_known(&messages[events[0]].content, answer) {
            continue;
        }
        let heartbeat = Heartbeat {
            when: when.to_owned(),
            send: answer.clone(),
            times: answers.len(),
            every: gap.map(|(gap, _)| gap).filter(|gap| *gap > 0.0),
        };
        heartbeats.push(heartbeat);
        events.iter().chain(&answers).for_each(|&index| taken[index] = true);
    }
    (heartbeats, taken)
}

/// The message that answers each of these events, and nothing else.
fn answered<'a>(
    messages: &'a [Message],
    sent: &BTreeMap<&Content, usize>,
    events: &[usize],
    taken: &[bool],
) -> Option<(&'a Content, BTreeSet<usize>)> {
    let after = |event: usize| {
        let soon = move |index: &usize| messages[*index].at - messages[event].at <= AT_ONCE;
        (event + 1..messages.len())
            .take_while(soon)
            .filter(|&index| messages[index].is_sent && !taken[index])
            .take(NEXT)
    };
    let first = events[0];
    after(first).map(|index| &messages[index].content).find_map(|answer| {
        let mut used = BTreeSet::new();
        for (nth, &event) in events.iter().enumerate() {
            match after(event).find(|index| messages[*index].content == *answer && !used.contains(index)) {
                Some(index) => {
                    used.insert(index);
                }
                // The recording may have ended before the last answer.
                None if nth > 0 && nth + 1 == events.len() => {}
                None => return None,
            }
        }
        (sent.get(answer) == Some(&used.len())).then_some((answer, used))
    })
}

/// The middle one of the gaps between events in seconds, and whether the others are about as long.
fn gap(messages: &[Message], events: &[usize]) -> Option<(f64, bool)> {
    let mut gaps: Vec<_> = events.windows(2).map(|pair| messages[pair[1]].at - messages[pair[0]].at).collect();
    gaps.sort_by(f64::total_cmp);
    let middle = *gaps.get(gaps.len() / 2)?;
    Some((middle, gaps.iter().all(|gap| (gap - middle).abs() <= TOLERANCE * middle)))
}

/// Whether these two are known as a heartbeat, so that once is enough.
fn is_known(event: &Content, answer: &Content) -> bool {
    let lower = |content: &Content| content.text().filter(|text| text.len() <= 200).map(str::to_ascii_lowercase);
    let (Some(event), Some(answer)) = (lower(event), lower(answer)) else { return false };
    // Engine.IO, protocol 4.
    let is_engine_io = event == "2" && answer == "3";
    let is_ping = event.contains("ping") && answer.contains("pong");
    let is_named = ["heartbeat", "keepalive", "keep_alive", "keep-alive"]
        .iter()
        .any(|name| event.contains(name) && answer.contains(name));
    is_engine_io || is_ping || is_named
}
