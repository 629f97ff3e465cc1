//! Openings over unix sockets.

use std::{
    os::unix::net::{UnixDatagram, UnixListener, UnixStream},
    path::Path,
};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use super::*;

/// An opening to a unix socket.
fn to(path: &Path) -> Watched {
    let mut route = route(&[]);
    route.destinations[0].path.first_hop = FirstHop::Unix(path.into());
    Watched::new(&Rc::new(route))
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Reads a request.
fn request(server: &mut UnixStream) -> UpgradeRequest {
    let (mut reader, mut buffer) = (RequestReader::default(), [0; 1024]);
    loop {
        let bytes = server.read(&mut buffer).unwrap();
        if let Some(request) = reader.take(&buffer[..bytes]).unwrap() {
            return request;
        }
    }
}

#[test]
fn the_handshake_goes_through_a_unix_socket() {
    let folder = folder();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let mut watched = to(&path);
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    let (mut server, _) = listener.accept().unwrap();
    let response = [request(&mut server).response(None, None), b"\x81\x01a".to_vec()].concat();
    server.write_all(&response).unwrap();
    let opened = watched.end().unwrap();
    assert_eq!((opened.opened.local, opened.opened.peer), (Endpoint::Unix, Endpoint::Unix));
    assert_eq!(opened.early_bytes, b"\x81\x01a");
}

#[test]
fn what_a_server_says_is_told_with_the_path() {
    let folder = folder();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let mut watched = to(&path);
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
    let error = watched.end().unwrap_err();
    let begins = format!("http_404: {}: the server answered 404", path.display());
    assert!(error.to_string().starts_with(&begins), "{error}");
}

#[test]
fn a_socket_that_can_not_be_connected_to_is_told_in_words() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    drop(UnixListener::bind(at("left")).unwrap());
    let _datagrams = UnixDatagram::bind(at("datagrams")).unwrap();
    std::fs::write(at("file"), "").unwrap();
    for (name, kind, part) in [
        ("none", "no_socket", "there is no such file"),
        ("left", "refused", "nobody listens"),
        ("file", "refused", "nobody listens"),
        ("datagrams", "no_socket", "another type"),
        ("file/s", "no_socket", "no folder"),
    ] {
        let error = to(&at(name)).end().unwrap_err();
        assert!(error.kind == kind && error.detail.contains(part), "{name}: {error}");
        assert!(error.detail.starts_with(&format!("{}: ", at(name).display())), "{error}");
    }
}

#[test]
fn a_full_queue_is_tried_again() {
    let folder = folder();
    let path = folder.path().join("s");
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let filling = UnixStream::connect(&path).unwrap();
    let mut watched = to(&path);
    assert!(matches!(watched.advance(), OpeningProgress::Pending));
    assert_eq!((watched.opening.wake(), watched.opening.sockets().count()), (Time::from_nanos(1_000_000), 0));
    assert!(matches!(watched.pass(), OpeningProgress::Pending));
    assert_eq!(watched.opening.wake(), Time::from_nanos(3_000_000), "the wait doubles");
    let (first, _) = listener.accept().unwrap();
    drop((first, filling));
    watched.pass();
    assert!(matches!(watched.opening.stage, Stage::Upgrade(..)), "{:?}", watched.opening.stage);
    assert_eq!(watched.opening.phases.tcp, 3_000_000);
}

#[test]
fn a_queue_that_stays_full_is_told() {
    let folder = folder();
    let path = folder.path().join("s");
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let _filling = UnixStream::connect(&path).unwrap();
    let mut watched = to(&path);
    let error = loop {
        match watched.pass() {
            OpeningProgress::Pending => {}
            progress => break failure(progress),
        }
    };
    let words = "the queue of the server is full, and it took no connection from it within 1s";
    assert_eq!(error.to_string(), format!("timeout: {}: {words}", path.display()));
}
