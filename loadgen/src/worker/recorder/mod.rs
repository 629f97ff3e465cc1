//! Counters and histograms of a worker. Merged once at the end, never locked. Pure: time is an
//! argument.

mod bounded_list;
mod call_tally;
mod connection;
mod deliveries;
mod exchange;
mod opening_times;
mod seconds;
mod so_far;

use hdrhistogram::Histogram;
use reports::model::{Dropped, Latency, Pings, Tally, Traffic};

pub use self::{
    bounded_list::BoundedList,
    call_tally::CallTally,
    connection::ConnectionRecorder,
    seconds::{PresenceCounts, SecondRow},
};
pub(crate) use self::{
    exchange::{LazyTimes, RareTimes},
    opening_times::OpeningTimes,
};
use self::{
    seconds::{CurrentSecond, SECOND},
    so_far::Responses,
};
pub use crate::schedule::driver::DropCause;
use crate::{
    clock::Time,
    engine::ReadBatch,
    ledger::{Expectation, SendTimes, effort::EffortBudget},
    transport::Endpoint,
    worker::{
        evidence::{EventContext, EvidenceLog},
        slow_writes::SlowWrites,
    },
};

/// The measured phase.
///
/// The tally and the histograms hold messages *due* in it. Traffic holds what *happens* in it,
/// whenever the message was due, since a rate counts what came in a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub from: Time,
    /// The first instant after it.
    pub to: Time,
}

/// A whole message that came on a connection that did not send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misroute {
    /// The client that sent it.
    pub owner: u32,
    /// Its sequence at that client.
    pub sequence: u64,
}

/// Misrouted messages that all workers together keep, to match them with missing ones. Bounds
/// memory at 16 MiB.
const MISROUTED_KEPT: usize = 1 << 20;

/// A service time that nobody knows.
const UNKNOWN: u64 = u64::MAX;

/// What one worker recorded.
#[derive(Debug)]
pub struct Recorder {
    window: Window,
    /// Tally of the warm-up.
    pub warmup: Tally,
    /// Tally of the measured phase.
    pub measured: Tally,
    /// Traffic inside the window. Sent messages are counted in [`Self::writes`] instead.
    pub traffic: Traffic,
    /// Times from write to event.
    pub service: Histogram<u64>,
    /// The part of service time that is certainly the target's, without the time that bytes may
    /// have lain unread.
    pub floor: Histogram<u64>,
    /// Times from due to write.
    pub send_lag: Histogram<u64>,
    /// Times that most runs have none of.
    pub(crate) rare: RareTimes,
    /// Pings that were written in the measured phase, and their answers.
    pub(crate) pings: Pings,
    /// Reads inside the window.
    pub reads: CallTally,
    /// Writes inside the window.
    pub writes: CallTally,
    /// The first anomalies of each kind.
    pub(crate) evidence: EvidenceLog,
    /// Messages that came on the wrong connection.
    pub misrouted: BoundedList<Misroute>,
    /// Bounds the work of classifying anomalies.
    budget: EffortBudget,
    /// Matches with equal latencies, recorded as one. Messages of one write that come in one read
    /// have them.
    repeat: RepeatedLatency,
    /// Bytes read now arrived at this time or later.
    unread_since: Time,
    slow_writes: SlowWrites,
    second: CurrentSecond,
    /// Attempts to open connections so far.
    pub(crate) attempts: u64,
    /// Finished seconds, until [`Self::take_rows`].
    rows: Vec<SecondRow>,
    /// None unless somebody asks for what there is so far.
    responses: Responses,
}

#[derive(Clone, Copy, Debug, Default)]
struct RepeatedLatency {
    response: u64,
    service: u64,
    floor: u64,
    times: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// An empty recorder.
    pub fn new() -> Self {
        Self {
            window: Window { from: Time::NEVER, to: Time::NEVER },
            warmup: Tally::default(),
            measured: Tally::default(),
            traffic: Traffic::default(),
            service: Latency::histogram(),
            floor: Latency::histogram(),
            send_lag: Latency::histogram(),
            rare: RareTimes::default(),
            pings: Pings::default(),
            reads: CallTally::default(),
            writes: CallTally::default(),
            evidence: EvidenceLog::default(),
            misrouted: BoundedList::new(MISROUTED_KEPT),
            budget: EffortBudget::default(),
            repeat: RepeatedLatency::default(),
            unread_since: Time::NEVER,
            slow_writes: SlowWrites::default(),
            second: CurrentSecond::default(),
            attempts: 0,
            rows: Vec::new(),
            responses: None,
        }
    }

    /// Bounds what is kept at one part in `share` of the run's bounds.
    pub(crate) fn one_of(self, share: usize) -> Self {
        Self { misrouted: BoundedList::new(MISROUTED_KEPT / share.max(1)), ..self }
    }

    /// Begins the measured phase `window`. Everything before belongs to the warm-up.
    pub fn begin(&mut self, window: Window) {
        self.window = window;
        self.second.end = window.from.plus(SECOND);
        self.evidence.begin(window.from);
    }

    /// Corrects the measured phase, which turned out shorter.
    pub fn end_window(&mut self, window: Window) {
        self.window = window;
    }

    /// Whether a message that was due at `due` belongs to the measured phase.
    #[inline]
    pub(crate) fn is_measured(&self, due: Time) -> bool {
        due >= self.window.from
    }

    fn tally(&mut self, due: Time) -> &mut Tally {
        if self.is_measured(due) { &mut self.measured } else { &mut self.warmup }
    }

