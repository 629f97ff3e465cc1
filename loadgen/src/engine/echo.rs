//! Runs an engine as an echo client, as conformance tests of clients need it. Not for users of this
//! crate.

use std::{io, rc::Rc, time::Duration};

use frames::deflate::DeflateSettings;
use url::Url;

use super::{BuildEngine, ConnectionEnd, Engine, EventSink, Lean, ReadBatch, Tungstenite};
use crate::{
    clock::{Clock as _, RealClock, Time},
    ledger::MessageEvent,
    message::MessageKind,
    plan::{self, NetworkPath},
    schedule::pacer::Wait,
    transport::{
        ConnectError, ConnectionLimits, Destination, Route,
        lookup::{host_of, look_up},
        url_parts::{authority, resource},
    },
};

/// Largest accepted message, in bytes.
const MAX_MESSAGE: usize = 64 << 20;

/// Longest silence, and the time between two checks of it, in nanoseconds.
const PATIENCE: u64 = 60_000_000_000;
const TICK: u64 = 50_000_000;

/// Connects to a `ws` URL and sends every message back until the connection ends. Offers
/// `compression`, which the tungstenite engine does not have. Returns the kind of its end, such as
/// `closed_1000`.
///
/// # Errors
/// The connection does not open, or is silent for a minute.
pub fn echo(engine: plan::EngineKind, compression: Option<DeflateSettings>, url: &Url) -> io::Result<String> {
    let limits =
        ConnectionLimits { max_message: MAX_MESSAGE, read_buffer: 4096, memory: usize::MAX, read_at_most: None };
    let destination =
        Destination::plain(look_up(&host_of(url)?, &NetworkPath::default())?.addresses, authority(url), resource(url));
    let mut route = Route::to(destination, Duration::from_nanos(PATIENCE), limits);
    route.compression = compression.map(DeflateSettings::offer);
    match engine {
        plan::EngineKind::Lean => serve(Lean::new, route),
        plan::EngineKind::Tungstenite => serve(Tungstenite::new, route),
    }
}

fn serve(build: impl BuildEngine, route: Route) -> io::Result<String> {
    let clock = RealClock::start();
    let mut engine = build(1, clock)?;
    engine.open(0, &Rc::new(route), 0, None);
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
        if let Some(error) = received.failed.take() {
            return Err(io::Error::other(error));
        }
        if let Some(kind) = received.ended.take_if(|_| engine.unsent(0) == 0) {
            return Ok(kind);
        }
        if clock.now().since(last_heard) > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        engine.wait(Wait::Until(clock.now().plus(TICK)));
    }
}

/// Keeps the messages of a turn.
#[derive(Default)]
struct Received {
    messages: Vec<(MessageKind, Vec<u8>)>,
    failed: Option<ConnectError>,
    ended: Option<String>,
}

impl EventSink for Received {
    fn failed(&mut self, _: Time, error: ConnectError) {
        self.failed = Some(error);
    }

    fn message(&mut self, _: Time, event: MessageEvent<'_>) {
        self.messages.push((event.kind, event.bytes.to_vec()));
    }

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, cause: ConnectionEnd) {
        self.ended = Some(cause.kind);
    }
}
