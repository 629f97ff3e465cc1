//! Keeps the first anomalies of each kind, with enough context to find the cause.

use reports::{
    escape, human,
    model::{Evidence, EvidenceKind, ReadContext},
};

use crate::{
    clock::Time,
    ledger::{Expectation, Fate, Finding, SendTimes, Subject},
    transport::Endpoint,
};

/// Missing messages that are kept. Some turn out to be misrouted once all workers are compared.
/// That should leave [`Evidence::KEPT`] lost ones.
const MISSING_KEPT: usize = 10 * Evidence::KEPT;

/// Bytes of a message that are shown.
pub(super) const SHOWN: usize = 96;

/// Where and when something was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventContext<'a> {
    /// What the run expects.
    pub(crate) expectation: &'a Expectation,
    /// Client of the connection.
    pub(crate) client: u32,
    /// Local address of the connection.
    pub(crate) local: Endpoint,
    /// When the event was read, or the fate decided.
    pub(crate) at: Time,
}

/// The first [`Evidence::KEPT`] anomalies of each kind. More are kept of kinds that may change
/// later.
#[derive(Debug, Default)]
pub(crate) struct EvidenceLog {
    /// Where `at_s` counts from.
    origin: Time,
    kept: Vec<Evidence>,
    /// How many of each kind are kept.
    counts: Vec<(EvidenceKind, usize)>,
    /// Entries from here on belong to the current read.
    open_read: usize,
}

impl EvidenceLog {
    /// Counts times from `origin`, the beginning of the measured phase.
    pub(crate) fn begin(&mut self, origin: Time) {
        // Earlier evidence counts from the new origin as well.
        for evidence in &mut self.kept {
            evidence.at_s -= origin.seconds_from(self.origin);
        }
        self.origin = origin;
    }

    /// Changes the texts that say what came, and what was to come, at each client.
    pub(crate) fn change(&mut self, change: impl Fn(u32, String) -> String) {
        for Evidence { client, expected, received, detail, .. } in &mut self.kept {
            for text in [expected, received, detail].into_iter().flatten() {
                *text = change(*client, std::mem::take(text));
            }
        }
    }

    /// The evidence, in the order of its finding.
    pub(crate) fn into_kept(self) -> Vec<Evidence> {
        self.kept
    }

    /// Whether one more of this kind is kept. If so, it is counted. Takes the same time for the
    /// first and the millionth.
    pub(super) fn has_room(&mut self, kind: EvidenceKind) -> bool {
        let room =
            if matches!(kind, EvidenceKind::Lost | EvidenceKind::Undetermined) { MISSING_KEPT } else { Evidence::KEPT };
        let at = self.counts.iter().position(|(of, _)| *of == kind).unwrap_or_else(|| {
            self.counts.push((kind, 0));
            self.counts.len() - 1
        });
        let count = &mut self.counts[at].1;
        let has_room = *count < room;
        *count += usize::from(has_room);
        has_room
    }

    pub(super) fn blank(&self, context: &EventContext<'_>, kind: EvidenceKind) -> Evidence {
        // The summary adds the peer, which is the same for all.
        Evidence {
            kind,
            client: context.client,
            local: context.local.to_string(),
            at_s: context.at.seconds_from(self.origin),
            ..Evidence::default()
        }
    }

    /// Adds an event that did not match.
    #[cold]
    pub(crate) fn finding(&mut self, context: &EventContext<'_>, finding: Finding, subject: Subject, received: &[u8]) {
        let kind = finding.evidence();
        if !self.has_room(kind) {
            return;
        }
        let expected = subject.sequence.and_then(|sequence| context.expectation.expected(context.client, sequence));
        let difference = expected.and_then(|expected| first_difference(&expected, received));
        let expected = subject.sequence.and_then(|sequence| context.expectation.shown(context.client, sequence));
        let detail = match finding {
            Finding::Split { earlier } => Some(format!("in {} events", earlier + 1)),
            Finding::Misrouted { owner } => Some(format!("sent by client {owner}")),
            _ => None,
        };
        let shown = |bytes: &[u8]| escape(bytes, SHOWN);
        self.kept.push(Evidence {
            sequence: subject.sequence,
            // A message of another client is shown as received. Nobody knows what this client
            // expected.
            expected: expected.filter(|_| !matches!(finding, Finding::Misrouted { .. })).as_deref().map(shown),
            received: Some(shown(received)),
            received_bytes: Some(received.len() as u64),
            first_difference: difference.filter(|_| !matches!(finding, Finding::Misrouted { .. })),
            detail: detail.or_else(|| subject.times.map(|times| self.describe(times))),
            ..self.blank(context, kind)
        });
    }

    /// Adds a message that came back whole and was overtaken.
    #[cold]
    pub(crate) fn reordered(&mut self, context: &EventContext<'_>, sequence: u64, times: SendTimes) {
        if self.has_room(EvidenceKind::Reordered) {
            let detail = Some(self.describe(times));
            self.kept.push(Evidence {
                sequence: Some(sequence),
                detail,
                ..self.blank(context, EvidenceKind::Reordered)
            });
        }
    }

