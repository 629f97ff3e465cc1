//! A small plan, for tests to change what they are about.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::{
    message::Mix,
    plan::{Connect, EngineKind, Expect, Load, Plan, Rate, Target, Until},
};
use url::Url;

use super::PATIENCE;

pub(crate) fn n32(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("not 0")
}

pub(crate) fn rate(per_second: f64) -> Rate {
    Rate::new(per_second).expect("a rate")
}

/// The open model.
pub(crate) fn open(per_second: f64, burst: u32) -> Load {
    Load::Open { rate: rate(per_second), burst: n32(burst), max_in_flight: n32(10_000) }
}

/// The closed model.
pub(crate) fn closed(window: u32) -> Load {
    Load::Closed { window: n32(window) }
}

/// One client sends six bursts of four to `url`, 20 ms apart, and waits long for the replies.
pub(crate) fn plan(engine: EngineKind, url: &str) -> Plan {
    Plan {
        target: Target::Url(Url::parse(url).expect("a URL")),
        clients: n32(1),
        load: open(200.0, 4),
        warmup: Duration::ZERO,
        until: Until::Messages(NonZeroU64::new(24).expect("not 0")),
        drain: PATIENCE,
        size: 64,
        mix: Mix::Mixed,
        expect: Expect::Echo,
        connect: Connect {
            rate: rate(1000.0),
            timeout: PATIENCE,
            headers: Vec::new(),
            sources: Vec::new(),
            insecure: false,
        },
        engine,
        threads: NonZeroUsize::MIN,
        seed: 7,
    }
}
