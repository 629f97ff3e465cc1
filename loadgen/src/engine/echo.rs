//! Runs an engine as an echo client, as conformance tests of clients need it. Not for users of this
//! crate.

use std::{cell::Cell, io, sync::Arc, time::Duration};

use tokio::runtime::{Builder, LocalOptions};
use url::Url;

use super::{BuildEngine, ConnectionEnd, Engine, EventSink, Lean, ReadBatch, Tungstenite};
use crate::{
    clock::{Clock as _, RealClock, Time},
    ledger::MessageEvent,
    message::MessageKind,
    plan,
    schedule::pacer::Wait,
    secrets::Secrets,
    transport::{
        ConnectionLimits, Dialer, Route,
        route::{authority, look_up, resource},
    },
};

/// Largest accepted message, in bytes.
const MAX_MESSAGE: usize = 64 << 20;

/// Longest silence, and the time between two checks of it, in nanoseconds.
const PATIENCE: u64 = 60_000_000_000;
const TICK: u64 = 50_000_000;

/// Connects to a `ws` URL and sends every message back until the connection ends. Returns the kind
/// of its end, such as `closed_1000`.
///
/// # Errors
/// The connection does not open, or is silent for a minute.
pub fn echo(engine: plan::EngineKind, url: &Url) -> io::Result<String> {
    let route = Route {
        addresses: look_up(url)?,
        lookup: None,
        answering: Cell::default(),
        authority: authority(url),
        resource: resource(url),
        tls: None,
        headers: Vec::new(),
        offered: Arc::default(),
        secrets: Secrets::default(),
        timeout: Duration::from_nanos(PATIENCE),
        limits: ConnectionLimits { max_message: MAX_MESSAGE, read_buffer: 4096, memory: usize::MAX },
    };
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(tokio::task::unconstrained(async {
        match engine {
            plan::EngineKind::Lean => serve(Lean::new, route).await,
            plan::EngineKind::Tungstenite => serve(Tungstenite::new, route).await,
        }
    }))
}

async fn serve(build: impl BuildEngine, route: Route) -> io::Result<String> {
    let clock = RealClock::start();
    let dialed = Dialer::new(route, clock).dial(None).await.map_err(io::Error::other)?;
    let mut engine = build(1, clock)?;
    engine.adopt(0, dialed.opened);
    engine.own_thread();
    let (mut received, mut last_heard) = (Received::default(), clock.now());
    loop {
        engine.begin_turn();
        while let Some(slot) = engine.next_ready() {
            engine.receive(slot, &mut received);
            for (kind, bytes) in received.messages.drain(..) {
                engine.queue(slot, [(kind, bytes.len())].into_iter(), |payloads| {
                    payloads.for_each(|space| space.copy_from_slice(&bytes));
                });
            }
            engine.flush(slot);
            last_heard = clock.now();
        }
        if let Some(kind) = received.ended.take_if(|_| engine.unsent(0) == 0) {
            return Ok(kind);
        }
        if clock.now().since(last_heard) > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        engine.wait_async(Wait::Until(clock.now().plus(TICK))).await;
    }
}

/// Keeps the messages of a turn.
#[derive(Default)]
struct Received {
    messages: Vec<(MessageKind, Vec<u8>)>,
    ended: Option<String>,
}

impl EventSink for Received {
    fn message(&mut self, _: Time, event: MessageEvent<'_>) {
        self.messages.push((event.kind, event.bytes.to_vec()));
    }

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, cause: ConnectionEnd) {
        self.ended = Some(cause.kind);
    }
}
