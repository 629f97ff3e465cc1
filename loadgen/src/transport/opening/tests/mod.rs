//! Openings over loopback, with scripted servers and a clock that stands still.

mod answers;
mod tls;

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use frames::handshake::{RequestReader, UpgradeRequest};
use rustix::{
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    time::Timespec,
};
use socket2::{Domain, SockRef, Socket, Type};

use super::{
    tcp::{reach, socket},
    *,
};
use crate::{clock::SimulatedClock, transport::ConnectionLimits};

const SECOND: u64 = 1_000_000_000;

/// An opening whose sockets are watched by edges, and a clock that stands still.
struct Watched {
    opening: Opening<OwnedFd>,
    queue: OwnedFd,
    clock: SimulatedClock,
}

impl Watched {
    fn new(route: &Rc<Route>) -> Self {
        let clock = SimulatedClock::default();
        let queue = epoll::create(CreateFlags::CLOEXEC).unwrap();
        Self { opening: Opening::new(route, 0, None, clock.now()), queue, clock }
    }

    fn advance(&mut self) -> OpeningProgress<OwnedFd> {
        let queue = &self.queue;
        self.opening.advance(&self.clock, &mut |socket| {
            let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(queue, &socket, EventData::new_u64(0), flags)?;
            Ok(socket)
        })
    }

    /// Waits until a socket has something.
    fn wait(&self) {
        let mut events = Vec::with_capacity(8);
        let patience = Timespec { tv_sec: 30, tv_nsec: 0 };
        epoll::wait(&self.queue, rustix::buffer::spare_capacity(&mut events), Some(&patience)).unwrap();
        assert!(!events.is_empty(), "nothing came");
    }

    /// Advances until `enough`, or the opening is over.
    fn advance_until(&mut self, enough: impl Fn(&Opening<OwnedFd>) -> bool) -> OpeningProgress<OwnedFd> {
        loop {
            let progress = self.advance();
            if !matches!(progress, OpeningProgress::Pending) || enough(&self.opening) {
                return progress;
            }
            self.wait();
        }
    }

    /// Advances until the opening is over.
    fn end(&mut self) -> Result<Box<OpenedStream<OwnedFd>>, ConnectError> {
        match self.advance_until(|_| false) {
            OpeningProgress::Opened(opened) => Ok(opened),
            OpeningProgress::Failed(error) => Err(error),
            OpeningProgress::Pending => unreachable!("it is not enough"),
        }
    }

    /// Passes the time to the next timer, and advances.
    fn pass(&mut self) -> OpeningProgress<OwnedFd> {
        self.clock.pass(self.opening.wake().since(self.clock.now()));
        self.advance()
    }
}

fn route(addresses: &[SocketAddr]) -> Route {
    let destination = Destination::plain(addresses.to_vec(), "x".to_owned(), "/".to_owned());
    let limits = ConnectionLimits { max_message: 1, read_buffer: 1, memory: 1, read_at_most: None };
    Route { offered: ["v1".to_owned()].into(), ..Route::to(destination, Duration::from_secs(1), limits) }
}

/// A listener and its address.
fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An opening that has sent its request, the server's side of its connection, and the request.
fn requested() -> (Watched, TcpStream, UpgradeRequest) {
    let (listener, address) = listener();
    let mut watched = Watched::new(&Rc::new(route(&[address])));
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    let (mut server, _) = listener.accept().unwrap();
    let request = read_request(&mut server);
    (watched, server, request)
}

/// The request that a connection begins with.
fn read_request(server: &mut TcpStream) -> UpgradeRequest {
    let (mut reader, mut buffer) = (RequestReader::default(), [0; 1024]);
    loop {
        let bytes = server.read(&mut buffer).unwrap();
        if let Some(request) = reader.take(&buffer[..bytes]).unwrap() {
            return request;
        }
    }
}

fn failure(progress: OpeningProgress<OwnedFd>) -> ConnectError {
    let OpeningProgress::Failed(error) = progress else { panic!("{progress:?}") };
    error
}

#[test]
fn tells_what_opened_and_how_long_each_phase_took() {
    let (mut watched, mut server, request) = requested();
    watched.clock.pass(7);
    let response = String::from_utf8(request.response(None, None)).unwrap();
    let response = response.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: v1\r\nX-Name: a\r\n\r\n");
    let (first, rest) = response.split_at(20);
    server.write_all(first.as_bytes()).unwrap();
    assert!(matches!(
        watched.advance_until(|opening| {
            matches!(&opening.stage, Stage::Upgrade(_, _, upgrade) if upgrade.has_begun())
        }),
        OpeningProgress::Pending
    ));
    server.write_all(&[rest.as_bytes(), b"\x81\x01a"].concat()).unwrap();
    let OpenedStream { early_bytes, opened, .. } = *watched.end().unwrap();
    assert_eq!(early_bytes, b"\x81\x01a");
    assert_eq!((opened.local, opened.peer), (server.peer_addr().unwrap().into(), server.local_addr().unwrap().into()));
    assert_eq!(opened.phases, Phases { upgrade: 7, ..Phases::default() });
    assert_eq!(opened.answer.subprotocol.as_deref(), Some("v1"));
    assert_eq!(opened.answer.fields.first("x-name"), Some(b"a".as_slice()));
}

