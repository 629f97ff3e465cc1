//! What was measured of a group, or of all together, as it is stored.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{StoreError, histogram};
use crate::{
    judge::bounds,
    metric::{quantiles::Quantiles, throughput::Throughput},
    model::{
        Anomalies, Connections, Counts, Deliveries, Dropped, EndRecord, Evidence, Interval, Latency, Measurement,
        OtherEvents, Pings, RoomsMeasurement, SessionsMeasurement, Tally, Traffic, Wire,
    },
};

/// A group of clients by itself.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GroupMeasurement")]
pub(super) struct GroupDocument {
    /// Name of the group.
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) measurement: MeasurementDocument,
}

/// What was measured of a group of clients, or of all groups together.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Measurement")]
pub(super) struct MeasurementDocument {
    /// Fates of the messages that were due in the measured phase, and the events.
    counts: Counts,
    /// Why messages were never sent.
    dropped_by: Dropped,
    /// Findings other than a match.
    anomalies: Anomalies,
    /// Fates of deliveries. A delivery is one message at one receiver. All 0 without rooms.
    deliveries: Deliveries,
    /// Lawful events that are no match.
    other_events: OtherEvents,
    /// Counts of the warm-up. Its messages are in no histogram and in no rate, but their delivery
    /// was checked.
    warmup: TallyDocument,
    /// What became of the connections.
    connections: Connections,
    /// What became of the sessions, and attempts to open one.
    sessions: SessionsMeasurement,
    /// How connections ended, and how long they were open.
    #[schemars(length(max = 66))]
    ends: Vec<EndRecord>,
    /// Pings of the clients, and their answers.
    pings: Pings,
    /// What was sent and received inside the measured window.
    traffic: Traffic,
    /// Rates of the measured phase. They follow from `counts`, `traffic` and `measured_s`.
    #[serde(skip_deserializing)]
    throughput: Throughput,
    /// Summaries of `histograms`, in nanoseconds.
    #[serde(skip_deserializing)]
    latency_ns: Summaries,
    /// How many messages shared one read or one write.
    wire: Wire,
    /// What became of the deliveries, room by room.
    rooms: RoomsMeasurement,
    /// The first anomalies of each kind.
    evidence: Vec<Evidence>,
    /// One row a second of the measured phase, and of the drain while replies still came.
    intervals: Vec<Interval>,
    /// `HdrHistograms` of 1 ns to 60 s with 3 significant digits.
    histograms: Histograms,
}

/// A tally as it is stored. `dropped` is a count, so its causes have a key of their own.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tally")]
struct TallyDocument {
    /// Fates and events.
    counts: Counts,
    /// Why messages were never sent.
    dropped_by: Dropped,
    /// Findings other than a match.
    anomalies: Anomalies,
    /// Fates of deliveries.
    deliveries: Deliveries,
    /// Lawful events that are no match.
    other_events: OtherEvents,
}

/// Summaries of histograms.
#[derive(Default, Serialize, JsonSchema)]
struct Summaries {
    /// From due to event.
    response: MarkedQuantiles,
    /// From write to event.
    service: MarkedQuantiles,
    /// Service time less the time that the reply may have lain unread: the target itself took at
    /// least this long.
    floor: Quantiles,
    /// From due to write. Empty in the closed model, where nothing is due.
    send_lag: Quantiles,
    /// From the start of connecting to the end of the opening handshake.
    connect: Quantiles,
    /// The part of `connect` until TCP was connected.
    connect_tcp: Quantiles,
    /// The part of `connect` that the proxy took: TLS to it, and its tunnel. Empty without a proxy.
    connect_proxy: Quantiles,
    /// The part of `connect` that the TLS handshake took. Empty without TLS.
    connect_tls: Quantiles,
    /// The part of `connect` that the opening handshake took.
    connect_upgrade: Quantiles,
    /// From when a connection was open until its client had joined.
    join: Quantiles,
    /// From due to the first event of a reply, or to the first receiver. Empty if a reply is one
    /// event and there are no rooms.
    first: Quantiles,
    /// From due to the last event of a reply, or to the last receiver.
    last: Quantiles,
    /// Mean response times of the receivers. Empty without rooms.
    receiver: Quantiles,
    /// From the end of a connection until its client was open again.
    away: Quantiles,
    /// From when a client was open until its first reply.
    first_reply: Quantiles,
    /// From ping to pong.
    ping: Quantiles,
    /// From due until a message was replayed to a receiver that had been away.
    replayed: Quantiles,
}

