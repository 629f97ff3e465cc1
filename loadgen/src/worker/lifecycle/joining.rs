//! Joining: what clients say once their connections are open, before they count as opened. And what
//! they answer later.

use std::time::Duration;

use reports::{escape::visible_part, human, judge::OwnFailure};

use super::opening::STANDSTILL;
use crate::{
    clock::{Clock, Time},
    dialogue::Line,
    engine::{ConnectionEnd, Engine},
    ledger::OtherEvent,
    worker::{Worker, clients::MAX_UNSENT, dialogue::Joining},
};

/// Characters of a failure's text that are kept.
const DETAIL_SHOWN: usize = 300;

/// How the kinds of failures to join begin.
pub(crate) const JOIN: &str = "join_";

/// The time was over, or the connection ended.
const TIMEOUT: &str = "join_timeout";
const ENDED: &str = "join_ended";

impl<E: Engine, C: Clock> Worker<E, C> {
    /// A client has joined.
    pub(in crate::worker) fn joined(&mut self, slot: usize, at: Time) {
        let group = &mut self.groups[self.clients.group_of(slot)];
        let Some(Joining { began, phases, .. }) = group.dialogue.as_mut().and_then(|dialogue| dialogue.take(slot))
        else {
            return;
        };
        group.outcome.recorder.join(at.since(began));
        self.begin_session(slot, at, phases);
    }

    /// The time of a client to join is over.
    pub(super) fn join_timeout(&mut self, slot: usize, at: Time) {
        self.watch_for_stops(self.clock.now());
        let stopped = self.stops.all;
        self.engine.abort(slot);
        self.not_joined(slot, at, |joining| {
            let waited = at.since(joining.began);
            // Nobody knows whether the event would have come in time.
            let own = (stopped - joining.stopped).saturating_mul(STANDSTILL) >= waited;
            let kind = if own { OwnFailure::TimeoutStopped.name() } else { TIMEOUT };
            let waited = human::seconds(Duration::from_nanos(waited).as_secs_f64());
            (kind, format!("no event ended it within {waited}"))
        });
    }

    /// The connection of a client ended while it was joining.
    pub(in crate::worker) fn ended_while_joining(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        self.not_joined(slot, at, |_| (ENDED, cause.detail));
    }

    fn not_joined(&mut self, slot: usize, at: Time, why: impl FnOnce(&Joining) -> (&'static str, String)) {
        let group = &mut self.groups[self.clients.group_of(slot)];
        let Some(dialogue) = &mut group.dialogue else { return };
        let Some(joining) = dialogue.take(slot) else { return };
        let (kind, why) = why(&joining);
        let detail = format!("{}: {why}; {}", dialogue.place(&joining), joining.last_event());
        let detail = group.route.without_captured(self.clients.all[slot].ledger.client(), detail);
        self.attempt_failed(slot, at, kind, &visible_part(&detail, DETAIL_SHOWN));
    }

    /// Lets a client that was read say what it has to. Answers that would wait behind too much that
    /// the peer does not take are left out: the events are ignored. If the connection `ended`,
    /// nobody hears anything.
    #[cold]
    pub(in crate::worker) fn say(&mut self, slot: usize, ended: bool) {
        let Self { engine, groups, clients, .. } = self;
        let group = &mut groups[clients.group_of(slot)];
        let Some(dialogue) = &mut group.dialogue else { return };
        let client = clients.all[slot].ledger.client();
        for (line, at) in std::mem::take(&mut dialogue.to_say) {
            let is_answer = matches!(line, Line::Answer(_));
            let said = !ended && (!is_answer || engine.unsent(slot) <= MAX_UNSENT);
            if said && let Some((kind, text)) = dialogue.text(line, slot, client) {
                engine.queue(slot, std::iter::once((kind, text.len())), |spaces| {
                    spaces.for_each(|space| space.copy_from_slice(&text));
                });
            }
            if is_answer {
                let event = if said { OtherEvent::Answered } else { OtherEvent::Ignored };
                group.outcome.recorder.other_event(event, at);
            }
        }
        engine.flush(slot);
    }
}
