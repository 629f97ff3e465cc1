//! Which events are replies, and to what.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::recording::Message, ids::Ids};
use crate::plan::Pattern;

/// Most patterns of events that are ignored: the most frequent.
const MOST_PATTERNS: usize = 30;
/// Most replies that a pattern is tried on.
const MOST_TRIED: usize = 1000;

/// What must come back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// The client only listens.
    #[default]
    Nothing,
    /// An event that equals the message.
    Echo,
    /// One event a message.
    Count,
    /// The value of `--expect` for ids.
    Id(String),
}

/// What the events are.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    pub(super) expect: Expectation,
    /// Patterns of events that are no replies, and how many there were.
    pub(super) ignored: BTreeMap<String, usize>,
    /// Patterns that were left out because there are too many.
    pub(super) left_out: usize,
    /// Patterns of events that are no replies and match replies.
    pub(super) unclear: Vec<String>,
}

impl Replies {
    /// Looks at the events that are not `taken`.
    pub(super) fn find(
        messages: &[Message],
        kinds: &[String],
        load: &[usize],
        ids: Option<&Ids>,
        taken: &[bool],
    ) -> Self {
        let events: Vec<_> = (0..messages.len()).filter(|&index| !messages[index].is_sent && !taken[index]).collect();
        let (expect, replies) = match ids {
            _ if load.is_empty() => (Expectation::Nothing, BTreeSet::new()),
            Some(ids) => (Expectation::Id(ids.expect()), by_id(messages, load, &events, ids)),
            None => echoes(messages, load, &events)
                .map_or_else(|| (Expectation::Count, by_kind(kinds, load, &events)), |all| (Expectation::Echo, all)),
        };
        let mut ignored: BTreeMap<String, usize> = BTreeMap::new();
        for index in events.iter().filter(|index| !replies.contains(index)) {
            *ignored.entry(kinds[*index].clone()).or_default() += 1;
        }
        let mut kinds_of_events: Vec<_> = ignored.into_iter().collect();
        kinds_of_events.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let left_out = kinds_of_events.len().saturating_sub(MOST_PATTERNS);
        kinds_of_events.truncate(MOST_PATTERNS);
        let mut ignored: BTreeMap<_, _> = kinds_of_events.into_iter().collect();
        let is_no_reply = |kind: &String| {
            let matches = |pattern: Pattern| {
                replies.iter().take(MOST_TRIED).any(|&index| pattern.is_match(messages[index].content.bytes()))
            };
            !kind.parse().is_ok_and(matches)
        };
        let unclear = ignored.keys().filter(|kind| !is_no_reply(kind)).cloned().collect::<Vec<_>>();
        ignored.retain(|kind, _| !unclear.contains(kind));
        Self { expect, ignored, left_out, unclear }
    }
}

fn by_id(messages: &[Message], load: &[usize], events: &[usize], ids: &Ids) -> BTreeSet<usize> {
    let sent: BTreeSet<_> = load.iter().filter_map(|&index| ids.of_message(messages[index].content.text()?)).collect();
    let is_reply = |index: &usize| {
        let id = messages[*index].content.text().and_then(|text| ids.of_reply(text));
        id.is_some_and(|id| sent.contains(&id))
    };
    events.iter().copied().filter(is_reply).collect()
}

/// The events that are echoes, if each message has one.
fn echoes(messages: &[Message], load: &[usize], events: &[usize]) -> Option<BTreeSet<usize>> {
    let mut left: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for &index in events.iter().rev() {
        left.entry(&messages[index].content).or_default().push(index);
    }
    load.iter().map(|&index| left.get_mut(&messages[index].content)?.pop()).collect()
}

/// The events of the kind that most often comes first after a message, and of those that come only
/// there.
fn by_kind(kinds: &[String], load: &[usize], events: &[usize]) -> BTreeSet<usize> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (nth, &index) in load.iter().enumerate() {
        let end = load.get(nth + 1).copied().unwrap_or(kinds.len());
        let next = events.partition_point(|event| *event < index);
        if let Some(event) = events.get(next).filter(|event| **event < end) {
            *first.entry(&kinds[*event]).or_default() += 1;
        }
    }
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for &event in events {
        *all.entry(&kinds[event]).or_default() += 1;
    }
    let most = first.iter().max_by_key(|(_, count)| **count).map(|(kind, _)| *kind);
    let is_reply = |kind: &str| Some(kind) == most || first.get(kind).is_some_and(|count| all.get(kind) == Some(count));
    events.iter().copied().filter(|&event| is_reply(&kinds[event])).collect()
}
