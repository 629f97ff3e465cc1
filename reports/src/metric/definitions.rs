//! Every name that a metric may have, and what it means. Parsing, display and the list that
//! `loadgen help metrics` prints all read these tables.

use super::{CompressedWay, Quantity, Series, Statistic, Unit};

/// A name that stands in a metric, and its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name as it is written: `lost`, `service`, `pNN`.
    pub name: &'static str,
    /// The meaning in one line, without a full stop.
    pub meaning: &'static str,
}

/// Names of one sort, with the unit of the metrics that they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlossaryPart {
    /// What these names are, in one line.
    pub heading: &'static str,
    /// The unit of these metrics.
    pub unit: Unit,
    /// The names, in the order in which they are explained.
    pub definitions: Vec<Definition>,
}

/// Every name of every metric: series, statistics, rates, ratios, counts. A latency is written
/// `[SERIES.]STATISTIC`; every other metric is a single name.
pub fn glossary() -> [GlossaryPart; 5] {
    let part = |heading, unit, definitions| GlossaryPart { heading, unit, definitions };
    let statistics = STATISTICS.iter().map(|(_, definition)| *definition).chain([PERCENTILE]);
    [
        part(
            "latencies, [SERIES.]STATISTIC: the series, response unless another is named",
            Unit::Nanoseconds,
            Series::ALL.iter().map(|(_, definition)| *definition).collect(),
        ),
        part("latencies, [SERIES.]STATISTIC: the statistic", Unit::Nanoseconds, statistics.collect()),
        part("rates", Unit::MessagesPerSecond, RATES.iter().map(|(_, definition)| *definition).collect()),
        part("ratios", Unit::Ratio, RATIOS.iter().map(|(_, definition)| *definition).collect()),
        part("counts of the measured phase", Unit::Count, COUNTS.to_vec()),
    ]
}

const fn define(name: &'static str, meaning: &'static str) -> Definition {
    Definition { name, meaning }
}

impl Series {
    /// Every series with its definition.
    pub const ALL: [(Self, Definition); 17] = [
        (Self::Response, define("response", "from when a message was due until its reply came")),
        (Self::Service, define("service", "from when a message was written until its reply came")),
        (Self::Floor, define("floor", "service time less the time that the reply may have lain unread")),
        (Self::SendLag, define("send_lag", "from when a message was due until it was written")),
        (Self::Connect, define("connect", "from the start of connecting to the end of the opening handshake")),
        (Self::ConnectTcp, define("connect_tcp", "the part of connect until TCP was connected")),
        (Self::ConnectProxy, define("connect_proxy", "the part of connect that the proxy took (--proxy)")),
        (Self::ConnectTls, define("connect_tls", "the part of connect that the TLS handshake took")),
        (Self::ConnectUpgrade, define("connect_upgrade", "the part of connect that the opening handshake took")),
        (Self::Join, define("join", "from when a connection was open until its client had joined")),
        (Self::First, define("first", "from due to the first event of a reply, or to the first receiver in a room")),
        (Self::Last, define("last", "from due to the last event of a reply, or to the last receiver in a room")),
        (Self::Receiver, define("receiver", "mean response time of a receiver in a room, one value a receiver")),
        (Self::Away, define("away", "from when a connection ended until its client was open again")),
        (Self::FirstReply, define("first_reply", "from when a client was open until its first reply in that session")),
        (Self::Ping, define("ping", "from when a ping was written until its pong came (--ping)")),
        (Self::Replayed, define("replayed", "from due until a message was replayed to a receiver that had been away")),
    ];
}

pub(super) const STATISTICS: [(Statistic, Definition); 4] = [
    (Statistic::Min, define("min", "smallest value")),
    (Statistic::Mean, define("mean", "arithmetic mean")),
    (Statistic::Stdev, define("stdev", "standard deviation of all values")),
    (Statistic::Max, define("max", "largest value")),
];

const PERCENTILE: Definition =
    define("pNN", "percentile by nearest rank, 0 < NN < 100, up to six decimals: p50, p99.99");

pub(super) const RATES: [(Quantity, Definition); 3] = [
    (Quantity::Throughput, define("throughput", "messages matched per second of the measured phase")),
    (Quantity::SentRate, define("sent_rate", "messages sent per second of the measured phase")),
    (
        Quantity::Efficiency,
        define("efficiency", "messages matched per second of processor time that the generator worked"),
    ),
];

pub(super) const RATIOS: [(Quantity, Definition); 3] = [
    (
        Quantity::CompressionRatio(CompressedWay::Both),
        define("compression.ratio", "payload bytes for each byte of frames, both ways, where messages are compressed"),
    ),
    (
        Quantity::CompressionRatio(CompressedWay::Sent),
        define("compression.sent_ratio", "payload bytes for each byte of frames, of messages that were sent"),
    ),
    (
        Quantity::CompressionRatio(CompressedWay::Received),
        define("compression.received_ratio", "payload bytes for each byte of frames, of messages that came"),
    ),
];

