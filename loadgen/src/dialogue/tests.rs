use std::sync::Arc;

use super::*;
use crate::{
    message::{Place, Values},
    plan::{Answer, JoinStep},
};

fn step(send: &str, expect: &str) -> JoinStep {
    JoinStep {
        send: (!send.is_empty()).then(|| send.parse().unwrap()),
        expect: (!expect.is_empty()).then(|| expect.parse().unwrap()),
    }
}

fn script(steps: &[(&str, &str)], answers: &[(&str, &str)], ignore: &[&str]) -> Script {
    let answer = |(when, send): &(&str, &str)| Answer { when: when.parse().unwrap(), send: send.parse().unwrap() };
    let dialogue = Dialogue {
        on_open: steps.iter().map(|(send, expect)| step(send, expect)).collect(),
        answers: answers.iter().map(answer).collect(),
        ignore: ignore.iter().map(|pattern| pattern.parse().unwrap()).collect(),
        captures: Vec::new(),
    };
    let values = Arc::new(Values::new(7, 10, 0, None));
    Script::of(&dialogue, |template| values.bind(template, Place::Connection).unwrap()).expect("something is said")
}

/// The step that waits, and what is said up to it.
fn begin(script: &Script, step: usize) -> (Option<usize>, Vec<Line>) {
    let mut said = Vec::new();
    let waits = script.begin(step, |line| said.push(line));
    (waits, said)
}

#[test]
fn steps_go_on_to_the_next_that_waits() {
    let login = script(&[("a", ""), ("b", "ok"), ("", "go"), ("c", ""), ("d", "")], &[], &[]);
    assert_eq!(begin(&login, 0), (Some(1), vec![Line::Step(0), Line::Step(1)]));
    assert_eq!(begin(&login, 2), (Some(2), vec![]));
    assert_eq!(begin(&login, 3), (None, vec![Line::Step(3), Line::Step(4)]));
    assert_eq!(begin(&script(&[], &[], &["x"]), 0), (None, vec![]), "there is nothing to join");
    assert!(Script::of(&Dialogue::default(), |_| unreachable!("there is no text")).is_none());
}

#[test]
fn an_answer_stands_over_a_step_and_a_step_over_ignore() {
    let script = script(&[("", "^1")], &[("^12", "x"), ("2", "y")], &["3", "^1"]);
    for (step, event, heard) in [
        (None, "125", Heard::Answer(Line::Answer(0))),
        (None, "52", Heard::Answer(Line::Answer(1))),
        (None, "53", Heard::Ignored),
        (None, "15", Heard::Ignored),
        (None, "5", Heard::Nothing),
        (None, "", Heard::Nothing),
        (Some(0), "125", Heard::Answer(Line::Answer(0))),
        (Some(0), "13", Heard::StepEnd),
        (Some(0), "53", Heard::Ignored),
        (Some(0), "5", Heard::Ignored),
    ] {
        assert_eq!(script.hear(step, event.as_bytes()), heard, "{step:?} {event}");
    }
}

#[test]
fn an_event_need_not_be_text() {
    let script = script(&[], &[], &[r"(?-u)^\xff\x00"]);
    assert_eq!(script.hear(None, b"\xff\x00z"), Heard::Ignored);
    assert_eq!(script.hear(None, b"\xffz"), Heard::Nothing);
}

#[test]
fn what_is_said_is_the_clients_own_and_differs_each_time() {
    let script = script(&[("I am {{client}}", "")], &[("x", "{{random:8}}")], &[]);
    let said = |line, client, number| {
        String::from_utf8(script.text(line, client, number, &CapturedValues::default()).unwrap().1).unwrap()
    };
    assert_eq!(said(Line::Step(0), 3, 0), "I am 3");
    let answer = |client, number| said(Line::Answer(0), client, number);
    assert_eq!(answer(3, 1), answer(3, 1));
    assert!(answer(3, 1) != answer(3, 2) && answer(3, 1) != answer(4, 1));
}
