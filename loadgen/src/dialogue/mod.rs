//! What clients say besides their messages: steps to join, and answers to events. Pure.
//!
//! An event is, in this order: one to be answered; while the client joins, the one that ends its
//! step; one to be ignored. What is none of these belongs to the messages. While the client joins,
//! everything else is ignored.

use crate::{
    message::{BoundTemplate, Capture, CapturedValues, MessageKind, Template},
    plan::{Dialogue, Pattern},
};

/// What the clients of a group say besides their messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    steps: Vec<Step>,
    answers: Vec<(Pattern, BoundTemplate)>,
    ignore: Vec<Pattern>,
    captures: Vec<Capture>,
}

/// A step of joining.
#[derive(Clone, Debug)]
struct Step {
    send: Option<BoundTemplate>,
    expect: Option<Pattern>,
}

/// A text of a script, by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// That of a step.
    Step(u16),
    /// An answer.
    Answer(u16),
}

/// What an event is to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is to be answered with this.
    Answer(Line),
    /// It ends the step that the client is at.
    StepEnd,
    /// It is set aside.
    Ignored,
    /// It belongs to the messages.
    Nothing,
}

impl Script {
    /// The script of a group. None if its clients say nothing besides their messages. `bind` gives
    /// the names in templates their meaning.
    pub(crate) fn of(dialogue: &Dialogue, bind: impl Fn(&Template) -> BoundTemplate) -> Option<Self> {
        let script = Self {
            steps: dialogue
                .on_open
                .iter()
                .map(|step| Step { send: step.send.as_ref().map(&bind), expect: step.expect.clone() })
                .collect(),
            answers: dialogue.answers.iter().map(|answer| (answer.when.clone(), bind(&answer.send))).collect(),
            ignore: dialogue.ignore.clone(),
            captures: dialogue.captures.clone(),
        };
        (!dialogue.is_empty()).then_some(script)
    }

    /// Steps of joining.
    pub(crate) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Whether events may be answered, ignored or remembered once a client has joined.
    pub(crate) fn hears(&self) -> bool {
        !self.answers.is_empty() || !self.ignore.is_empty() || !self.captures.is_empty()
    }

    /// What clients remember of events.
    pub(crate) fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// Begins `step` and those after it, up to the one that waits for an event. Returns that, or
    /// none if the client has joined. `say` gets what is to be said, in order.
    pub(crate) fn begin(&self, step: usize, mut say: impl FnMut(Line)) -> Option<usize> {
        for (at, step) in self.steps.iter().enumerate().skip(step) {
            if step.send.is_some() {
                say(Line::Step(place(at)));
            }
            if step.expect.is_some() {
                return Some(at);
            }
        }
        None
    }

    /// What an event is. `step` is the one that the client is at, if it has not joined.
    pub(crate) fn hear(&self, step: Option<usize>, event: &[u8]) -> Heard {
        if let Some(answer) = self.answers.iter().position(|(when, _)| when.is_match(event)) {
            return Heard::Answer(Line::Answer(place(answer)));
        }
        let Some(step) = step else {
            let ignored = self.ignore.iter().any(|pattern| pattern.is_match(event));
            return if ignored { Heard::Ignored } else { Heard::Nothing };
        };
        let expect = self.steps.get(step).and_then(|step| step.expect.as_ref());
        if expect.is_some_and(|expect| expect.is_match(event)) { Heard::StepEnd } else { Heard::Ignored }
    }

    /// What `client` says. `number` tells apart what it says several times.
    pub(crate) fn text(
        &self,
        line: Line,
        client: u32,
        number: u64,
        captured: &CapturedValues,
    ) -> Option<(MessageKind, Vec<u8>)> {
        let template = match line {
            Line::Step(step) => self.steps.get(usize::from(step))?.send.as_ref()?,
            Line::Answer(answer) => &self.answers.get(usize::from(answer))?.1,
        };
        Some((template.kind(), captured.with(client, |values| template.encode_with(client, number, values))))
    }
}

/// A plan has fewer steps and answers than that.
fn place(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
