//! A result in memory: what a run measured, and nothing derived from it.
//!
//! Rates, quantiles and the verdict are computed from a [`Report`]: see [`crate::metric`] and
//! [`crate::judge()`]. [`crate::store`] knows the file format. Plain groups of counters look alike
//! here and in the file, so they derive serde.

mod connect_plan;
mod connections;
mod cut_rooms;
mod evidence;
mod latency;
mod load;
mod messages;
mod order;
mod packed_histogram;
mod plan;
mod rooms;
#[cfg(test)]
pub(crate) mod sample;
mod saturate;
mod session_plan;
mod sessions;
mod shards;
mod sums;
mod tally;
mod traffic;
mod unresolved;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    connect_plan::{AuthorizationRecord, CompressionRecord, ConnectRecord, ProxyRecord, TlsRecord},
    connections::{CompressionCounts, Connections, TlsCounts},
    cut_rooms::{CutRooms, FateRecord, HeardRecord, NumberRange, OpenDeliveries, SenderDeviation, SenderEndRecord},
    evidence::{Evidence, EvidenceKind, ReadContext},
    latency::Latency,
    load::{LoadRecord, SpacingRecord, StageRecord},
    messages::{DialogueRecord, MessagesRecord, PayloadKind},
    order::Order,
    packed_histogram::{BucketCounts, PackError, PackedHistogram},
    plan::{
        EngineKind, EngineKindError, Expect, ExpectError, GroupRecord, IdPlace, JsonPointer, PlanRecord, RunRecord,
    },
    rooms::{OwnCopy, RoomRecord, RoomsMeasurement, RoomsRecord},
    session_plan::{JitterRecord, ReconnectRecord, SessionsRecord, StormRecord, WireShapeRecord, WriteShapeRecord},
    sessions::{AttemptsAfter, EndRecord, Lifetimes, Pings, SessionsMeasurement},
    shards::{ClockRecord, ShardClients, ShardRecord, StartRecord},
    tally::{Anomalies, Counts, Deliveries, Dropped, OtherEvents, Tally},
    traffic::{Calls, CompressedTraffic, Interval, IntervalConnections, Traffic, Wire},
    unresolved::{MisroutedRecord, MissingFate, MissingRecord, Unresolved},
};

/// Everything that one run measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was tested.
    pub target: TargetRecord,
    /// What was asked for.
    pub plan: PlanRecord,
    /// Where it ran.
    pub environment: Environment,
    /// Start of the warm-up, RFC 3339 in UTC.
    pub started_at: String,
    /// Length of the measured phase in seconds; shorter than planned when the run was interrupted.
    pub measured_s: f64,
    /// A signal stopped the run before its time.
    pub interrupted: bool,
    /// The threshold that stopped the run before its time, if one did.
    pub stopped_on_miss: Option<StoppedOnMiss>,
    /// Other processes have clients of this run too, whose results are not in this one. So it does
    /// not know the fate of everything.
    pub partial: bool,
    /// When the load began, if an instant was asked for or the process is a shard.
    pub start: Option<StartRecord>,
    /// Health of the generator.
    pub generator: GeneratorHealth,
    /// The shards that this result is of, in the order of their numbers. Empty if one process had
    /// all clients.
    pub shards: Vec<ShardRecord>,
    /// Messages whose fate another part of the run may know.
    pub unresolved: Unresolved,
    /// All groups together.
    pub total: Measurement,
    /// Each group by itself, in the order of the plan. Empty if the run has one group, which is
    /// then the total.
    pub groups: Vec<GroupMeasurement>,
}

impl Report {
    /// What was measured of the group with this name. The total, if it is the only group.
    pub fn group(&self, name: &str) -> Option<&Measurement> {
        self.by_group().find(|(group, _)| group.name == name).map(|(_, measurement)| measurement)
    }

    /// Each group of the plan with what was measured of it. The only group has the total.
    pub fn by_group(&self) -> impl Iterator<Item = (&GroupRecord, &Measurement)> {
        let only = (self.plan.groups.len() == 1 && self.groups.is_empty()).then_some(&self.total);
        let measurements = self.groups.iter().map(|group| &group.measurement).chain(only);
        self.plan.groups.iter().zip(measurements)
    }
}

/// A threshold that was missed for so long that it stopped the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoppedOnMiss {
    /// The threshold, as given.
    pub threshold: String,
    /// When the run was stopped, counted from the start of the measured phase.
    #[schemars(range(min = 0.0))]
    pub at_s: f64,
}

/// A group of clients by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMeasurement {
    /// Name of the group.
    pub name: String,
    /// What was measured of it.
    pub measurement: Measurement,
}

/// What was measured of a group of clients, or of all groups together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// What became of the connections.
    pub connections: Connections,
    /// What became of the sessions, and attempts to open one.
    pub sessions: SessionsMeasurement,
    /// How connections ended, in the order of the kinds, and how long they were open.
    pub ends: Vec<EndRecord>,
    /// Pings of the clients.
    pub pings: Pings,
    /// Messages that were due in the measured phase.
    pub measured: Tally,
    /// Messages of the warm-up. They are in no histogram, but their delivery was checked.
    pub warmup: Tally,
    /// What became of the deliveries, room by room. Empty without rooms.
    pub rooms: RoomsMeasurement,
    /// The first anomalies of each kind.
    pub evidence: Vec<Evidence>,
    /// Traffic inside the measured window.
    pub traffic: Traffic,
    /// Latency of the messages of the measured phase, and of connecting.
    pub latency: Latency,
    /// How many messages shared one read or one write.
    pub wire: Wire,
    /// One entry per second of the measured phase, and of the drain while replies still came.
    pub intervals: Vec<Interval>,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetRecord {
    /// Without user-info, query or fragment: those may hold secrets.
    pub url: String,
    /// More URLs, in the same form. Clients take all of them in turn. Empty if there is one.
    pub more_urls: Vec<String>,
    /// Whether the generator started this server itself.
    pub embedded: bool,
}

/// Where a run took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Model name of the processor, or `unknown`.
    pub cpu: String,
    /// Processors that the process may use.
    pub cores: u32,
    /// Operating system and release of its kernel.
    pub kernel: String,
    /// Version of the generator.
    pub version: String,
    /// Seed of the payloads; the same seed sends the same bytes.
    pub seed: u64,
    /// Run id that each payload carries.
    pub run_id: u32,
}

/// Health of the generator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorHealth {
    /// Processor time of the worker threads in the measured phase, in seconds. It includes
    /// spinning.
    #[schemars(range(min = 0.0))]
    pub cpu_s: f64,
    /// The part of `cpu_s` spent spinning for the next due time.
    #[schemars(range(min = 0.0))]
    pub spin_s: f64,
    /// Largest share of the measured phase that a worker was busy, from 0 to 1. Spinning is not
    /// busy.
    #[schemars(range(min = 0.0))]
    pub busiest_worker: f64,
    /// Peak resident memory of the process, in bytes.
    pub peak_rss_bytes: u64,
    /// Worker threads.
    pub threads: u32,
    /// How often a worker stood still in the measured phase: for 10 ms or more that neither its
    /// work nor its waits explain.
    pub stops: u64,
    /// Total standstill of the worker that stood still the longest, in seconds.
    #[schemars(range(min = 0.0))]
    pub stopped_s: f64,
    /// The longest single standstill, in seconds.
    #[schemars(range(min = 0.0))]
    pub longest_stop_s: f64,
    /// Share of the machine's processor time that a hypervisor gave to others, from the first send
    /// until the connections closed, from 0 to 1. Null where the system does not tell.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub stolen: Option<f64>,
}
