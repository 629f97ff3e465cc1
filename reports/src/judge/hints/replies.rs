//! What would tell the replies to messages of the user's own.

use serde_json::Value;

use super::Events;
use crate::model::{Evidence, EvidenceKind, Expect, GroupRecord, IdPlace, Measurement, MessagesRecord, Order};

/// How a mark begins.
const MARK: &str = "lg1:";

/// A hint for replies that hold a mark or an id, and not where one is looked for.
pub(super) fn elsewhere(plan: &GroupRecord, measurement: &Measurement, events: &Events<'_>) -> Option<String> {
    let MessagesRecord::Templates { .. } = plan.messages else { return None };
    let looks_for_mark = matches!(plan.expect, Expect::Mark | Expect::Broadcast);
    if !looks_for_mark && events.all(|text| text.contains(MARK)) {
        let first = events.first();
        let which = events.odd.iter().find_map(|evidence| sequence_of_mark(evidence.received.as_deref()?));
        let message = which.map_or_else(|| "its message".to_owned(), |sequence| format!("message {sequence}"));
        return Some(format!("the reply holds the mark of {message}{first}: test it with --expect mark"));
    }
    let place = id_place(measurement, events)?;
    let expect = &plan.expect;
    (*expect != Expect::Id(IdPlace::Pointer(place.parse().ok()?)))
        .then(|| format!("the replies are JSON with the id at {place}: test it with --expect id={place}"))
}

/// A hint for replies that all came, in another order.
pub(super) fn order(plan: &GroupRecord, events: &Events<'_>, measurement: &Measurement) -> Option<String> {
    let names_messages = matches!(plan.expect, Expect::Mark | Expect::Id(_));
    let reordered = measurement.measured.anomalies.reordered + measurement.warmup.anomalies.reordered;
    let only_that = events.odd.is_empty() && events.lost == 0 && events.matched > 0;
    (names_messages && plan.order == Order::Keep && reordered > 0 && only_that).then(|| {
        "replies come in another order than their messages; if the protocol allows that, --order any".to_owned()
    })
}

/// The sequence in a mark in escaped text.
fn sequence_of_mark(text: &str) -> Option<u64> {
    let mark = &text[text.find(MARK)?..];
    u64::from_str_radix(mark.get(31..43)?, 16).ok()
}

/// The JSON pointer to the id of a lost message, in an event that is shown whole.
fn id_place(measurement: &Measurement, events: &Events<'_>) -> Option<String> {
    let lost = measurement.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Lost);
    let ids: Vec<&str> = lost.filter_map(id_of).collect();
    let texts = events.odd.iter().filter_map(|evidence| evidence.received.as_deref());
    let mut jsons = texts.filter_map(|text| serde_json::from_str(text).ok());
    jsons.find_map(|json| place_of(&json, &ids))
}

/// The id of a message, which evidence shows where ids are looked for.
fn id_of(evidence: &Evidence) -> Option<&str> {
    let expected = evidence.expected.as_deref()?;
    expected.bytes().all(|byte| byte.is_ascii_digit()).then_some(expected)
}

/// Where one of `ids` stands in `json`, as a pointer. Small numbers stand anywhere, so only the
/// names of objects lead there.
fn place_of(json: &Value, ids: &[&str]) -> Option<String> {
    let object = json.as_object()?;
    object.iter().find_map(|(name, value)| {
        let is_id = match value {
            Value::Number(number) => ids.contains(&number.to_string().as_str()),
            Value::String(text) => ids.contains(&text.as_str()),
            _ => false,
        };
        let name = name.replace('~', "~0").replace('/', "~1");
        if is_id { Some(format!("/{name}")) } else { Some(format!("/{name}{}", place_of(value, ids)?)) }
    })
}