/// A summary, with the names of the figures that the generator may have a notable part in.
#[derive(Default, Serialize, JsonSchema)]
struct MarkedQuantiles {
    #[serde(flatten)]
    quantiles: Quantiles,
    /// Figures that the generator may have a notable part in: the floor is under 90 % of them, and
    /// lower by more than 100 µs.
    marked: Vec<&'static str>,
}

impl MarkedQuantiles {
    fn of(latency: &Latency, series: &str, values: &Histogram<u64>) -> Self {
        Self { quantiles: Quantiles::of(values), marked: bounds::marked(latency, series) }
    }
}

/// Histograms of nanoseconds, each in the deflated V2 encoding of `HdrHistogram`, in base64.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Histograms {
    /// From due to event.
    #[schemars(extend("contentEncoding" = "base64"))]
    response: String,
    /// From write to event.
    #[schemars(extend("contentEncoding" = "base64"))]
    service: String,
    /// Service time less the time that the reply may have lain unread.
    #[schemars(extend("contentEncoding" = "base64"))]
    floor: String,
    /// From due to write.
    #[schemars(extend("contentEncoding" = "base64"))]
    send_lag: String,
    /// From the start of connecting to the end of the opening handshake.
    #[schemars(extend("contentEncoding" = "base64"))]
    connect: String,
    /// The part of `connect` until TCP was connected.
    #[schemars(extend("contentEncoding" = "base64"))]
    connect_tcp: String,
    /// The part of `connect` that the proxy took.
    #[schemars(extend("contentEncoding" = "base64"))]
    connect_proxy: String,
    /// The part of `connect` that the TLS handshake took.
    #[schemars(extend("contentEncoding" = "base64"))]
    connect_tls: String,
    /// The part of `connect` that the opening handshake took.
    #[schemars(extend("contentEncoding" = "base64"))]
    connect_upgrade: String,
    /// From when a connection was open until its client had joined.
    #[schemars(extend("contentEncoding" = "base64"))]
    join: String,
    /// From due to the first event of a reply, or to the first receiver.
    #[schemars(extend("contentEncoding" = "base64"))]
    first: String,
    /// From due to the last event of a reply, or to the last receiver.
    #[schemars(extend("contentEncoding" = "base64"))]
    last: String,
    /// Mean response times of the receivers.
    #[schemars(extend("contentEncoding" = "base64"))]
    receiver: String,
    /// From the end of a connection until its client was open again.
    #[schemars(extend("contentEncoding" = "base64"))]
    away: String,
    /// From when a client was open until its first reply.
    #[schemars(extend("contentEncoding" = "base64"))]
    first_reply: String,
    /// From ping to pong.
    #[schemars(extend("contentEncoding" = "base64"))]
    ping: String,
    /// From due until a message was replayed to a receiver that had been away.
    #[schemars(extend("contentEncoding" = "base64"))]
    replayed: String,
}

impl MeasurementDocument {
    pub(super) fn of(measurement: &Measurement, measured_s: f64) -> Result<Self, StoreError> {
        let TallyDocument { counts, dropped_by, anomalies, deliveries, other_events } = measurement.measured.into();
        Ok(Self {
            counts,
            dropped_by,
            anomalies,
            deliveries,
            other_events,
            warmup: measurement.warmup.into(),
            connections: measurement.connections.clone(),
            sessions: measurement.sessions,
            ends: measurement.ends.clone(),
            pings: measurement.pings,
            traffic: measurement.traffic,
            throughput: Throughput::of_measurement(measurement, measured_s),
            latency_ns: Summaries::of(&measurement.latency),
            wire: measurement.wire,
            rooms: measurement.rooms.clone(),
            evidence: measurement.evidence.clone(),
            intervals: measurement.intervals.clone(),
            histograms: Histograms::of(&measurement.latency)?,
        })
    }

    pub(super) fn into_measurement(self) -> Result<Measurement, StoreError> {
        let Self { counts, dropped_by, anomalies, deliveries, other_events, .. } = self;
        Ok(Measurement {
            connections: self.connections,
            sessions: self.sessions,
            ends: self.ends,
            pings: self.pings,
            measured: TallyDocument { counts, dropped_by, anomalies, deliveries, other_events }.into(),
            warmup: self.warmup.into(),
            rooms: self.rooms,
            evidence: self.evidence,
            traffic: self.traffic,
            latency: self.histograms.latency()?,
            wire: self.wire,
            intervals: self.intervals,
        })
    }
}