/// A socket on `port` that other sockets of this kind may share.
fn at(port: u16) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).unwrap();
    socket
}

/// The address of a socket.
fn address(socket: &Socket) -> SocketAddr {
    socket.local_addr().unwrap().as_socket().unwrap()
}

/// A listener with a full queue, so that the kernel drops further connections, and the sockets that
/// fill it.
fn silent_listener() -> (Socket, Vec<Socket>) {
    let listener = at(0);
    listener.listen(0).unwrap();
    let fill = (0..3).map(|_| {
        let knocking = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        knocking.set_nonblocking(true).unwrap();
        let _ = knocking.connect(&listener.local_addr().unwrap());
        knocking
    });
    let fill = fill.collect();
    (listener, fill)
}

#[test]
fn an_address_of_another_machine_is_told_from_a_lack_of_ports() {
    // TEST-NET-1 of RFC 5737: no machine has it.
    let source = Ipv4Addr::new(192, 0, 2, 1).into();
    let (_listener, peer) = listener();
    let error = socket(peer, Some(source), None).unwrap_err();
    assert_eq!(error.kind, "source_address");
    assert!(error.detail.contains("192.0.2.1 (--source-ip)"), "{error}");
}

#[test]
fn where_no_port_is_left_the_error_says_what_to_do() {
    let (_listener, peer) = listener();
    let first = at(0);
    let port = address(&first).port();
    while !reach(&first, peer, None).unwrap() {}
    // The only port to choose from already connects to this peer, as when a system has run out of
    // ports.
    let error = reach(&at(port), peer, None).unwrap_err();
    assert_eq!(error.kind, "no_port");
    let parts = [&peer.to_string()[..], "fewer --clients", "--source-ip", "net.ipv4.ip_local_port_range"];
    assert!(parts.iter().all(|part| error.detail.contains(part)), "{error}");
    let error = reach(&at(port), peer, Some(Ipv4Addr::LOCALHOST.into())).unwrap_err();
    assert_eq!(error.kind, "no_port");
    assert!(error.detail.contains("from 127.0.0.1"), "{error}");
    // Another peer can still be reached from it.
    let (_other, elsewhere) = listener();
    assert!(reach(&at(port), elsewhere, None).is_ok());
}

#[test]
fn a_machine_without_ipv6_is_not_out_of_ports() {
    // Most machines have it, and nothing listens there.
    let error = Watched::new(&Rc::new(route(&["[::1]:1".parse().unwrap()]))).end().unwrap_err();
    assert!(["refused", "source_address"].contains(&error.kind.as_str()), "{error}");
}

#[test]
fn a_host_without_an_address_fails_at_once() {
    let error = Watched::new(&Rc::new(route(&[]))).end().unwrap_err();
    assert_eq!(error.to_string(), "dns: the host has no address");
}

#[test]
fn a_silent_address_does_not_hold_up_the_next_one() {
    let (silent, _fill) = silent_listener();
    let (_listener, answering) = listener();
    let route = Rc::new(route(&[address(&silent), answering]));
    let mut watched = Watched::new(&route);
    assert!(matches!(watched.advance(), OpeningProgress::Pending));
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND / 4));
    watched.clock.pass(SECOND / 4 - 1);
    watched.advance();
    assert_eq!(watched.opening.sockets().count(), 1);
    watched.clock.pass(1);
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    assert_eq!(watched.opening.phases.tcp, SECOND / 4);
    let Stage::Upgrade(Ends { peer, .. }, ..) = watched.opening.stage else { panic!("{:?}", watched.opening) };
    assert_eq!((peer, route.destinations[0].answering.get()), (answering.into(), 1));
    // It is the first from then on.
    let mut next = Watched::new(&route);
    next.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    assert_eq!(next.opening.phases.tcp, 0);
}

#[test]
fn a_failure_names_the_addresses_and_each_cause() {
    let (silent, _fill) = silent_listener();
    // Bound and not listening, so nobody else can take the port.
    let closed = at(0);
    let (silent, refusing) = (address(&silent), address(&closed));
    let mut watched = Watched::new(&Rc::new(route(&[refusing, silent])));
    watched.advance_until(
        |opening| matches!(&opening.stage, Stage::Tcp(attempts) if attempts.wake(opening.destination()).is_none()),
    );
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND), "no more than the time-out is left");
    let error = failure(watched.pass());
    let detail = format!("no TCP connection to {silent} within 1s; {refusing}: Connection refused (os error 111)");
    assert_eq!((error.kind.as_str(), error.detail), ("timeout", detail));
    let error = Watched::new(&Rc::new(route(&[refusing]))).end().unwrap_err();
    assert_eq!(error.to_string(), format!("refused: {refusing}: Connection refused (os error 111)"));
}

