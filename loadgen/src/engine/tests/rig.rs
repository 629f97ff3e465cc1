//! An engine, and the servers of its connections.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use ::tungstenite::{WebSocket, protocol};
use frames::handshake::RequestReader;
use socket2::{Domain, Socket, Type};

use super::super::*;
use crate::{
    clock::Clock as _,
    transport::{ConnectionLimits, Destination, tls::test_server},
};

/// Longest wait for anything, in nanoseconds.
pub(super) const PATIENCE: u64 = 60_000_000_000;

/// What the worker heard of a slot, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Opened,
    Failed(String),
    Message(Vec<u8>),
    Pong(Vec<u8>),
    Ended(String),
}

impl EventSink for Vec<Heard> {
    fn opened(&mut self, _: Time, _: Opened) {
        self.push(Heard::Opened);
    }

    fn failed(&mut self, _: Time, error: ConnectError) {
        self.push(Heard::Failed(error.kind));
    }

    fn message(&mut self, _: Time, event: MessageEvent<'_>) {
        self.push(Heard::Message(event.bytes.to_vec()));
    }

    fn pong(&mut self, _: Time, payload: &[u8]) {
        self.push(Heard::Pong(payload.to_vec()));
    }

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, cause: ConnectionEnd) {
        self.push(Heard::Ended(cause.kind));
    }
}

/// An engine, and what was heard of its slots.
pub(super) struct Slots<E> {
    pub(super) engine: E,
    pub(super) clock: RealClock,
    pub(super) route: Rc<Route>,
    pub(super) heard: Vec<Vec<Heard>>,
}

impl<E: Engine> Slots<E> {
    pub(super) fn new(build: impl BuildEngine<Engine = E>, slots: usize, peer: SocketAddr, timeout: Duration) -> Self {
        let clock = RealClock::start();
        let limits = ConnectionLimits { max_message: 1 << 24, read_buffer: 4096, memory: 1 << 30, read_at_most: None };
        let destination = Destination::plain(vec![peer], "x".to_owned(), "/".to_owned());
        let route = Route::to(destination, timeout, limits);
        let heard = vec![Vec::new(); slots];
        Self { engine: build(slots, clock).unwrap(), clock, route: Rc::new(route), heard }
    }

    /// Makes the slots open connections over TLS.
    pub(super) fn with_tls(mut self) -> Self {
        let mut route = (*self.route).clone();
        route.destinations[0].tls = Some(test_server::trusting_client());
        self.route = Rc::new(route);
        self
    }

    pub(super) fn open(&mut self, slot: usize) {
        self.engine.open(slot, &self.route, 0, None);
    }

    pub(super) fn turn(&mut self) {
        self.turn_until(self.clock.now().plus(5_000_000));
    }

    /// Takes a turn once something is ready, or at `time`.
    pub(super) fn turn_until(&mut self, time: Time) {
        self.engine.wait(Wait::Until(time));
        self.engine.begin_turn();
        while let Some(slot) = self.engine.next_ready() {
            self.engine.receive(slot, &mut self.heard[slot]);
        }
    }

    /// Takes turns until the slot heard `count` things.
    pub(super) fn hear(&mut self, slot: usize, count: usize) -> Vec<Heard> {
        let until = self.clock.now().plus(PATIENCE);
        while self.heard[slot].len() < count {
            assert!(self.clock.now() < until, "heard {:?}", self.heard[slot]);
            self.turn();
        }
        std::mem::take(&mut self.heard[slot])
    }

    /// Sends messages. Returns how many writes that took.
    pub(super) fn send(&mut self, slot: usize, messages: &[(MessageKind, Vec<u8>)]) -> u64 {
        let lengths = messages.iter().map(|(kind, bytes)| (*kind, bytes.len()));
        self.engine.queue(slot, lengths, |payloads| {
            payloads.zip(messages).for_each(|(space, (_, bytes))| space.copy_from_slice(bytes));
        });
        self.engine.flush(slot)
    }
}

/// A listener with a long queue.
pub(super) fn listener() -> (TcpListener, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(4096).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(super) type ServerSide = WebSocket<TcpStream>;

/// Accepts a connection and its opening handshake. Sends `early` bytes together with the answer.
pub(super) fn accept_with(listener: &TcpListener, early: &[u8]) -> ServerSide {
    accept_over(accept_tcp(listener), early)
}

/// Accepts a TCP connection.
pub(super) fn accept_tcp(listener: &TcpListener) -> TcpStream {
    let (tcp, _) = listener.accept().unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp.set_read_timeout(Some(Duration::from_nanos(PATIENCE))).unwrap();
    tcp
}

/// Accepts the opening handshake over a stream. Sends `early` bytes together with the answer.
pub(super) fn accept_over<S: Read + Write>(mut stream: S, early: &[u8]) -> WebSocket<S> {
    let (mut reader, mut buffer) = (RequestReader::default(), [0; 1024]);
    loop {
        let bytes = stream.read(&mut buffer).unwrap();
        if let Some(request) = reader.take(&buffer[..bytes]).unwrap() {
            stream.write_all(&[&request.response(None, None), early].concat()).unwrap();
            return WebSocket::from_raw_socket(stream, protocol::Role::Server, None);
        }
    }
}

pub(super) fn accept(listener: &TcpListener) -> ServerSide {
    accept_with(listener, b"")
}

/// One slot with an open connection, and the server's side of it.
pub(super) fn one_open<E: Engine>(build: impl BuildEngine<Engine = E>) -> (Slots<E>, ServerSide) {
    one_open_by(build, |_| {})
}

/// One slot with an open connection by a route that was changed, and the server's side of it.
pub(super) fn one_open_by<E: Engine>(
    build: impl BuildEngine<Engine = E>,
    change: impl FnOnce(&mut Route),
) -> (Slots<E>, ServerSide) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60));
    change(Rc::get_mut(&mut slots.route).expect("no connection has it yet"));
    let server = thread::spawn(move || accept(&listener));
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    (slots, server.join().unwrap())
}
