//! What clients say besides their messages: steps that do something, and events that are left.

use reports::model::Expect;

use super::PlanError;
use crate::{
    message::Name,
    plan::{Capture, Group, JoinStep, Pattern},
};

/// Events that a pattern is tried on. One that takes them all, the empty one included, takes every
/// event.
const PROBES: [&[u8]; 4] = [b"", b"4", br#"{"id":1}"#, b"\x01\xff"];

/// Finds steps that do nothing, and patterns that leave no event for the messages.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let dialogue = &group.dialogue;
    let is_idle = |step: &JoinStep| step.send.is_none() && step.expect.is_none();
    if let Some(number) = dialogue.on_open.iter().position(is_idle) {
        let why = format!(
            "step {} neither sends nor waits; write TEXT to send it, =>REGEX to wait, or TEXT=>REGEX for both",
            number + 1
        );
        return Err(super::about(index, "on_open", why));
    }
    captures(index, group)?;
    let needs_events = group.load.sends() || matches!(group.expect, Expect::Sequence(_) | Expect::Broadcast);
    let answers = dialogue.answers.iter().map(|answer| ("answer", &answer.when));
    let ignored = dialogue.ignore.iter().map(|pattern| ("ignore", pattern));
    let mut all = answers.chain(ignored).filter(|(_, pattern)| takes_every_event(pattern));
    match all.next() {
        Some((key, pattern)) if needs_events => {
            let why = "it matches every event, so no reply is left; ^ and $ stand for the ends of an event, as in ^2$";
            Err(PlanError::new(Some(index), key, pattern, why.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Finds names that would stand for something else.
fn captures(index: usize, group: &Group) -> Result<(), PlanError> {
    let captures = &group.dialogue.captures;
    for (at, Capture { name, .. }) in captures.iter().enumerate() {
        let is_own = Name::ALL.iter().any(|own| own.split(':').next() == Some(name));
        let is_column = group.data.as_ref().is_some_and(|data| data.column(name).is_some());
        let why = if is_own {
            "is of loadgen itself"
        } else if is_column {
            "is a column of --data"
        } else if captures[..at].iter().any(|other| other.name == *name) {
            "is given twice"
        } else {
            continue;
        };
        let why = format!("`{{{{{name}}}}}` {why}; give another name");
        return Err(PlanError::new(Some(index), "capture", name, why));
    }
    Ok(())
}

fn takes_every_event(pattern: &Pattern) -> bool {
    PROBES.iter().all(|probe| pattern.is_match(probe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Answer, Dialogue, Load};

    fn group(steps: &[(&str, Option<&str>)], answer: Option<&str>, ignore: Option<&str>) -> Group {
        let step = |(send, expect): &(&str, Option<&str>)| JoinStep {
            send: (!send.is_empty()).then(|| send.parse().unwrap()),
            expect: expect.map(|expect| expect.parse().unwrap()),
        };
        let answered = |when: &str| Answer { when: when.parse().unwrap(), send: "3".parse().unwrap() };
        let dialogue = Dialogue {
            on_open: steps.iter().map(step).collect(),
            answers: answer.into_iter().map(answered).collect(),
            ignore: ignore.iter().map(|pattern| pattern.parse().unwrap()).collect(),
            captures: Vec::new(),
        };
        Group { dialogue, ..Group::default() }
    }

    #[test]
    fn what_does_something_and_leaves_something_is_taken() {
        for group in [
            group(&[("a", None), ("", Some("")), ("b", Some("x"))], Some("^2$"), Some("presence")),
            group(&[], Some("^$"), Some("^[^4]")),
            Group { load: Load::Listen, ..group(&[], None, Some(".*")) },
        ] {
            assert_eq!(check(0, &group), Ok(()), "{group:?}");
        }
    }

    #[test]
    fn a_name_stands_for_one_thing() {
        let capture = |name: &str| Capture { name: name.to_owned(), pattern: "a(b)".parse().unwrap() };
        let checked = |names: &[&str]| {
            let captures = names.iter().map(|name| capture(name)).collect();
            let dialogue = Dialogue { captures, ..Dialogue::default() };
            check(0, &Group { dialogue, ..Group::default() }).map_err(|error| error.to_string())
        };
        assert_eq!(checked(&["last", "token"]), Ok(()));
        for (names, said) in [
            (["last", "last"], "--capture last: `{{last}}` is given twice; give another name"),
            (["last", "client"], "--capture client: `{{client}}` is of loadgen itself; give another name"),
            (["random", "last"], "--capture random: `{{random}}` is of loadgen itself; give another name"),
        ] {
            assert_eq!(checked(&names), Err(said.to_owned()));
        }
    }

    #[test]
    fn what_does_nothing_or_leaves_nothing_is_refused() {
        let pushed = Group { expect: "sequence=/n".parse().unwrap(), load: Load::Listen, ..Group::default() };
        let ignoring = group(&[], None, Some(".*")).dialogue;
        for (group, said) in [
            (group(&[("a", None), ("", None)], None, None), "--on-open: step 2 neither sends nor waits"),
            (group(&[], Some(""), None), "--answer : it matches every event"),
            (group(&[], Some("x*"), None), "--answer x*: it matches every event"),
            (group(&[], None, Some(".*")), "--ignore .*: it matches every event"),
            (Group { dialogue: ignoring, ..pushed }, "--ignore .*: it matches every event"),
        ] {
            let error = check(0, &group).unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
