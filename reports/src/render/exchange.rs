//! Sentences about rooms, dialogues and replies in several events. A run without them has none.

use super::part::Part;
use crate::{
    human::{count, nanoseconds},
    judge::bounds,
    metric::quantiles::Quantiles,
    model::{Deliveries, DialogueRecord, Dropped, Expect, GroupRecord, OtherEvents, OwnCopy, RoomsRecord},
};

/// What a group expects and says besides its messages. `None` if it only sends and counts replies.
/// It may hold any text.
pub(super) fn rules(group: &GroupRecord) -> Option<String> {
    let mut rules = Vec::new();
    if !matches!(group.expect, Expect::Echo | Expect::Count | Expect::Reply(_)) {
        rules.push(format!("expect {}", group.expect));
    }
    rules.extend(more_rules(group));
    (!rules.is_empty()).then(|| rules.join(", "))
}

/// What a group expects besides its kind of reply, and what it says.
pub(super) fn more_rules(group: &GroupRecord) -> Vec<String> {
    let GroupRecord { order, until, batched, rooms, dialogue, .. } = group;
    let order = (*order != group.expect.usual_order()).then(|| format!("order {}", order.name()));
    let until = until.as_ref().map(|pattern| format!("replies until {pattern}"));
    let batched = batched.then(|| "several replies an event".to_owned());
    let of_rooms = rooms.as_ref().map(rooms_of);
    let dialogue = dialogue.as_ref().map(dialogue_of);
    order.into_iter().chain(until).chain(batched).chain(of_rooms).chain(dialogue).collect()
}

/// Size of the rooms, who publishes, and what becomes of a sender's own copy.
pub(super) fn rooms_of(rooms: &RoomsRecord) -> String {
    let RoomsRecord { size, publishers, own, durable } = rooms;
    let durable = if *durable { ", durable" } else { "" };
    let size = size.map_or_else(|| "rooms by name".to_owned(), |size| format!("rooms of {}", count(size.into())));
    let publishers = match publishers {
        None => "all publish".to_owned(),
        Some(1) => "1 publisher each".to_owned(),
        Some(n) => format!("{} publishers each", count((*n).into())),
    };
    let own = match own {
        OwnCopy::Expect => "",
        OwnCopy::Refuse => ", own copies refused",
        OwnCopy::Allow => ", own copies allowed",
    };
    format!("{size}, {publishers}{own}{durable}")
}

