//! Adds up what the workers recorded of a group.

use hdrhistogram::Histogram;
use reports::model::{Calls, Connections, Counts, Evidence, Latency, Measurement, Tally, Traffic, Wire};

use crate::{
    run::timeline::Seconds,
    worker::{GroupOutcome, recorder::CallTally},
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
            traffic: Traffic { sent_in_window: recorder.writes.messages, ..recorder.traffic },
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

    pub(super) fn into_measurement(mut self, seconds: Seconds) -> Measurement {
        let Seconds { intervals, response } = seconds;
        Evidence::keep_first(&mut self.evidence);
        let [service, floor, send_lag, connect] = *self.times;
        Measurement {
            connections: self.connections,
            measured: self.measured,
            warmup: self.warmup,
            evidence: self.evidence,
            traffic: self.traffic,
            latency: Latency { response, service, floor, send_lag, connect, ..Latency::default() },
            wire: wire(self.reads, self.writes),
            intervals,
        }
    }
}

fn wire(reads: CallTally, writes: CallTally) -> Wire {
    let sum = |calls: CallTally| Calls { calls: calls.calls, messages: calls.messages, largest: calls.max };
    Wire { reads: sum(reads), writes: sum(writes) }
}
