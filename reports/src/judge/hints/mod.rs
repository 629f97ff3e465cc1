//! The likeliest reason why messages did not come back as they went, in one line. Most people who
//! see it point an echo test at a server that does something else.
//!
//! The counts and the evidence decide, so a stored result gives the same hint.

mod replies;
mod rooms;

use crate::{
    model::{Evidence, EvidenceKind, Expect, GroupRecord, Measurement, MessagesRecord, PayloadKind, Tally},
    text::{escape::visible_part, human::count},
};

/// How a text message of the generator begins, and how a binary one begins, escaped.
const TEXT: &str = "lg1:";
const BINARY: &str = "lg1\\x00";

/// Characters of an event that a hint quotes.
const QUOTED: usize = 60;

/// Findings whose events hold something other than what was sent.
const ODD: [EvidenceKind; 6] = [
    EvidenceKind::Unexpected,
    EvidenceKind::Corrupted,
    EvidenceKind::Truncated,
    EvidenceKind::Coalesced,
    EvidenceKind::Split,
    EvidenceKind::WrongType,
];

/// A hint for a group with lost or odd messages. `None` where no cause is likely.
pub(crate) fn likeliest(plan: &GroupRecord, measurement: &Measurement) -> Option<String> {
    if plan.has_rooms() {
        return rooms::likeliest(measurement);
    }
    let events = Events::of(plan, measurement);
    if let Some(hint) =
        replies::elsewhere(plan, measurement, &events).or_else(|| replies::order(plan, &events, measurement))
    {
        return Some(hint);
    }
    let is_echo = plan.expect == Expect::Echo;
    if let Some(hint) = is_echo.then(|| kinds(plan, &events).or_else(|| shape(&events))).flatten() {
        return Some(hint);
    }
    if events.matched > 0 { unasked(&events) } else { no_reply(&events).or_else(|| other_reply(plan, &events)) }
}

/// What was sent and what came, in warm-up and measured phase together.
struct Events<'a> {
    sent: u64,
    matched: u64,
    lost: u64,
    came: u64,
    unexpected: u64,
    wrong_type: u64,
    opened: u64,
    /// The evidence of events that are not what was sent.
    odd: Vec<&'a Evidence>,
    /// Bytes of a generated message, if all have one size.
    size: Option<u64>,
}

impl<'a> Events<'a> {
    fn of(plan: &GroupRecord, measurement: &'a Measurement) -> Self {
        let sum = |field: fn(&Tally) -> u64| field(&measurement.measured).saturating_add(field(&measurement.warmup));
        Self {
            sent: sum(|tally| tally.counts.sent),
            matched: sum(|tally| tally.counts.matched),
            lost: sum(|tally| tally.counts.lost),
            came: sum(|tally| tally.counts.events),
            unexpected: sum(|tally| tally.anomalies.unexpected),
            wrong_type: sum(|tally| tally.anomalies.wrong_type),
            opened: measurement.connections.opened,
            odd: measurement.evidence.iter().filter(|evidence| ODD.contains(&evidence.kind)).collect(),
            size: match plan.messages {
                MessagesRecord::Generated { size_bytes, sizes: None, .. } => Some(size_bytes),
                MessagesRecord::Generated { .. } | MessagesRecord::Templates { .. } => None,
            },
        }
    }

    /// Whether the condition holds for every odd event that was kept, and there is at least one.
    fn all(&self, is: impl Fn(&str) -> bool) -> bool {
        !self.odd.is_empty() && self.odd.iter().all(|evidence| evidence.received.as_deref().is_some_and(&is))
    }

    /// The first odd event in parentheses. Empty if none was kept.
    fn first(&self) -> String {
        let first = self.odd.iter().find_map(|evidence| evidence.received.as_deref());
        first.map_or_else(String::new, |first| format!(" (`{}`)", visible_part(first, QUOTED)))
    }
}

/// Whole messages that came back as another type.
fn kinds(plan: &GroupRecord, events: &Events<'_>) -> Option<String> {
    let wrong: Vec<_> = events.odd.iter().filter(|evidence| evidence.kind == EvidenceKind::WrongType).collect();
    if wrong.is_empty() || wrong.len() < events.odd.len() {
        return None;
    }
    let odd_sequence = |evidence: &&&Evidence| evidence.sequence.is_some_and(|sequence| sequence % 2 == 1);
    // Text where the sequence is even, binary where it is odd.
    let MessagesRecord::Generated { payload, .. } = plan.messages else { return None };
    let (sent, came) = match payload {
        PayloadKind::Binary => ("binary", "text"),
        PayloadKind::Text => ("text", "binary"),
        PayloadKind::Mixed if wrong.iter().all(odd_sequence) => ("binary", "text"),
        PayloadKind::Mixed if !wrong.iter().any(odd_sequence) => ("text", "binary"),
        PayloadKind::Mixed => return Some("whole messages came back, text as binary and binary as text".to_owned()),
    };
    Some(format!(
        "{} whole {sent} messages came back as {came}: the server answers with {came} only; if it may, test it with \
         --payload {came}",
        count(events.wrong_type),
    ))
}

