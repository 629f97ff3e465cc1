//! A small plan of one group, for tests to change what they are about.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::{
    message::Mix,
    plan::{
        Arrivals, Connect, Dialogue, EngineKind, Expect, Group, GroupName, Load, Messages, Plan, Rate, RunOptions,
        Sessions, Sizes, Target, Until,
    },
};

use super::PATIENCE;

/// A plan of one group, flat.
#[derive(Clone, Debug)]
pub(crate) struct TestPlan {
    pub(crate) target: Target,
    pub(crate) clients: NonZeroU32,
    pub(crate) load: Load,
    pub(crate) warmup: Duration,
    pub(crate) until: Until,
    pub(crate) drain: Duration,
    pub(crate) size: u32,
    pub(crate) mix: Mix,
    pub(crate) expect: Expect,
    pub(crate) dialogue: Dialogue,
    pub(crate) connect: Connect,
    pub(crate) connect_rate: Rate,
    pub(crate) sessions: Sessions,
    pub(crate) engine: EngineKind,
    pub(crate) threads: NonZeroUsize,
    pub(crate) seed: u64,
}

impl TestPlan {
    /// The plan as a run takes it.
    pub(crate) fn to_plan(&self) -> Plan {
        Plan::new(self.run(), vec![self.group("main")]).expect("it fits together")
    }

    /// What all groups share.
    pub(crate) fn run(&self) -> RunOptions {
        RunOptions {
            warmup: self.warmup,
            until: self.until,
            drain: self.drain,
            connect_rate: self.connect_rate,
            engine: self.engine,
            threads: Some(self.threads),
            server_threads: Some(NonZeroUsize::MIN),
            seed: Some(self.seed),
            ..RunOptions::default()
        }
    }

    /// Its clients, as a group of this name.
    pub(crate) fn group(&self, name: &str) -> Group {
        Group {
            name: name.parse::<GroupName>().expect("a name"),
            target: self.target.clone(),
            connect: self.connect.clone(),
            clients: self.clients,
            load: self.load.clone(),
            messages: Messages::Generated { sizes: Sizes::Fixed(self.size), mix: self.mix },
            expect: self.expect.clone(),
            dialogue: self.dialogue.clone(),
            sessions: self.sessions.clone(),
            ..Group::default()
        }
    }
}

pub(crate) fn n32(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("not 0")
}

pub(crate) fn rate(per_second: f64) -> Rate {
    Rate::new(per_second).expect("a rate")
}

/// The open model.
pub(crate) fn open(per_second: f64, burst: u32) -> Load {
    Load::Open { arrivals: Arrivals::even(rate(per_second)), burst: n32(burst), max_in_flight: n32(10_000) }
}

/// The closed model.
pub(crate) fn closed(window: u32) -> Load {
    Load::Closed { window: n32(window), think: Duration::ZERO }
}

/// One client sends six bursts of four to `url`, 20 ms apart, and waits long for the replies.
pub(crate) fn plan(engine: EngineKind, url: &str) -> TestPlan {
    TestPlan {
        target: Target::Url(url.parse().expect("a URL")),
        clients: n32(1),
        load: open(200.0, 4),
        warmup: Duration::ZERO,
        until: Until::Messages(NonZeroU64::new(24).expect("not 0")),
        drain: PATIENCE,
        size: 64,
        mix: Mix::Mixed,
        expect: Expect::Echo,
        dialogue: Dialogue::default(),
        connect: Connect { timeout: PATIENCE, ..Connect::default() },
        connect_rate: rate(1000.0),
        sessions: Sessions::default(),
        engine,
        threads: NonZeroUsize::MIN,
        seed: 7,
    }
}
