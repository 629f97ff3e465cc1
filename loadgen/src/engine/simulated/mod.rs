//! An engine without sockets: scripted peers on a simulated clock. For tests of what waits.
//!
//! Nothing happens by itself. Time passes while the engine waits and works, and it moves the
//! [`SimulatedClock`]. Equal scripts give equal runs.

mod connection;
mod peer;
mod script;

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use frames::Payloads;

use self::connection::{ConnectionState, PeerEvent, SimulatedConnection};
pub(crate) use self::script::{EndScript, Fault, OpeningScript, PeerScript, RoomScript, Script};
use super::{Engine, EventSink, ReadBatch};
use crate::{
    clock::{Clock as _, SimulatedClock, Time},
    ledger::MessageEvent,
    message::MessageKind,
    schedule::pacer::Wait,
    transport::{Answer, ConnectError, ConnectionLimits, Destination, Opened, Phases, Route},
};

/// Nanoseconds that a look at the sockets takes, and from an event to the thread that waits for it.
const LOOK: u64 = 1_000;
const WAKING: u64 = 1_500;

/// A route to simulated peers.
pub(crate) fn route(timeout: Duration) -> Route {
    let limits = ConnectionLimits { max_message: 1 << 20, read_buffer: 4096, memory: usize::MAX, read_at_most: None };
    Route::to(Destination::plain(Vec::new(), String::new(), String::new()), timeout, limits)
}

/// Scripted peers on a simulated clock.
pub(crate) struct Simulated {
    clock: SimulatedClock,
    script: Script,
    connections: Vec<SimulatedConnection>,
    /// What will reach a connection: when, in which order, which slot, which of its connections.
    coming: BTreeMap<(Time, u64), (usize, u32, PeerEvent)>,
    /// How many events there were so far.
    events: u64,
    ready: VecDeque<usize>,
    /// The sockets were looked at since the last turn.
    polled: bool,
    last_look: Time,
    unread_since: Time,
}

impl Simulated {
    /// An engine for `connections` connections.
    pub(crate) fn new(connections: usize, clock: SimulatedClock, mut script: Script) -> Self {
        script.stops.sort_unstable();
        script.stops.reverse();
        script.work = script.work.max(100);
        if script.peers.is_empty() {
            script.peers.push(PeerScript::default());
        }
        Self {
            clock,
            script,
            connections: std::iter::repeat_with(SimulatedConnection::default).take(connections).collect(),
            coming: BTreeMap::new(),
            events: 0,
            ready: VecDeque::new(),
            polled: false,
            last_look: Time::default(),
            unread_since: Time::default(),
        }
    }

    fn peer(&self, slot: usize) -> &PeerScript {
        &self.script.peers[slot.min(self.script.peers.len() - 1)]
    }

    /// Lets an event reach the connection that `slot` has now.
    fn schedule(&mut self, at: Time, slot: usize, event: PeerEvent) {
        self.events += 1;
        let of = self.connections[slot].number;
        self.coming.insert((at, self.events), (slot, of, event));
    }

    /// Looks at the sockets.
    fn look(&mut self) {
        while let Some(&(_, stopped)) = self.script.stops.last().filter(|(at, _)| *at <= self.clock.now()) {
            self.script.stops.pop();
            self.clock.pass(stopped);
        }
        let now = self.clock.now();
        self.unread_since = std::mem::replace(&mut self.last_look, now);
        while let Some(first) = self.coming.first_entry().filter(|first| first.key().0 <= now) {
            let (slot, of, event) = first.remove();
            let connection = &mut self.connections[slot];
            if of == connection.number {
                if matches!(&event, PeerEvent::End(cause) if cause.kind == "reset") && !connection.reading {
                    // What was not read is lost.
                    connection.arrived.clear();
                }
                connection.arrived.push_back(event);
                self.list(slot);
            }
        }
    }

    fn list(&mut self, slot: usize) {
        let connection = &self.connections[slot];
        if connection.reading && !connection.arrived.is_empty() && !self.ready.contains(&slot) {
            self.ready.push_back(slot);
        }
    }