    /// Adds a message that did not come back. (A damaged one did: its finding is the evidence.)
    /// `events` events of its reply came.
    #[cold]
    pub(crate) fn fate(
        &mut self,
        context: &EventContext<'_>,
        fate: Fate,
        sequence: u64,
        times: SendTimes,
        events: u32,
    ) {
        let kind = match fate {
            Fate::Lost => EvidenceKind::Lost,
            Fate::Undetermined => EvidenceKind::Undetermined,
            // A damaged one has its finding, and what a plan ends speaks against nobody.
            Fate::Damaged | Fate::UndeterminedByPlan => return,
        };
        if self.has_room(kind) {
            let expected = context.expectation.shown(context.client, sequence).map(|bytes| escape(&bytes, SHOWN));
            let written = format!("written {} after it was due", lag(times));
            let (sequence, detail) = match events {
                0 => (Some(sequence), Some(written)),
                1 => (Some(sequence), Some(format!("1 event of its reply came, not the last; {written}"))),
                _ => (Some(sequence), Some(format!("{events} events of its reply came, not the last; {written}"))),
            };
            // The decision comes long after. The due time helps more to find the cause.
            let context = &EventContext { at: times.due, ..*context };
            self.kept.push(Evidence { sequence, expected, detail, ..self.blank(context, kind) });
        }
    }

    /// Adds an event that the server pushed after one with a higher number.
    #[cold]
    pub(crate) fn pushed_late(&mut self, context: &EventContext<'_>, number: u64) {
        if self.has_room(EvidenceKind::Reordered) {
            let detail = Some("pushed after a higher number".to_owned());
            self.kept.push(Evidence { sequence: Some(number), detail, ..self.blank(context, EvidenceKind::Reordered) });
        }
    }

    /// Adds so many numbers that the server skipped in what it pushed, from `first` on.
    #[cold]
    pub(crate) fn gap(&mut self, context: &EventContext<'_>, first: Option<u64>, numbers: u64) {
        if self.has_room(EvidenceKind::Gap) {
            let numbers =
                if numbers == 1 { "1 number".to_owned() } else { format!("{} numbers", human::count(numbers)) };
            let detail = Some(format!("the server skipped {numbers}"));
            self.kept.push(Evidence { sequence: first, detail, ..self.blank(context, EvidenceKind::Gap) });
        }
    }

    /// Adds a connection that ended too early. `detail` says how, escaped.
    #[cold]
    pub(crate) fn died(&mut self, context: &EventContext<'_>, detail: String) {
        if self.has_room(EvidenceKind::Died) {
            self.kept.push(Evidence { detail: Some(detail), ..self.blank(context, EvidenceKind::Died) });
        }
    }

    /// Adds the read's size to everything found since the last call: `bytes` bytes and `frames`
    /// frames.
    #[inline]
    pub(crate) fn read(&mut self, bytes: u64, frames: u64) {
        if self.open_read < self.kept.len() {
            for evidence in &mut self.kept[self.open_read..] {
                evidence.read = evidence.received.is_some().then_some(ReadContext { bytes, frames });
            }
            self.open_read = self.kept.len();
        }
    }

    /// What is found from now on belongs to no read.
    pub(crate) fn no_read(&mut self) {
        self.open_read = self.kept.len();
    }

    /// Adds a piece that [`Self::has_room`] has counted.
    pub(super) fn keep(&mut self, evidence: Evidence) {
        self.kept.push(evidence);
    }

    /// Seconds from the origin to a time.
    pub(super) fn seconds(&self, at: Time) -> f64 {
        at.seconds_from(self.origin)
    }

    fn describe(&self, times: SendTimes) -> String {
        format!("due at {:.6} s, written {} later", times.due.seconds_from(self.origin), lag(times))
    }
}

impl Finding {
    /// The kind of evidence of it.
    pub(super) fn evidence(self) -> EvidenceKind {
        match self {
            Self::Duplicated => EvidenceKind::Duplicated,
            Self::Coalesced => EvidenceKind::Coalesced,
            Self::Split { .. } => EvidenceKind::Split,
            Self::Truncated => EvidenceKind::Truncated,
            Self::Corrupted => EvidenceKind::Corrupted,
            Self::WrongType => EvidenceKind::WrongType,
            Self::Misrouted { .. } => EvidenceKind::Misrouted,
            Self::Unexpected => EvidenceKind::Unexpected,
        }
    }
}

fn lag(times: SendTimes) -> String {
    human::nanoseconds(times.written.since(times.due) as f64)
}

/// Offset of the first differing byte. The end of the shorter text counts as one.
fn first_difference(expected: &[u8], received: &[u8]) -> Option<u64> {
    let common = expected.iter().zip(received).take_while(|(a, b)| a == b).count();
    (common < expected.len().max(received.len())).then_some(common as u64)
}
