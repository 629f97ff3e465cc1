//! Records what the ledger of one connection decides.

use reports::model::Tally;

use super::{Misroute, Recorder};
use crate::{
    ledger::{Fate, Finding, LedgerSink, OtherEvent, SendTimes, Subject},
    worker::evidence::EventContext,
};

/// Records what the ledger of one connection decides at one instant.
#[derive(Debug)]
pub struct ConnectionRecorder<'a> {
    pub(super) recorder: &'a mut Recorder,
    pub(super) context: EventContext<'a>,
}

impl LedgerSink for ConnectionRecorder<'_> {
    #[inline]
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool) {
        let (at, messages) = (self.context.at, u64::from(messages));
        let reordered = if overtaken { messages } else { 0 };
        let recorder = &mut *self.recorder;
        let tally = recorder.tally(times.due);
        tally.counts.events += messages;
        tally.counts.matched += messages;
        tally.anomalies.reordered += reordered;
        for sequence in first..first + reordered {
            recorder.evidence.reordered(&self.context, sequence, times);
        }
        if at < recorder.window.from {
            return;
        }
        recorder.roll(at);
        recorder.second.matched += messages;
        recorder.second.anomalies += reordered;
        if at < recorder.window.to {
            recorder.traffic.matched_in_window += messages;
        }
        if times.due >= recorder.window.from {
            recorder.latency(times, at, messages);
        }
    }

    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]) {
        let at = self.context.at;
        let recorder = &mut *self.recorder;
        if at >= recorder.window.from {
            recorder.roll(at);
            recorder.second.anomalies += 1;
        }
        let Tally { counts, anomalies, .. } = recorder.tally(subject.times.map_or(at, |times| times.due));
        counts.events += 1;
        match finding {
            Finding::Duplicated => anomalies.duplicated += 1,
            Finding::Coalesced => anomalies.coalesced += 1,
            Finding::Split { earlier } => {
                anomalies.split += 1;
                anomalies.split_pieces += 1 + u64::from(earlier);
                counts.events += u64::from(earlier);
            }
            Finding::Truncated => anomalies.truncated += 1,
            Finding::Corrupted => anomalies.corrupted += 1,
            Finding::WrongType => anomalies.wrong_type += 1,
            Finding::Misrouted { owner } => {
                anomalies.misrouted_events += 1;
                if let Some(sequence) = subject.sequence {
                    recorder.misrouted.push(Misroute { owner, sequence });
                }
            }
            Finding::Unexpected => anomalies.unexpected += 1,
        }
        recorder.evidence.finding(&self.context, finding, subject, received);
    }

    fn fate(&mut self, fate: Fate, sequence: u64, times: SendTimes) {
        self.unfinished(fate, sequence, times, 0);
    }

    fn unfinished(&mut self, fate: Fate, sequence: u64, times: SendTimes, events: u32) {
        let counts = &mut self.recorder.tally(times.due).counts;
        match fate {
            Fate::Lost => counts.lost += 1,
            Fate::Damaged => counts.damaged += 1,
            Fate::Undetermined => counts.undetermined += 1,
            Fate::UndeterminedByPlan => counts.undetermined_by_plan += 1,
        }
        self.recorder.evidence.fate(&self.context, fate, sequence, times, events);
    }

    fn partial(&mut self, _sequence: u64, times: SendTimes, first: bool) {
        // As the message that it answers, it belongs to the phase in which that was due.
        self.recorder.other_event(OtherEvent::Partial, times.due);
        if first {
            self.recorder.first(times.due, self.context.at);
        }
    }

    fn completed(&mut self, sequence: u64, times: SendTimes, overtaken: bool, earlier: u32) {
        let at = self.context.at;
        if earlier == 0 {
            self.recorder.first(times.due, at);
        }
        self.recorder.last(times.due, at);
        self.matched(sequence, 1, times, overtaken);
    }

    fn pushed(&mut self, number: u64, overtaken: bool) {
        let at = self.context.at;
        self.recorder.other_event(OtherEvent::Pushed, at);
        if overtaken {
            self.anomaly_of_pushes();
            self.recorder.tally(at).anomalies.reordered += 1;
            self.recorder.evidence.pushed_late(&self.context, number);
        }
    }

    fn gap(&mut self, first: Option<u64>, numbers: u64) {
        self.anomaly_of_pushes();
        self.recorder.tally(self.context.at).anomalies.gaps += numbers;
        self.recorder.evidence.gap(&self.context, first, numbers);
    }

    fn late(&mut self, _sequence: u64) {
        self.recorder.other_event(OtherEvent::Late, self.context.at);
    }

    fn effort(&mut self, bytes: usize) -> u64 {
        self.recorder.budget.left(self.context.at, bytes)
    }

    fn spend(&mut self, bytes: u64) {
        self.recorder.budget.spend(bytes);
    }
}

impl ConnectionRecorder<'_> {
    /// Counts an anomaly that is no event in its second.
    fn anomaly_of_pushes(&mut self) {
        if self.context.at >= self.recorder.window.from {
            self.recorder.roll(self.context.at);
            self.recorder.second.anomalies += 1;
        }
    }
}
