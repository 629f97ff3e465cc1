//! What all groups of a run share.

use std::{num::NonZeroUsize, time::Duration};

use reports::{Threshold, model::EngineKind};

use super::{
    load::Until,
    rate::Rate,
    shard::{Shard, Start},
};

/// What all groups of a run share.
#[derive(Clone, Debug, PartialEq)]
pub struct RunOptions {
    /// Length of the warm-up: the same load, not recorded. The default is 1 s.
    pub warmup: Duration,
    /// What ends the measured phase. The default is 10 s.
    pub until: Until,
    /// Longest wait for messages in flight after the last one was sent. The default is 5 s.
    pub drain: Duration,
    /// New connections a second, over all groups: clients open in the order of their numbers, so
    /// that the queue of a listener is not overrun. The default is 1000.
    pub connect_rate: Rate,
    /// What moves the messages. The default is [`EngineKind::Lean`].
    pub engine: EngineKind,
    /// Worker threads. By default the cores that a server on this machine leaves, or as many as the
    /// clients need ([`threads_for`](crate::threads_for)). A run has no more threads than clients.
    pub threads: Option<NonZeroUsize>,
    /// Threads of the embedded server. By default half of the cores. It gets more if the clients
    /// need more descriptors.
    pub server_threads: Option<NonZeroUsize>,
    /// Seed of the messages' bytes: the same seed sends the same bytes. By default it is random.
    pub seed: Option<u64>,
    /// The part of the run that this process has. By default it has all clients. With a shard, a
    /// seed is needed, since all shards must have the same.
    pub shard: Option<Shard>,
    /// When the load begins, at the earliest. By default it begins once all clients have connected.
    pub start: Option<Start>,
    /// What the result must satisfy. The run only records them.
    pub thresholds: Vec<Threshold>,
    /// Ends the run once a threshold has been missed for this long by all that came so far. By
    /// default it goes on.
    pub stop_on_miss: Option<Duration>,
    /// Delivery and connections are judged, and timing is not.
    pub only_delivery: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            warmup: Duration::from_secs(1),
            until: Until::default(),
            drain: Duration::from_secs(5),
            connect_rate: Rate::new(1000.0).expect("a rate"),
            engine: EngineKind::default(),
            threads: None,
            server_threads: None,
            seed: None,
            shard: None,
            start: None,
            thresholds: Vec::new(),
            stop_on_miss: None,
            only_delivery: false,
        }
    }
}
