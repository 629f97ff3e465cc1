//! What a recorder has while the run goes on.

use hdrhistogram::Histogram;
use reports::model::Latency;

use super::Recorder;

/// Response times of the finished seconds.
pub(super) type Responses = Option<Box<Histogram<u64>>>;

impl Recorder {
    /// Keeps what [`Self::so_far`] needs. Takes 220 KB.
    pub(crate) fn keep_responses(&mut self) {
        self.responses = Some(Box::new(Latency::histogram()));
    }

    /// Counts, times and traffic so far, without seconds and evidence.
    pub(crate) fn so_far(&mut self) -> Self {
        self.settle();
        let mut responses = self.responses.clone();
        if let Some(all) = &mut responses {
            add(all, &self.second.response);
        }
        Self {
            window: self.window,
            warmup: self.warmup,
            measured: self.measured,
            traffic: self.traffic,
            service: self.service.clone(),
            floor: self.floor.clone(),
            send_lag: self.send_lag.clone(),
            rare: self.rare.clone(),
            pings: self.pings,
            reads: self.reads,
            writes: self.writes,
            responses,
            ..Self::new()
        }
    }

    /// Takes the response times of [`Self::so_far`].
    pub(crate) fn take_responses(&mut self) -> Histogram<u64> {
        self.responses.take().map_or_else(Latency::histogram, |all| *all)
    }

    /// Keeps the response times of a second that is over.
    pub(super) fn keep_second(&mut self) {
        if let Some(all) = &mut self.responses {
            add(all, &self.second.response);
        }
    }
}

fn add(all: &mut Histogram<u64>, second: &Histogram<u32>) {
    for value in second.iter_recorded() {
        all.saturating_record_n(value.value_iterated_to(), value.count_since_last_iteration());
    }
}
