//! The result of a worker.

use reports::{judge::OwnFailure, model::Connections};

use super::{
    RoomsOutcome, StopTotals,
    agreements::{self, Addresses, Asked},
    recorder::{BoundedList, OpeningTimes, Recorder, Window},
    session_record::SessionRecord,
};
use crate::{
    clock::Time,
    engine::ConnectionEnd,
    ledger::{CloseCause, Expectation, Ledger},
    transport::{Endpoint, Opened, Phases},
};

/// Missing messages that all workers together remember, to match them with messages that came on
/// other connections. Bounds memory at 24 MiB.
const MISSING_KEPT: usize = 1 << 20;

/// The result of a worker.
#[derive(Debug)]
pub(crate) struct WorkerOutcome {
    /// What it recorded of each group, in the order of the plan.
    pub(crate) groups: Vec<GroupOutcome>,
    /// The measured phase, as it turned out.
    pub(crate) window: Window,
    /// Processor time of the thread in the window, and the part spent spinning, in nanoseconds.
    pub(crate) cpu: u64,
    pub(crate) spun: u64,
    /// Times when the thread should have run and did not.
    pub(crate) stopped: StopTotals,
    /// What it knows of its rooms; none without rooms.
    pub(crate) rooms: Option<RoomsOutcome>,
}

/// What a worker recorded of a group of clients.
#[derive(Debug)]
pub(crate) struct GroupOutcome {
    pub(crate) recorder: Recorder,
    pub(crate) connections: Connections,
    /// How many had opened, failed and died when that was last told.
    told: [u64; 3],
    pub(crate) peer: Option<Endpoint>,
    /// Where its connections went.
    pub(crate) addresses: Addresses,
    pub(crate) openings: OpeningTimes,
    /// What became of the sessions.
    pub(crate) sessions: SessionRecord,
    /// Clients that have been open.
    reached: u64,
    /// Messages that ended lost or undetermined. Misrouted ones are among them.
    pub(crate) missing: BoundedList<MissingMessage>,
}

/// A message that did not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingMessage {
    pub(crate) client: u32,
    pub(crate) sequence: u64,
    pub(crate) measured: bool,
    /// How its connection ended.
    pub(crate) cause: CloseCause,
    /// It counts as damaged by a guess: a truncated event was attributed to it.
    pub(crate) guessed: bool,
}

impl WorkerOutcome {
    /// Whether a connection has opened.
    pub(crate) fn has_opened(&self) -> bool {
        self.groups.iter().any(|group| group.connections.opened > 0)
    }
}

impl GroupOutcome {
    /// Empty outcomes of all groups on one of `workers` workers. For each group, `clients` has the
    /// number of its clients there. They share what may be kept.
    pub(crate) fn of_groups(clients: &[usize], workers: u32) -> Vec<Self> {
        let share = workers.max(1) as usize * clients.len().max(1);
        clients.iter().map(|&clients| Self::new(clients, share)).collect()
    }

    /// Of `clients` clients. What is kept is bounded at one part in `share` of the run's bounds.
    fn new(clients: usize, share: usize) -> Self {
        Self {
            recorder: Recorder::new().one_of(share),
            connections: Connections { requested: clients as u64, ..Connections::default() },
            told: [0; 3],
            peer: None,
            addresses: Addresses::default(),
            openings: OpeningTimes::default(),
            sessions: SessionRecord::default(),
            reached: 0,
            missing: BoundedList::new(MISSING_KEPT / share),
        }
    }

    /// What was recorded so far, without seconds, evidence and missing messages.
    pub(crate) fn so_far(&mut self) -> Self {
        Self {
            recorder: self.recorder.so_far(),
            connections: self.connections.clone(),
            peer: self.peer,
            addresses: self.addresses.clone(),
            openings: self.openings.clone(),
            sessions: self.sessions.clone(),
            ..Self::new(0, 1)
        }
    }

    /// What has become of the connections so far, if that has changed since the last call.
    pub(crate) fn changed_connections(&mut self) -> Option<Connections> {
        let Connections { opened, failed, died, .. } = self.connections;
        let changed = std::mem::replace(&mut self.told, [opened, failed, died]) != [opened, failed, died];
        changed.then(|| self.connections.clone())
    }

    /// Records what was agreed on a connection whose handshake succeeded.
    pub(super) fn agreed(&mut self, opened: &Opened, asked: Asked) {
        self.peer.get_or_insert(opened.peer);
        self.addresses.count(opened.peer);
        agreements::count(&mut self.connections, opened, asked);
    }

    /// Records that a connection opened, and how long each phase took.
    pub(crate) fn opened(&mut self, phases: Phases) {
        self.connections.opened += 1;
        self.openings.connect.add(phases.total());
        self.openings.add_phases(phases);
    }

    /// Records that a client has opened for the first time. Attempts before may have failed.
    pub(crate) fn first_opened(&mut self, had_failed: bool) {
        self.reached += 1;
        self.connections.failed -= u64::from(had_failed);
    }

    /// Records that an attempt to open a connection failed at `at`.
    pub(crate) fn attempt_failed(&mut self, at: Time, kind: &str, detail: &str) {
        self.recorder.attempt_failed(at, kind);
        self.sessions.counts.failed_attempts += 1;
        self.connections.count_error(kind, 1, Some(detail));
    }

    /// Counts the clients as failed that have not been open. If the run was `stopped`, nobody knows
    /// whether they would have.
    pub(crate) fn count_untried(&mut self, stopped: bool) {
        let untried = self.connections.requested - self.reached - self.connections.failed;
        self.connections.failed += untried;
        if untried > 0 && stopped {
            let errors = &mut self.connections.errors;
            *errors.entry(OwnFailure::Interrupted.name().to_owned()).or_default() += untried;
        }
    }

    /// Records that the connection of a client ended although the plan wanted it open.
    pub(crate) fn died(
        &mut self,
        expectation: &Expectation,
        client: u32,
        local: Endpoint,
        at: Time,
        cause: ConnectionEnd,
    ) {
        self.connections.died += 1;
        self.connections.count_error(&cause.kind, 1, Some(&cause.detail));
        self.recorder.died(expectation, client, local, at, cause.detail);
    }

    /// Gives every message that a client still has in flight its fate at `at`.
    pub(crate) fn settle(
        &mut self,
        expectation: &Expectation,
        ledger: &mut Ledger,
        local: Endpoint,
        at: Time,
        cause: CloseCause,
    ) {
        let (client, first) = (ledger.client(), self.missing.kept.len());
        for sequence in ledger.pending() {
            let measured = ledger.times(sequence).is_some_and(|times| self.recorder.is_measured(times.due));
            self.missing.push(MissingMessage { client, sequence, measured, cause, guessed: false });
        }
        let mut sink = self.recorder.for_connection(expectation, client, local, at);
        ledger.end_partial_messages(expectation, &mut sink);
        for missing in &mut self.missing.kept[first..] {
            missing.guessed = ledger.times(missing.sequence).is_none();
        }
        ledger.close(cause, expectation, &mut sink);
        self.recorder.evidence.no_read();
    }
}