/// Steps of joining, and events that are answered or ignored.
pub(super) fn dialogue_of(dialogue: &DialogueRecord) -> String {
    let DialogueRecord { on_open, answer, ignore, .. } = dialogue;
    let of = |n: u32, one: &str, several: &str| match n {
        0 => None,
        1 => Some(one.to_owned()),
        n => Some(format!("{} {several}", count(n.into()))),
    };
    let parts = [
        of(*on_open, "1 step to join", "steps to join"),
        of(*answer, "1 kind of events answered", "kinds of events answered"),
        of(*ignore, "1 kind ignored", "kinds ignored"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The sum of the fates of deliveries, with `≠` if it is wrong. `None` without rooms.
pub(super) fn deliveries(deliveries: &Deliveries) -> Option<String> {
    let Deliveries { expected, matched, lost, damaged, undetermined, undetermined_by_plan: by_plan, .. } = *deliveries;
    let sum = [matched, lost, damaged, undetermined, by_plan].into_iter().fold(0_u64, u64::saturating_add);
    let relation = if sum == expected { '=' } else { '≠' };
    (!deliveries.is_empty()).then(|| {
        format!(
            "{} expected {relation} {} matched + {} lost + {} damaged + {} undetermined{}",
            count(expected),
            count(matched),
            count(lost),
            count(damaged),
            count(undetermined),
            undetermined_by_plan(by_plan),
        )
    })
}

/// Why messages were never sent, each with its number. `away` stands there if there are any.
pub(super) fn dropped(dropped: &Dropped) -> String {
    let Dropped { in_flight_cap, dead_connection, behind_schedule, away } = *dropped;
    let away = if away == 0 { String::new() } else { format!(", away {}", count(away)) };
    format!(
        "in-flight cap {}, dead connection {}, behind schedule {}{away}",
        count(in_flight_cap),
        count(dead_connection),
        count(behind_schedule),
    )
}

/// The last term of a sum of fates. Empty if there is none.
pub(super) fn undetermined_by_plan(n: u64) -> String {
    if n == 0 { String::new() } else { format!(" + {} undetermined by plan", count(n)) }
}

/// Lawful events that are no match, in the measured phase and before it. `None` without any.
pub(super) fn other_events(part: Part<'_>) -> Option<String> {
    let named = |events: &OtherEvents| {
        let some = events.by_name().into_iter().filter(|(_, n)| *n > 0);
        some.map(|(name, n)| format!("{} {}", name.replace('_', " "), count(n))).collect::<Vec<_>>().join(", ")
    };
    let (measured, warmup) =
        (named(&part.measurement.measured.other_events), named(&part.measurement.warmup.other_events));
    match (measured.is_empty(), warmup.is_empty()) {
        (true, true) => None,
        (false, true) => Some(measured),
        (true, false) => Some(format!("before the measured phase: {warmup}")),
        (false, false) => Some(format!("{measured}; before the measured phase: {warmup}")),
    }
}

/// What is to know of latencies in rooms. Empty without rooms.
pub(super) fn latency_remarks(part: Part<'_>) -> Vec<String> {
    if !part.has_rooms() {
        return Vec::new();
    }
    let latency = &part.measurement.latency;
    let no_floor = "not all deliveries have a floor, since for some it is not known any more when their message was \
                    written: response alone decides thresholds";
    let no_floor = (!bounds::has_floor(&latency.response, &latency.floor)).then(|| no_floor.to_owned());
    let across = part.measurement.rooms.across_shards;
    let across = (across > 0).then(|| {
        format!(
            "{} deliveries came from senders of other shards: they are counted, and no series has their latency, since \
             two clocks can't tell it",
            count(across)
        )
    });
    no_floor.into_iter().chain(across).chain(in_turn(part)).collect()
}

/// How many times as long the slowest receiver waits as the fastest before it is mentioned.
const APART: u64 = 2;
/// Nanoseconds between them before it is mentioned.
const APART_NS: u64 = 100_000;

/// A remark on receivers that get the same messages at different times. Receivers of different
/// rooms may differ for other reasons, so the last receiver of a message must be late as well.
fn in_turn(part: Part<'_>) -> Option<String> {
    let latency = &part.measurement.latency;
    let is_apart = |least: u64, most: u64| most > least.saturating_mul(APART) && most - least > APART_NS;
    let (to_first, to_last) = (Quantiles::of(&latency.first).p50?, Quantiles::of(&latency.last).p50?);
    let receivers = Quantiles::of(&latency.receiver);
    let (Some(least), Some(middle), Some(most)) = (receivers.min, receivers.p50, receivers.max) else { return None };
    (is_apart(to_first, to_last) && is_apart(least, most)).then(|| {
        let [least, middle, most] = [least, middle, most].map(|ns| nanoseconds(ns as f64));
        format!(
            "receivers wait {least} to {most} on average, half of them {middle} or less: a server that sends to each in \
             turn does that"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MessagesRecord, Order, Report, sample};

    fn rules_of(change: impl FnOnce(&mut GroupRecord)) -> Option<String> {
        let mut report = sample::pass();
        change(&mut report.plan.groups[0]);
        rules(&report.plan.groups[0])
    }

    #[test]
    fn only_what_differs_from_an_echo_is_said() {
        assert_eq!(rules_of(|_| {}), None);
        assert_eq!(rules_of(|group| group.expect = Expect::Count), None);
        let in_any_order = rules_of(|group| (group.expect, group.order) = (Expect::Mark, Order::Any));
        assert_eq!(in_any_order.as_deref(), Some("expect mark, order any"));
        assert_eq!(
            rules(&sample::rooms().plan.groups[0]).as_deref(),
            Some("expect broadcast, rooms of 10, 1 publisher each")
        );
        let dialogue = &sample::dialogue().plan.groups[0];
        assert!(matches!(dialogue.messages, MessagesRecord::Templates { templates: 3, .. }));
        assert_eq!(
            rules(dialogue).as_deref(),
            Some("expect id=/id, replies until \"done\", 1 step to join, 1 kind of events answered, 2 kinds ignored")
        );
        let rooms = RoomsRecord { own: OwnCopy::Refuse, ..RoomsRecord::default() };
        assert_eq!(rooms_of(&rooms), "rooms by name, all publish, own copies refused");
    }

    #[test]
    fn deliveries_that_crossed_shards_are_said_to_have_no_latency() {
        let mut report = sample::rooms();
        report.total.rooms.across_shards = 12_345;
        let remarks = latency_remarks(Part::total(&report));
        assert!(
            remarks.iter().any(|remark| remark.starts_with("12 345 deliveries came from senders of other shards: "))
        );
    }

    #[test]
    fn receivers_that_wait_alike_are_no_news() {
        let remarks = |report: &Report| latency_remarks(Part::total(report));
        let mut report = sample::rooms();
        assert!(
            remarks(&report)[1].starts_with("receivers wait 1.00 ms to 10.0 ms on average, "),
            "{:?}",
            remarks(&report)
        );
        report.total.latency.receiver.reset();
        report.total.latency.receiver.record_n(2_000_000, 10).unwrap();
        assert_eq!(remarks(&report).len(), 1);
        assert!(remarks(&sample::pass()).is_empty());
    }
}
