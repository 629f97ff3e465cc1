//! How metrics are written, and the counts by their names.

use std::fmt;

use super::{
    Better, Metric, Percentile, Quantity, Series, Statistic,
    definitions::{COUNTS, RATES, RATIOS, STATISTICS},
};
use crate::model::{Connections, GroupRecord, Measurement};

/// The name of a count that a report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountName(&'static str);

/// Counts where more is better, or at least not worse. Every other count says that something went
/// wrong.
const WELCOME: [&str; 27] = [
    "scheduled",
    "sent",
    "matched",
    "events",
    "deliveries.messages",
    "deliveries.expected",
    "deliveries.matched",
    "deliveries.replayed",
    "partial",
    "ignored",
    "answered",
    "joined",
    "pushed",
    "history",
    "own_copies",
    "tls.full",
    "tls.resumed",
    "compression.agreed",
    "sessions.closed_by_plan",
    "sessions.cut_by_plan",
    "sessions.left",
    "sessions.open_at_end",
    "sessions.attempts",
    "sessions.returned",
    "sessions.waiting_at_end",
    "pings.sent",
    "pings.answered",
];

/// How the names of deliveries begin.
const DELIVERIES: &str = "deliveries.";
/// How those of sessions begin.
const SESSIONS: &str = "sessions.";
/// How those of pings begin.
const PINGS: &str = "pings.";

impl CountName {
    /// Every name.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        COUNTS.iter().map(|definition| Self(definition.name))
    }

    /// The count by its name, where a report has it.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::all().find(|known| known.0 == name)
    }

    /// The name as it stands in a result.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    pub(super) fn of(self, measurement: &Measurement) -> u64 {
        let connections = Self::of_connections(&measurement.connections);
        let tally = &measurement.measured;
        let find =
            |name: &str, named: &[(&str, u64)]| named.iter().find(|(known, _)| *known == name).map_or(0, |(_, n)| *n);
        if let Some(name) = self.0.strip_prefix(DELIVERIES) {
            return find(name, &tally.deliveries.by_name());
        }
        if let Some(name) = self.0.strip_prefix(SESSIONS) {
            return find(name, &measurement.sessions.by_name());
        }
        if let Some(name) = self.0.strip_prefix(PINGS) {
            return find(name, &[("sent", measurement.pings.sent), ("answered", measurement.pings.answered)]);
        }
        let of_events = tally.counts.by_name().into_iter().chain(tally.anomalies.by_name());
        find(self.0, &of_events.chain(tally.other_events.by_name()).chain(connections).collect::<Vec<_>>())
    }

    /// The counts of connections that have a name.
    pub(super) fn of_connections(connections: &Connections) -> [(&'static str, u64); 7] {
        let (tls, compression) = (connections.tls.as_ref(), connections.compression.as_ref());
        [
            ("failed", connections.failed),
            ("died", connections.died),
            ("tls.full", tls.map_or(0, |tls| tls.full)),
            ("tls.resumed", tls.map_or(0, |tls| tls.resumed)),
            ("compression.agreed", compression.map_or(0, |compression| compression.agreed)),
            ("compression.declined", compression.map_or(0, |compression| compression.declined)),
            ("redirects", connections.redirects),
        ]
    }

    /// Whether a group can have such a count at all. Deliveries are of rooms, gaps of what a server
    /// pushes, and some counts of clients that come and go or read slowly.
    pub(crate) fn is_of(self, group: &GroupRecord) -> bool {
        let connect = group.connect.as_ref();
        match self.0 {
            "compression.agreed" | "compression.declined" => {
                connect.is_some_and(|connect| connect.compression.is_some())
            }
            "redirects" => connect.is_some_and(|connect| connect.max_redirects > 0),
            "gaps" => group.has_pushes(),
            "undetermined_by_plan" => group.sessions.is_some() || group.read_bytes_per_s.is_some(),
            "late" => group.sessions.is_some(),
            "deliveries.undetermined_by_plan" | "deliveries.replayed" | "deliveries.lost_away" => {
                group.has_rooms() && (group.sessions.is_some() || group.read_bytes_per_s.is_some())
            }
            name if name.starts_with(SESSIONS) => group.sessions.is_some(),
            name if name.starts_with(PINGS) => group.ping_s.is_some(),
            name => group.has_rooms() || !name.starts_with(DELIVERIES),
        }
    }

    pub(super) fn better(self) -> Better {
        if WELCOME.contains(&self.0) { Better::Higher } else { Better::Lower }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(group) = self.group {
            write!(f, "{group}.")?;
        }
        write!(f, "{}", self.quantity)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(Series::Response, statistic) => write!(f, "{statistic}"),
            Self::Latency(series, statistic) => {
                let (_, definition) =
                    Series::ALL.iter().find(|(known, _)| known == series).expect("every series has a name");
                write!(f, "{}.{statistic}", definition.name)
            }
            Self::Throughput | Self::SentRate | Self::Efficiency => {
                let (_, definition) = RATES.iter().find(|(known, _)| known == self).expect("every rate has a name");
                f.write_str(definition.name)
            }
            Self::CompressionRatio(_) => {
                let (_, definition) = RATIOS.iter().find(|(known, _)| known == self).expect("every ratio has a name");
                f.write_str(definition.name)
            }
            Self::Count(name) => f.write_str(name.as_str()),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min | Self::Mean | Self::Stdev | Self::Max => {
                let (_, definition) =
                    STATISTICS.iter().find(|(known, _)| known == self).expect("every statistic has a name");
                f.write_str(definition.name)
            }
            Self::Percentile(percentile) => {
                let millionths = percentile.millionths();
                let whole = millionths / Percentile::ONE_PERCENT;
                let fraction = format!("{:06}", millionths % Percentile::ONE_PERCENT);
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                write!(f, "p{whole}{point}{fraction}")
            }
        }
    }
}