    /// Hands what was queued to the peer, or keeps it while the peer does not read.
    fn write(&mut self, slot: usize) -> bool {
        let now = self.clock.now();
        let (reads_again, buffer) = (self.peer(slot).reads_again(now), self.peer(slot).buffer);
        let connection = &mut self.connections[slot];
        let before = connection.unsent.len();
        connection.unsent.append(&mut connection.queued);
        let Some(reads_again) = reads_again else {
            connection.buffered = 0;
            let all = std::mem::take(&mut connection.unsent);
            let any = !all.is_empty();
            for (kind, bytes) in all {
                self.reply(slot, now, kind, bytes);
            }
            return any;
        };
        let mut taken = VecDeque::new();
        while let Some((_, bytes)) = connection.unsent.front()
            && connection.buffered + bytes.len() as u64 <= buffer
        {
            connection.buffered += bytes.len() as u64;
            taken.extend(connection.unsent.pop_front());
        }
        if !connection.unsent.is_empty() && before == 0 {
            self.schedule(reads_again, slot, PeerEvent::Writable);
        }
        let any = !taken.is_empty();
        for (kind, bytes) in taken {
            self.reply(slot, reads_again, kind, bytes);
        }
        any
    }

    /// Tells the sink of what is no message.
    fn pass_on(&mut self, slot: usize, event: PeerEvent, at: Time, sink: &mut impl EventSink) {
        match event {
            PeerEvent::Message(..) | PeerEvent::Part(_) => {}
            PeerEvent::Pong(payload) => sink.pong(at, &payload),
            PeerEvent::Opened => {
                self.connections[slot].state = ConnectionState::Open;
                let address = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port).into();
                let took = self.connections[slot].opening;
                let phases = Phases { tcp: took / 2, upgrade: took - took / 2, ..Phases::default() };
                let opened = Opened {
                    local: address(1),
                    peer: address(2),
                    phases,
                    tls: None,
                    redirects: 0,
                    answer: Answer::default(),
                };
                sink.opened(at, opened);
                for (kind, bytes) in std::mem::take(&mut self.connections[slot].kept) {
                    self.schedule(at, slot, PeerEvent::Message(kind, bytes));
                }
            }
            PeerEvent::Failed(kind) => {
                self.connections[slot].go();
                sink.failed(at, ConnectError { kind: kind.to_owned(), detail: format!("it was to be {kind}") });
            }
            PeerEvent::Writable => {
                self.write(slot);
            }
            PeerEvent::End(cause) => {
                self.connections[slot].go();
                sink.ended(cause);
            }
        }
    }
}

impl Engine for Simulated {
    fn open(&mut self, slot: usize, route: &Rc<Route>, _: u32, _: Option<IpAddr>) {
        let attempt = self.connections[slot].attempts;
        let connection = &mut self.connections[slot];
        assert_eq!(connection.state, ConnectionState::Idle, "slot {slot} is not idle");
        (connection.state, connection.attempts) = (ConnectionState::Opening, attempt + 1);
        let openings = &self.peer(slot).openings;
        let timeout = u64::try_from(route.timeout.as_nanos()).unwrap_or(u64::MAX);
        let (after, event) = match openings[attempt.min(openings.len() - 1)] {
            OpeningScript::Opens(after) => (after, PeerEvent::Opened),
            OpeningScript::Fails(after, kind) => (after, PeerEvent::Failed(kind)),
            OpeningScript::TimesOut => (u64::MAX, PeerEvent::Opened),
        };
        let event = if after < timeout { event } else { PeerEvent::Failed("timeout") };
        let at = self.clock.now().plus(after.min(timeout));
        self.connections[slot].opening = after;
        self.connections[slot].read_at_most = route.limits.read_at_most;
        let is_opened = matches!(event, PeerEvent::Opened);
        self.schedule(at, slot, event);
        let ends = self.peer(slot).ends.clone();
        for (when, end) in ends.into_iter().filter(|(when, _)| *when > at) {
            self.schedule(when, slot, PeerEvent::End(end.into()));
        }
        let PeerScript { greetings, pushes, .. } = self.peer(slot);
        let greetings = greetings.iter().map(|(after, text)| (at.plus(*after), *text));
        let said: Vec<_> = greetings.chain(pushes.iter().copied().filter(|(when, _)| *when > at)).collect();
        for (when, text) in said.into_iter().filter(|_| is_opened) {
            self.schedule(when, slot, PeerEvent::text(text));
        }
        self.clock.work(self.script.work);
    }