#[test]
fn a_refusal_is_told_without_waiting_for_all_of_it() {
    let (mut watched, mut server, _) = requested();
    let peer = server.local_addr().unwrap();
    server.write_all(b"HTTP/1.1 403 Forb").unwrap();
    watched.wait();
    assert!(matches!(watched.advance(), OpeningProgress::Pending));
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND), "it may still be an acceptance");
    server.write_all(b"idden\r\nContent-Length: 100\r\n\r\nnot yo").unwrap();
    watched.wait();
    assert!(matches!(watched.advance(), OpeningProgress::Pending));
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND / 5));
    server.write_all(b"u").unwrap();
    watched.wait();
    let error = failure(watched.pass());
    assert_eq!(error.kind, "http_403");
    assert!(error.detail.starts_with(&format!("{peer}: the server answered 403 Forbidden")), "{error}");
    assert!(error.detail.ends_with("it said `not you`"), "{error}");
}

#[test]
fn a_reset_within_a_refusal_does_not_hide_it() {
    let (mut watched, mut server, _) = requested();
    server.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n").unwrap();
    watched.advance_until(|opening| opening.wake() < Time::from_nanos(SECOND));
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    assert_eq!(watched.end().unwrap_err().kind, "http_503");
}

#[test]
fn silence_is_named_after_the_stage_that_it_ends() {
    let (mut watched, mut server, _) = requested();
    let peer = server.local_addr().unwrap();
    let error = failure(watched.pass());
    assert_eq!(error.to_string(), format!("timeout: no answer to the opening handshake from {peer} within 1s"));

    (watched, server, _) = requested();
    let peer = server.local_addr().unwrap();
    server.write_all(b"HTTP/1.1 101 S").unwrap();
    watched.wait();
    watched.advance();
    let error = failure(watched.pass());
    let detail = format!("the answer to the opening handshake from {peer} did not end within 1s");
    assert_eq!((error.kind.as_str(), error.detail), ("timeout", detail));
}

#[test]
fn an_end_without_an_answer_is_told_from_a_reset() {
    let (mut watched, server, _) = requested();
    drop(server);
    let error = watched.end().unwrap_err();
    assert_eq!(error.kind, "eof");
    assert!(error.detail.contains("without an answer (if it speaks TLS, try wss://)"), "{error}");

    let (mut watched, server, _) = requested();
    let peer = server.local_addr().unwrap();
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    let words = "Connection reset by peer (os error 104) (if it speaks TLS, try wss://)";
    assert_eq!(watched.end().unwrap_err().to_string(), format!("reset: {peer}: {words}"));
}

#[test]
fn a_long_answer_is_read_in_turns() {
    let (mut watched, mut server, request) = requested();
    let response = String::from_utf8(request.response(None, None)).unwrap();
    let padding = format!("\r\nX-Padding: {}\r\n\r\n", "x".repeat(40_000));
    server.write_all(response.replace("\r\n\r\n", &padding).as_bytes()).unwrap();
    // Other connections get their turn in between.
    let paused = watched.advance_until(|opening| opening.wake() == Time::default());
    assert!(matches!(paused, OpeningProgress::Pending), "{paused:?}");
    let opened = loop {
        match watched.advance() {
            OpeningProgress::Pending => {}
            progress => break progress,
        }
    };
    let OpeningProgress::Opened(opened) = opened else { panic!("{opened:?}") };
    assert_eq!(opened.opened.answer.fields.first("x-padding").map(<[u8]>::len), Some(40_000));
}

#[test]
fn a_long_request_is_written_as_the_server_reads() {
    const LONG: usize = 8 << 20;
    let (listener, address) = listener();
    let value = http::HeaderValue::try_from("x".repeat(LONG)).unwrap();
    let route = Route { headers: vec![(http::header::COOKIE, value)], ..route(&[address]) };
    let mut watched = Watched::new(&Rc::new(route));
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    let (mut server, _) = listener.accept().unwrap();
    let server = std::thread::spawn(move || {
        let (mut read, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
        while !read.ends_with(b"\r\n\r\n") {
            let bytes = server.read(&mut buffer).unwrap();
            read.extend_from_slice(&buffer[..bytes]);
        }
        server.write_all(b"HTTP/1.1 431 Too long\r\n\r\n").unwrap();
        read.len()
    });
    assert_eq!(watched.end().unwrap_err().kind, "http_431");
    assert!(server.join().unwrap() > LONG);
}

#[test]
fn connects_from_the_source_address_without_delaying_writes() {
    let (_listener, address) = listener();
    let source = Ipv4Addr::new(127, 0, 0, 7);
    let mut watched = Watched::new(&Rc::new(route(&[address])));
    watched.opening = Opening::new(&Rc::new(route(&[address])), 0, Some(source.into()), watched.clock.now());
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    let Stage::Upgrade(Ends { local, .. }, ..) = watched.opening.stage else { panic!("{:?}", watched.opening) };
    assert!(matches!(local, Endpoint::Ip(local) if local.ip() == source), "{local}");
    let socket = watched.opening.sockets().next().unwrap();
    assert!(rustix::net::sockopt::tcp_nodelay(socket).unwrap());
}
