//! A first guess at the dialogue: what joins, what answers, what loads, and what is a reply.

mod heartbeats;
mod ids;
mod joining;
mod replies;

use std::collections::BTreeMap;

pub(super) use self::{heartbeats::Heartbeat, joining::Step, replies::Expectation};
use self::{ids::Ids, replies::Replies};
use super::{
    columns::Columns,
    pattern::pattern,
    recording::{Content, Message},
};

/// A first guess at the dialogue.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Guess {
    /// What happens once a connection is open.
    pub(super) joining: Vec<Step>,
    /// Events that are answered.
    pub(super) heartbeats: Vec<Heartbeat>,
    /// Patterns of events that are no replies, and how many there were.
    pub(super) ignored: BTreeMap<String, usize>,
    /// Patterns of such events that were left out because there are too many.
    pub(super) patterns_left_out: usize,
    /// Kinds of events that are no replies, but can't be told from them by a pattern.
    pub(super) unclear: Vec<String>,
    /// What the client sent again and again.
    pub(super) messages: Vec<Sent>,
    /// Messages that have no id although most have.
    pub(super) without_id: usize,
    pub(super) expect: Expectation,
    pub(super) pace: Option<Pace>,
}

/// A message that the client sent, maybe several times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    /// A template, or bytes.
    pub(super) content: Content,
    /// Seconds at which it was sent.
    pub(super) at: Vec<f64>,
}

/// How fast the client sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) messages: usize,
    /// From the first to the last, in seconds. Over 0.
    pub(super) seconds: f64,
    /// The middle one of the gaps between them, in seconds.
    pub(super) gap: f64,
}

impl Guess {
    pub(super) fn of(messages: &[Message], columns: &Columns) -> Self {
        let kind = |message: &Message| if message.is_sent { String::new() } else { pattern(&message.content, columns) };
        let kinds: Vec<_> = messages.iter().map(kind).collect();
        let (heartbeats, mut taken) = heartbeats::find(messages, &kinds);
        let joining = joining::find(messages, &kinds, columns, &mut taken);
        let load: Vec<_> = (0..messages.len()).filter(|&index| messages[index].is_sent && !taken[index]).collect();
        let ids = Ids::find(messages, &load);
        let replies = Replies::find(messages, &kinds, &load, ids.as_ref(), &taken);
        let (sent, without_id) = templates(messages, &load, ids.as_ref(), columns);
        Self {
            joining,
            heartbeats: heartbeats.into_iter().map(|heartbeat| heartbeat.masked(columns)).collect(),
            ignored: replies.ignored,
            patterns_left_out: replies.left_out,
            unclear: replies.unclear,
            messages: sent,
            without_id,
            expect: replies.expect,
            pace: Pace::of(messages, &load),
        }
    }
}

/// What the client sent, each once, and how many messages have no id where the others do.
fn templates(messages: &[Message], load: &[usize], ids: Option<&Ids>, columns: &Columns) -> (Vec<Sent>, usize) {
    let mut all: Vec<Sent> = Vec::new();
    let mut places: BTreeMap<Content, usize> = BTreeMap::new();
    let mut without_id = 0;
    for Message { at, content, .. } in load.iter().map(|&index| &messages[index]) {
        let content = match (content, ids) {
            (Content::Binary(_), None) => content.clone(),
            (Content::Text(text), None) => Content::Text(columns.template(text)),
            (_, Some(ids)) => {
                let Some((before, after)) = content.text().and_then(|text| ids.around(text)) else {
                    without_id += 1;
                    continue;
                };
                Content::Text(format!("{}{{{{id}}}}{}", columns.template(&before), columns.template(&after)))
            }
        };
        let place = *places.entry(content.clone()).or_insert(all.len());
        if place == all.len() {
            all.push(Sent { content, at: Vec::new() });
        }
        all[place].at.push(*at);
    }
    (all, without_id)
}

impl Pace {
    fn of(messages: &[Message], load: &[usize]) -> Option<Self> {
        let times: Vec<_> = load.iter().map(|&index| messages[index].at).collect();
        let seconds = times.last()? - times.first()?;
        let mut gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_by(f64::total_cmp);
        (seconds > 0.0).then(|| Self { messages: times.len(), seconds, gap: gaps[gaps.len() / 2] })
    }

    /// Messages per second, with two digits.
    pub(super) fn rate(&self) -> f64 {
        // Lossless: a count of messages that were kept.
        let rate = (self.messages - 1) as f64 / self.seconds;
        let digits = 10f64.powf(1.0 - rate.log10().floor());
        ((rate * digits).round() / digits).clamp(0.001, 1000.0)
    }
}