    /// Records that `messages` messages, due together, with `bytes` bytes of payload in all, were
    /// written by `writes` calls.
    pub fn sent(&mut self, times: SendTimes, messages: u64, bytes: u64, writes: u64) {
        let counts = &mut self.tally(times.due).counts;
        counts.scheduled += messages;
        counts.sent += messages;
        if times.written < self.window.from {
            return;
        }
        if times.due >= self.window.from {
            self.send_lag.saturating_record_n(times.written.since(times.due), messages);
        }
        self.roll(times.written);
        self.second.sent += messages;
        if times.written < self.window.to {
            self.traffic.sent_bytes += bytes;
            self.writes.add(writes, messages);
        }
    }

    /// Records that bytes written from `written` on had left at `ended`.
    #[inline]
    pub fn wrote(&mut self, written: Time, ended: Time) {
        self.slow_writes.add(written, ended);
    }

    /// Bytes read from now on arrived at `since` or later. Without a call, they arrived when they
    /// were read.
    #[inline]
    pub fn unread_since(&mut self, since: Time) {
        self.unread_since = since;
    }

    /// Records that `messages` messages, due at `due`, will never be sent.
    pub fn dropped(&mut self, due: Time, messages: u64, why: DropCause) {
        let tally = self.tally(due);
        tally.counts.scheduled += messages;
        tally.counts.dropped += messages;
        let Dropped { in_flight_cap, dead_connection, behind_schedule, away } = &mut tally.dropped;
        *match why {
            DropCause::InFlightCap => in_flight_cap,
            DropCause::DeadConnection => dead_connection,
            DropCause::BehindSchedule => behind_schedule,
            DropCause::Away => away,
        } += messages;
    }

    /// Records reads, the last of them at `at`. Reads with nothing but control frames do not count.
    pub(crate) fn read(&mut self, at: Time, read: ReadBatch) {
        if at >= self.window.from && at < self.window.to && !read.is_control_only() {
            self.reads.add(read.calls, read.messages);
            self.traffic.received_bytes += read.payload;
        }
    }

    /// Records that messages with `bytes` bytes of payload were written at `at` as frames of
    /// `frame_bytes`, on a connection that compresses.
    #[cold]
    pub(crate) fn sent_compressed(&mut self, at: Time, bytes: u64, frame_bytes: u64) {
        if at >= self.window.from && at < self.window.to {
            let compressed = &mut self.traffic.compressed;
            compressed.sent_bytes += bytes;
            compressed.sent_frame_bytes += frame_bytes;
        }
    }

    /// Records reads on a connection that compresses, the last of them at `at`.
    #[cold]
    pub(crate) fn read_compressed(&mut self, at: Time, read: ReadBatch) {
        if at >= self.window.from && at < self.window.to && !read.is_control_only() {
            let compressed = &mut self.traffic.compressed;
            compressed.received_bytes += read.payload;
            compressed.received_frame_bytes += read.bytes;
        }
    }

    /// Records that the connection of `client` ended at `at`. `detail` says how, escaped.
    pub fn died(&mut self, expectation: &Expectation, client: u32, local: Endpoint, at: Time, detail: String) {
        self.evidence.died(&EventContext { expectation, client, local, at }, detail);
    }

    /// The sink for the ledger of `client` and events at `at`.
    pub fn for_connection<'a>(
        &'a mut self,
        expectation: &'a Expectation,
        client: u32,
        local: Endpoint,
        at: Time,
    ) -> ConnectionRecorder<'a> {
        ConnectionRecorder { recorder: self, context: EventContext { expectation, client, local, at } }
    }

    #[inline]
    fn latency(&mut self, times: SendTimes, at: Time, messages: u64) {
        let floor = self.unread_since.min(at).since(self.slow_writes.end(times.written));
        self.times(at.since(times.due), at.since(times.written), floor, messages);
    }

    /// Records latencies of messages. The service time may be [`UNKNOWN`].
    #[inline]
    fn times(&mut self, response: u64, service: u64, floor: u64, messages: u64) {
        let repeat = &mut self.repeat;
        if response == repeat.response && service == repeat.service && floor == repeat.floor {
            repeat.times += messages;
        } else {
            self.settle();
            self.repeat = RepeatedLatency { response, service, floor, times: messages };
        }
    }

    fn settle(&mut self) {
        let RepeatedLatency { response, service, floor, times } = std::mem::take(&mut self.repeat);
        if times > 0 {
            self.second.response.saturating_record_n(response, u32::try_from(times).unwrap_or(u32::MAX));
            if service != UNKNOWN {
                self.service.saturating_record_n(service, times);
            }
            self.floor.saturating_record_n(floor, times);
        }
    }

    /// Ends the current second if `at` is past it, and empty ones after it.
    #[inline]
    fn roll(&mut self, at: Time) {
        while at >= self.second.end {
            self.end_second();
        }
    }

    #[cold]
    fn end_second(&mut self) {
        self.settle();
        self.keep_second();
        self.rows.push(self.second.end());
    }

    /// Whether the run was stopped in its warm-up.
    fn is_without_phase(&self) -> bool {
        self.window.from == self.window.to && self.measured.counts.scheduled == 0
    }

    /// Takes the seconds that were over at `now`. There are none if the run was stopped in its
    /// warm-up.
    pub fn take_rows(&mut self, now: Time) -> Vec<SecondRow> {
        if self.is_without_phase() {
            return Vec::new();
        }
        self.roll(now);
        std::mem::take(&mut self.rows)
    }

    /// Takes the current second, as nothing more will come.
    pub fn last_row(&mut self) -> Option<SecondRow> {
        if self.is_without_phase() {
            return None;
        }
        self.end_second();
        self.rows.pop().filter(|row| !row.is_silent())
    }
}

#[cfg(test)]
mod tests;
