//! What a client says besides its messages: steps to join, and answers to what the server asks.

use crate::message::{Capture, Pattern, Template};

/// What a client says besides its messages, and which events are no replies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogue {
    /// What happens once a connection is open. The client has joined after the last step.
    pub on_open: Vec<JoinStep>,
    /// Events that are answered. The first that matches counts.
    pub answers: Vec<Answer>,
    /// Events that are counted apart.
    pub ignore: Vec<Pattern>,
    /// What a client remembers of the events it receives. Templates of steps, answers, URL and
    /// header fields may name it.
    pub captures: Vec<Capture>,
}

/// A step of joining: sends something, waits for something, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinStep {
    /// What is sent.
    pub send: Option<Template>,
    /// The event that ends the step. Without it, the step ends at once.
    pub expect: Option<Pattern>,
}

/// An event and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The event.
    pub when: Pattern,
    /// The answer.
    pub send: Template,
}

impl Dialogue {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.on_open.is_empty() && self.answers.is_empty() && self.ignore.is_empty() && self.captures.is_empty()
    }

    /// All that is sent.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let steps = self.on_open.iter().filter_map(|step| step.send.as_ref());
        steps.chain(self.answers.iter().map(|answer| &answer.send))
    }
}