/// Messages of ours that came back in another shape.
fn shape(events: &Events<'_>) -> Option<String> {
    let holds = |text: &str| [TEXT, BINARY].iter().any(|magic| text.contains(magic));
    let begins = |text: &str| {
        [TEXT, BINARY].iter().any(|magic| text.find(magic).is_some_and(|at| is_before_a_header(&text[..at])))
    };
    let (first, remedy) = (events.first(), "if that is its protocol, --expect count counts the replies");
    if events.all(|text| holds(text) && !begins(text)) {
        return Some(format!("what came back holds the message that was sent inside other text{first}; {remedy}"));
    }
    if events.all(|text| !holds(text) && holds(&text.to_ascii_lowercase())) {
        return Some(format!("the text comes back in other letters, upper case for lower{first}"));
    }
    for (encoding, beginnings) in [
        ("base64", &["bGcxA", "bGcxO"][..]),
        ("hexadecimal digits", &["6c673100", "6C673100", "6c67313a", "6C67313A"]),
        ("a list of numbers", &["[108,103,49", "[108, 103, 49"]),
    ] {
        if events.all(|text| beginnings.iter().any(|beginning| text.contains(beginning))) {
            return Some(format!("what was sent comes back as {encoding}{first}; {remedy}"));
        }
    }
    if events.all(|text| text.starts_with("[object ")) {
        return Some(format!("the server turns an object of JavaScript into text{first}, and does not send its bytes"));
    }
    let size = events.size?;
    let behind = |evidence: &&Evidence| evidence.received_bytes.map(|bytes| bytes.saturating_sub(size));
    let mut longer =
        events.odd.iter().copied().filter(|evidence| evidence.kind != EvidenceKind::Coalesced).map(|it| behind(&it));
    let more = longer.next().flatten().filter(|more| *more > 0)?;
    let always = longer.all(|other| other == Some(more));
    // Twice the size means two messages in one.
    (always && more < size && events.all(begins)).then(|| {
        let bytes = if more == 1 { "1 byte".to_owned() } else { format!("{} bytes", count(more)) };
        format!("what came back is the message that was sent with {bytes} more behind it; {remedy}")
    })
}

/// Whether escaped text may stand before a header of ours: blanks and invisible characters, at most
/// four bytes.
fn is_before_a_header(mut text: &str) -> bool {
    for _ in 0..=4 {
        let escape = text.starts_with("\\u{").then(|| text.find('}')).flatten();
        let length = match escape {
            Some(end) => end + 1,
            None if text.starts_with("\\x") => 4,
            None if text.starts_with(' ') => 1,
            None => return text.is_empty(),
        };
        let Some(rest) = text.get(length..) else { return false };
        text = rest;
    }
    false
}

/// Events that came in addition to good echoes.
fn unasked(events: &Events<'_>) -> Option<String> {
    if events.odd.is_empty()
        || events.lost > 0
        || events.odd.iter().any(|evidence| evidence.kind != EvidenceKind::Unexpected)
    {
        return None;
    }
    let first = events.first();
    let each = events.unexpected.checked_div(events.opened).unwrap_or_default();
    if (1..=3).contains(&each) && events.unexpected.is_multiple_of(events.opened) {
        let times = if each == 1 { "one message" } else { "a few messages" };
        return Some(format!(
            "the server sends {times} to each connection by itself{first}: a greeting, which answers nothing that was sent"
        ));
    }
    Some(format!("the server pushed {} that nobody asked for{first}, beside good replies", messages(events.unexpected)))
}

/// A hint for when nothing came at all.
fn no_reply(events: &Events<'_>) -> Option<String> {
    (events.came == 0 && events.sent > 0 && events.lost == events.sent).then(|| {
        "connections open and nothing at all comes back: does the server echo at this path, and does it expect messages of \
         another form first?"
            .to_owned()
    })
}

/// A hint for when something came, but none of it was what was sent.
fn other_reply(plan: &GroupRecord, events: &Events<'_>) -> Option<String> {
    if events.unexpected == 0 || plan.expect == Expect::Count {
        return None;
    }
    let first = events.first();
    // One greeting per connection may come in addition.
    let one_each =
        events.came >= events.sent && events.came <= events.sent.saturating_add(events.opened.saturating_mul(2));
    if !one_each && events.came > events.sent {
        return Some(format!(
            "the server pushed {} for {} sent{first}, and none is an echo: this is no server that answers each message",
            messages(events.came),
            messages(events.sent),
        ));
    }
    let same = events.odd.first().and_then(|evidence| evidence.received.as_deref());
    let constant =
        same.filter(|same| events.odd.len() as u64 >= events.sent.min(2) && events.all(|text| text == *same));
    if let Some(text) = constant.filter(|text| !text.contains(['\\', '…'])) {
        let quoted = text.replace('\'', "'\\''");
        return Some(format!("every reply is the same: test it with --expect 'reply={quoted}'"));
    }
    Some(if one_each {
        format!("a reply came for each message, with other text{first}: test it with --expect count")
    } else {
        format!(
            "nothing was echoed, but something came{first}: if this server answers otherwise, say how with --expect \
             count or --expect 'reply=TEXT'"
        )
    })
}

fn messages(n: u64) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{} messages", count(n)) }
}

#[cfg(test)]
mod tests;
