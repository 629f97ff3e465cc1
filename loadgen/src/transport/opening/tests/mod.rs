//! Openings over loopback, with scripted servers and a clock that stands still.

mod addresses;
mod answers;
mod proxies;
mod tls;
mod unix;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use frames::handshake::{RequestReader, UpgradeRequest};
use rustix::{
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    time::Timespec,
};
use socket2::SockRef;

use super::*;
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