pub(super) const COUNTS: [Definition; 57] = [
    define("scheduled", "messages that were due"),
    define("sent", "messages handed to the transport"),
    define("dropped", "messages that were due and never sent"),
    define("matched", "sent messages that came back whole"),
    define("lost", "sent messages that had not come back when the drain ended"),
    define("damaged", "sent messages that came back, but not whole"),
    define("misrouted", "sent messages that came back on another connection"),
    define("undetermined", "sent messages that were in flight when their connection died"),
    define("undetermined_by_plan", "sent messages that were in flight when the plan ended their connection"),
    define("events", "message events received"),
    define("duplicated", "events that repeat a message that had come already"),
    define("reordered", "matched messages out of order: matched less the longest increasing run"),
    define("coalesced", "events that hold more than one message"),
    define("split", "messages that came in several events"),
    define("split_pieces", "events that hold a piece of a split message"),
    define("truncated", "events that hold the beginning of a message whose rest never came"),
    define("corrupted", "events that hold a message with wrong bytes"),
    define("wrong_type", "events that hold a whole message as text instead of binary, or vice versa"),
    define("misrouted_events", "events that hold a whole message of another connection"),
    define("unexpected", "events that hold nothing that was sent in this run"),
    define("gaps", "numbers that were skipped in what the server pushed"),
    define("deliveries.messages", "messages that came whole to each receiver that must hear them"),
    define("deliveries.expected", "deliveries that sent messages must have; a delivery is one message at one receiver"),
    define("deliveries.matched", "deliveries that came whole"),
    define("deliveries.replayed", "of those, deliveries that were due while their receiver was away"),
    define("deliveries.lost", "deliveries that had not come when the drain ended"),
    define("deliveries.lost_away", "of those, deliveries that were due while their receiver was away"),
    define("deliveries.damaged", "deliveries that came, but not whole"),
    define("deliveries.undetermined", "deliveries whose receiver's connection died before they came"),
    define("deliveries.undetermined_by_plan", "deliveries whose receiver's connection the plan ended before they came"),
    define("partial", "events of a reply before its last (--until)"),
    define("ignored", "events that the plan sets aside (--ignore)"),
    define("answered", "events that the client answered (--answer)"),
    define("joined", "events that ended a step of joining (--on-open)"),
    define("pushed", "events that the server pushed, with the next number (--expect sequence)"),
    define("history", "copies of messages that were due before their receiver joined"),
    define("own_copies", "copies of a client's own messages, where they are allowed (--own allow)"),
    define("late", "messages in flight when their connection ended that came in the client's next session"),
    define("failed", "clients that never opened a connection"),
    define("died", "connections that the target ended although the plan wanted them open"),
    define("tls.full", "connections with a full TLS handshake"),
    define("tls.resumed", "connections that resumed a TLS session (--tls-resume)"),
    define("compression.agreed", "connections whose server agreed to compress (--compress)"),
    define("compression.declined", "connections whose server declined to compress"),
    define("redirects", "redirects that attempts to open followed (--max-redirects)"),
    define("sessions.closed_by_plan", "sessions that the plan closed with a handshake before the end of the load"),
    define("sessions.cut_by_plan", "sessions that the plan cut without one (--drop, --storm)"),
    define("sessions.left", "sessions that the server ended in order, when nothing was left to do"),
    define("sessions.open_at_end", "sessions that were open when the run ended"),
    define("sessions.attempts", "attempts to open a connection"),
    define("sessions.failed_attempts", "attempts that failed"),
    define("sessions.given_up", "attempts that were given up when the load ended"),
    define("sessions.returned", "deaths whose client was open again before the drain"),
    define(
        "sessions.away_at_end",
        "clients whose connection died or failed to open, and that were not back at the end",
    ),
    define("sessions.waiting_at_end", "clients that were away at the end, as the plan wanted"),
    define("pings.sent", "pings that clients sent (--ping)"),
    define("pings.answered", "pings that were answered by a pong"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::{CountName, Metric},
        model::{Anomalies, Connections, Counts, Deliveries, OtherEvents, SessionsMeasurement},
    };

    #[test]
    fn every_name_of_the_glossary_is_a_metric() {
        let [series, statistics, rates, ratios, counts] = glossary();
        let latencies = series.definitions.iter().flat_map(|series| {
            statistics.definitions.iter().map(move |statistic| format!("{}.{}", series.name, statistic.name))
        });
        let latencies = latencies.map(|name| (name.replace("NN", "99.9"), Unit::Nanoseconds));
        let others = [&rates, &ratios, &counts]
            .into_iter()
            .flat_map(|part| part.definitions.iter().map(|definition| (definition.name.to_owned(), part.unit)));
        for (name, unit) in latencies.chain(others) {
            let metric: Metric = name.parse().unwrap();
            assert_eq!((metric.name(), metric.unit()), (name, unit));
        }
    }

    #[test]
    fn every_count_of_a_result_is_defined() {
        let results = Counts::default().by_name().into_iter().chain(Anomalies::default().by_name());
        let mut names: Vec<String> = results.map(|(name, _)| name.to_owned()).collect();
        names.extend(Deliveries::default().by_name().map(|(name, _)| format!("deliveries.{name}")));
        names.extend(OtherEvents::default().by_name().map(|(name, _)| name.to_owned()));
        let of_connections = Connections::default();
        names.extend(CountName::of_connections(&of_connections).map(|(name, _)| name.to_owned()));
        // What attempts came after is in the result alone.
        names.extend(SessionsMeasurement::default().by_name()[..10].iter().map(|(name, _)| format!("sessions.{name}")));
        names.extend(["pings.sent", "pings.answered"].map(str::to_owned));
        assert_eq!(COUNTS.map(|definition| definition.name).to_vec(), names);
    }
}
