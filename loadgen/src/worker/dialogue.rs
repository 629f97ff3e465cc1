//! What the clients of a group say besides their messages: who is joining, and what is to be said.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use reports::escape;

use crate::{
    clock::Time,
    dialogue::{Heard, Line, Script},
    ledger::OtherEvent,
    message::MessageKind,
    transport::{Phases, Route},
};

/// Bytes of an event that are shown.
const SHOWN: usize = 96;

/// The dialogue of a group's clients on a worker.
#[derive(Debug)]
pub(super) struct GroupDialogue {
    script: Arc<Script>,
    /// Has what its clients remember.
    route: Rc<Route>,
    joining: HashMap<usize, Joining>,
    /// How many answers each client has given, from the group's first slot on. It has no entries if
    /// no client has.
    given: Vec<u32>,
    first_slot: usize,
    /// What the client that was read must say, and when it heard what that answers.
    pub(super) to_say: Vec<(Line, Time)>,
}

/// A client that is joining.
#[derive(Debug)]
pub(super) struct Joining {
    /// When its connection was open.
    pub(super) began: Time,
    pub(super) phases: Phases,
    /// How long the worker had been stopped in all by then, in nanoseconds.
    pub(super) stopped: u64,
    step: usize,
    last: Option<LastEvent>,
}

/// The last event of a client that is joining.
#[derive(Debug)]
struct LastEvent {
    beginning: Box<[u8]>,
    bytes: usize,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was this.
    As(OtherEvent),
    /// It is to be answered, which is counted when that is done.
    ToAnswer,
    /// It ended the last step.
    Joined,
}

impl GroupDialogue {
    /// That of clients whose slots begin at `first_slot`.
    pub(super) fn new(script: Arc<Script>, route: Rc<Route>, first_slot: usize) -> Self {
        Self { script, route, joining: HashMap::new(), given: Vec::new(), first_slot, to_say: Vec::new() }
    }

    /// Whether there are steps of joining.
    pub(super) fn joins(&self) -> bool {
        self.script.steps() > 0
    }

    /// Whether events of clients that have joined may be answered, ignored or remembered.
    pub(super) fn hears(&self) -> bool {
        self.script.hears()
    }

    /// The connection of a client is open. True if it has joined with that.
    pub(super) fn opened(&mut self, slot: usize, at: Time, phases: Phases) -> bool {
        let Self { script, to_say, joining, .. } = self;
        let waits = script.begin(0, |line| to_say.push((line, at)));
        let step = waits.unwrap_or(0);
        joining.insert(slot, Joining { began: at, phases, stopped: 0, step, last: None });
        waits.is_none()
    }

    /// The connection of a client has just opened. `stopped` is how long the worker was stopped so
    /// far. Returns when it opened.
    pub(super) fn began(&mut self, slot: usize, stopped: u64) -> Option<Time> {
        let joining = self.joining.get_mut(&slot)?;
        joining.stopped = stopped;
        Some(joining.began)
    }

    /// Takes a client that joins no more, because it has joined or failed to.
    pub(super) fn take(&mut self, slot: usize) -> Option<Joining> {
        let taken = self.joining.remove(&slot);
        if self.joining.is_empty() {
            // Most runs connect once.
            self.joining = HashMap::new();
        }
        taken
    }

    /// Remembers what is to be remembered of an event.
    pub(super) fn remember(&self, client: u32, event: &[u8]) {
        self.route.captured.hear(self.script.captures(), client, event);
    }

    /// Takes an event of a client at `at`; none if it belongs to the messages. `may_say` says that
    /// the client can say something.
    pub(super) fn hear(&mut self, slot: usize, event: &[u8], at: Time, may_say: bool) -> Option<Taken> {
        let Self { script, joining, to_say, .. } = self;
        let mut joining = joining.get_mut(&slot);
        if let Some(joining) = &mut joining {
            let beginning = event[..event.len().min(SHOWN)].into();
            joining.last = Some(LastEvent { beginning, bytes: event.len() });
        }
        Some(match (script.hear(joining.as_ref().map(|joining| joining.step), event), joining) {
            (Heard::Nothing, _) => return None,
            (Heard::Answer(line), _) if may_say => {
                to_say.push((line, at));
                Taken::ToAnswer
            }
            (Heard::StepEnd, Some(joining)) => match script.begin(joining.step + 1, |line| to_say.push((line, at))) {
                Some(step) => {
                    joining.step = step;
                    Taken::As(OtherEvent::Joined)
                }
                None => Taken::Joined,
            },
            (Heard::Answer(_) | Heard::Ignored | Heard::StepEnd, _) => Taken::As(OtherEvent::Ignored),
        })
    }

    /// What a client says.
    pub(super) fn text(&mut self, line: Line, slot: usize, client: u32) -> Option<(MessageKind, Vec<u8>)> {
        let number = match line {
            Line::Step(step) => step.into(),
            Line::Answer(_) => {
                let index = slot - self.first_slot;
                if index >= self.given.len() {
                    self.given.resize(index + 1, 0);
                }
                let given = &mut self.given[index];
                *given = given.wrapping_add(1);
                u64::from(*given)
            }
        };
        self.script.text(line, client, number, &self.route.captured)
    }

    /// Where a client is that failed to join, in words.
    pub(super) fn place(&self, joining: &Joining) -> String {
        format!("step {} of {}", joining.step + 1, self.script.steps())
    }
}

impl Joining {
    /// What came last, in words.
    pub(super) fn last_event(&self) -> String {
        match &self.last {
            Some(LastEvent { beginning, bytes }) => {
                let more = match bytes - beginning.len() {
                    0 => String::new(),
                    more => format!("…+{more}"),
                };
                format!("the last event was `{}{more}`", escape(beginning, SHOWN))
            }
            None => "no event came".to_owned(),
        }
    }
}