impl Summaries {
    fn of(latency: &Latency) -> Self {
        Self {
            response: MarkedQuantiles::of(latency, "response", &latency.response),
            service: MarkedQuantiles::of(latency, "service", &latency.service),
            floor: Quantiles::of(&latency.floor),
            send_lag: Quantiles::of(&latency.send_lag),
            connect: Quantiles::of(&latency.connect),
            connect_tcp: Quantiles::of(&latency.connect_tcp),
            connect_proxy: Quantiles::of(&latency.connect_proxy),
            connect_tls: Quantiles::of(&latency.connect_tls),
            connect_upgrade: Quantiles::of(&latency.connect_upgrade),
            join: Quantiles::of(&latency.join),
            first: Quantiles::of(&latency.first),
            last: Quantiles::of(&latency.last),
            receiver: Quantiles::of(&latency.receiver),
            away: Quantiles::of(&latency.away),
            first_reply: Quantiles::of(&latency.first_reply),
            ping: Quantiles::of(&latency.ping),
            replayed: Quantiles::of(&latency.replayed),
        }
    }
}

impl Histograms {
    fn of(latency: &Latency) -> Result<Self, StoreError> {
        Ok(Self {
            response: histogram::encode("response", &latency.response)?,
            service: histogram::encode("service", &latency.service)?,
            floor: histogram::encode("floor", &latency.floor)?,
            send_lag: histogram::encode("send_lag", &latency.send_lag)?,
            connect: histogram::encode("connect", &latency.connect)?,
            connect_tcp: histogram::encode("connect_tcp", &latency.connect_tcp)?,
            connect_proxy: histogram::encode("connect_proxy", &latency.connect_proxy)?,
            connect_tls: histogram::encode("connect_tls", &latency.connect_tls)?,
            connect_upgrade: histogram::encode("connect_upgrade", &latency.connect_upgrade)?,
            join: histogram::encode("join", &latency.join)?,
            first: histogram::encode("first", &latency.first)?,
            last: histogram::encode("last", &latency.last)?,
            receiver: histogram::encode("receiver", &latency.receiver)?,
            away: histogram::encode("away", &latency.away)?,
            first_reply: histogram::encode("first_reply", &latency.first_reply)?,
            ping: histogram::encode("ping", &latency.ping)?,
            replayed: histogram::encode("replayed", &latency.replayed)?,
        })
    }

    fn latency(&self) -> Result<Latency, StoreError> {
        Ok(Latency {
            response: histogram::decode("response", &self.response)?,
            service: histogram::decode("service", &self.service)?,
            floor: histogram::decode("floor", &self.floor)?,
            send_lag: histogram::decode("send_lag", &self.send_lag)?,
            connect: histogram::decode("connect", &self.connect)?,
            connect_tcp: histogram::decode("connect_tcp", &self.connect_tcp)?,
            connect_proxy: histogram::decode("connect_proxy", &self.connect_proxy)?,
            connect_tls: histogram::decode("connect_tls", &self.connect_tls)?,
            connect_upgrade: histogram::decode("connect_upgrade", &self.connect_upgrade)?,
            join: histogram::decode("join", &self.join)?,
            first: histogram::decode("first", &self.first)?,
            last: histogram::decode("last", &self.last)?,
            receiver: histogram::decode("receiver", &self.receiver)?,
            away: histogram::decode("away", &self.away)?,
            first_reply: histogram::decode("first_reply", &self.first_reply)?,
            ping: histogram::decode("ping", &self.ping)?,
            replayed: histogram::decode("replayed", &self.replayed)?,
        })
    }
}

impl From<Tally> for TallyDocument {
    fn from(tally: Tally) -> Self {
        let Tally { counts, dropped, anomalies, deliveries, other_events } = tally;
        Self { counts, dropped_by: dropped, anomalies, deliveries, other_events }
    }
}

impl From<TallyDocument> for Tally {
    fn from(tally: TallyDocument) -> Self {
        let TallyDocument { counts, dropped_by, anomalies, deliveries, other_events } = tally;
        Self { counts, dropped: dropped_by, anomalies, deliveries, other_events }
    }
}
