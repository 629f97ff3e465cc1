//! Adds up what the workers recorded of a group.

use std::collections::HashMap;

use hdrhistogram::Histogram;
use reports::model::{Connections, Counts, Evidence, Latency, Measurement, PerCall, Tally, Traffic, WireSummary};

use crate::{
    run::timeline::Seconds,
    worker::{GroupOutcome, evidence::KEPT, recorder::CallTally},
};

/// What workers recorded of a group, or of several.
#[derive(Debug)]
pub(super) struct GroupSums {
    connections: Connections,
    measured: Tally,
    warmup: Tally,
    traffic: Traffic,
    /// In the order of their finding, worker by worker.
    pub(super) evidence: Vec<Evidence>,
    reads: CallTally,
    writes: CallTally,
    times: Box<[Histogram<u64>; 4]>,
}

impl GroupSums {
    /// Nothing. Takes as much memory as something.
    pub(super) fn empty() -> Self {
        Self {
            connections: Connections::default(),
            measured: Tally::default(),
            warmup: Tally::default(),
            traffic: Traffic::default(),
            evidence: Vec::new(),
            reads: CallTally::default(),
            writes: CallTally::default(),
            times: Box::new(std::array::from_fn(|_| Latency::histogram())),
        }
    }

    /// What one worker recorded.
    pub(super) fn of(outcome: GroupOutcome) -> Self {
        let GroupOutcome { recorder, connections, peer, mut openings, .. } = outcome;
        // A worker has one peer address of a group.
        let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
        let kept = recorder.evidence.into_kept().into_iter();
        Self {
            connections,
            measured: recorder.measured,
            warmup: recorder.warmup,
            traffic: Traffic { sent_in_window: Some(recorder.writes.messages), ..recorder.traffic },
            evidence: kept.map(|evidence| Evidence { peer: peer.clone(), ..evidence }).collect(),
            reads: recorder.reads,
            writes: recorder.writes,
            times: Box::new([recorder.service, recorder.floor, recorder.send_lag, openings.connect.take()]),
        }
    }

    pub(super) fn add(&mut self, part: &Self) {
        self.connections += &part.connections;
        self.measured += part.measured;
        self.warmup += part.warmup;
        self.traffic += part.traffic;
        self.evidence.extend_from_slice(&part.evidence);
        self.reads.merge(part.reads);
        self.writes.merge(part.writes);
        for (sum, part) in self.times.iter_mut().zip(part.times.iter()) {
            sum.add(part).expect("all histograms have one shape");
        }
    }

    /// The counts of the phase that a message was due in.
    pub(super) fn counts(&mut self, measured: bool) -> &mut Counts {
        if measured { &mut self.measured.counts } else { &mut self.warmup.counts }
    }

    pub(super) fn into_measurement(self, seconds: Seconds) -> Measurement {
        let Seconds { intervals, response } = seconds;
        let [service, floor, send_lag, connect] = *self.times;
        Measurement {
            connections: self.connections,
            measured: self.measured,
            warmup: self.warmup,
            evidence: first_of_each_kind(self.evidence),
            traffic: self.traffic,
            latency: Latency { response, service, floor, send_lag, connect },
            wire: wire(self.reads, self.writes),
            intervals,
        }
    }
}

fn first_of_each_kind(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    evidence.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut kept: HashMap<String, usize> = HashMap::new();
    evidence.retain(|evidence| {
        let count = kept.entry(evidence.kind.clone()).or_default();
        *count += 1;
        *count <= KEPT
    });
    evidence
}

fn wire(reads: CallTally, writes: CallTally) -> WireSummary {
    let per_call = |calls: CallTally| PerCall {
        mean: if calls.calls == 0 { 0.0 } else { calls.messages as f64 / calls.calls as f64 },
        max: calls.max,
    };
    WireSummary {
        reads: reads.calls,
        messages_per_read: per_call(reads),
        writes: writes.calls,
        messages_per_write: per_call(writes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_are_kept() {
        let evidence = |kind: &str, at_s| Evidence { kind: kind.to_owned(), at_s, ..Evidence::default() };
        let mut many: Vec<_> = (0..15).map(|n| evidence("lost", f64::from(15 - n))).collect();
        many.push(evidence("died", 99.0));
        let kept = first_of_each_kind(many);
        assert_eq!(kept.len(), KEPT + 1);
        assert_eq!(kept.iter().filter(|evidence| evidence.kind == "died").count(), 1);
        assert!((kept[0].at_s - 1.0).abs() < 1e-9, "the earliest come first");
    }
}