    fn wait(&mut self, wait: Wait) {
        if !self.ready.is_empty() {
            return;
        }
        if let Wait::Until(until) = wait {
            let now = self.clock.now();
            let first = self.coming.first_key_value().map_or(until, |((at, _), _)| *at);
            self.clock.pass(first.min(until).since(now) + WAKING);
        }
        self.clock.work(LOOK);
        self.look();
        self.polled = true;
    }

    fn begin_turn(&mut self) {
        if !std::mem::take(&mut self.polled) && self.ready.is_empty() {
            self.clock.work(LOOK);
            self.look();
        }
    }

    fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    fn unread_since(&self) -> Time {
        self.unread_since
    }

    fn receive(&mut self, slot: usize, sink: &mut impl EventSink) {
        let connection = &mut self.connections[slot];
        if !connection.reading {
            return;
        }
        let arrived = connection.read();
        self.clock.work(self.script.work);
        let at = self.clock.now();
        let mut read = ReadBatch::default();
        for event in &arrived {
            read.bytes += event.bytes();
            match event {
                PeerEvent::Message(_, bytes) => read.message(bytes.len()),
                PeerEvent::Pong(_) => read.controls += 1,
                _ => {}
            }
        }
        // Messages in a row are handed over together. After an end nothing comes.
        let number = connection.number;
        let mut arrived = arrived.into_iter().peekable();
        while let Some(first) = arrived.next_if(|_| self.connections[slot].number == number) {
            if !matches!(first, PeerEvent::Message(..)) {
                self.pass_on(slot, first, at, sink);
                continue;
            }
            let mut together = vec![first];
            together.extend(std::iter::from_fn(|| arrived.next_if(|event| matches!(event, PeerEvent::Message(..)))));
            let mut events = together.iter().filter_map(|event| match event {
                PeerEvent::Message(kind, bytes) => Some(MessageEvent { kind: *kind, bytes }),
                _ => None,
            });
            while let Some(event) = sink.in_order(at, &mut events) {
                sink.message(at, event);
            }
        }
        if read.bytes > 0 {
            read.calls = 1;
            sink.read(at, read);
        }
        self.list(slot);
    }

    fn queue(
        &mut self,
        slot: usize,
        messages: impl ExactSizeIterator<Item = (MessageKind, usize)> + Clone,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        let connection = &mut self.connections[slot];
        if connection.state != ConnectionState::Open {
            return;
        }
        let (kinds, lengths): (Vec<_>, Vec<_>) = messages.unzip();
        let mut bytes = vec![0; lengths.iter().sum()];
        fill(Payloads::bare(&mut bytes, &lengths));
        for (kind, length) in kinds.into_iter().zip(lengths) {
            let rest = bytes.split_off(length);
            connection.queued.push_back((kind, std::mem::replace(&mut bytes, rest)));
        }
    }

    fn flush(&mut self, slot: usize) -> u64 {
        self.clock.work(self.script.work);
        self.write(slot).into()
    }

    fn ping(&mut self, slot: usize, payload: &[u8]) -> bool {
        if self.connections[slot].state != ConnectionState::Open {
            return false;
        }
        self.clock.work(self.script.work);
        let now = self.clock.now();
        // What the peer does not read, it answers later.
        let at = self.peer(slot).reads_again(now).unwrap_or(now);
        if let Some(after) = self.peer(slot).pong.filter(|_| at < self.peer(slot).silent_from) {
            self.schedule(at.plus(after), slot, PeerEvent::Pong(payload.to_vec()));
        }
        true
    }

    fn unsent(&self, slot: usize) -> u64 {
        let connection = &self.connections[slot];
        connection.queued.iter().chain(&connection.unsent).map(|(_, bytes)| bytes.len() as u64).sum()
    }

    fn close(&mut self, slot: usize) {
        let connection = &mut self.connections[slot];
        assert_eq!(connection.state, ConnectionState::Open, "slot {slot} is not open");
        (connection.state, connection.reading) = (ConnectionState::Closing, true);
        self.list(slot);
        if let Some(after) = self.peer(slot).close {
            self.schedule(self.clock.now().plus(after), slot, PeerEvent::End(EndScript::Close(1000).into()));
        }
    }

    fn abort(&mut self, slot: usize) {
        self.connections[slot].go();
    }

    fn set_reading(&mut self, slot: usize, reading: bool) {
        self.connections[slot].reading = reading;
        self.list(slot);
    }
}

mod tests;
