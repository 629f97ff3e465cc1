//! Streams over loopback: what they hold, and how they end.

use std::{
    io::ErrorKind,
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    thread,
};

use rustix::event::{PollFd, PollFlags, poll};
use rustls::StreamOwned;
use socket2::SockRef;

use super::*;
use crate::transport::tls::test_server::{self, trusting_client};

/// A non-blocking socket with small buffers, and its peer.
fn sockets() -> (OwnedFd, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    SockRef::from(&client).set_send_buffer_size(64 << 10).unwrap();
    SockRef::from(&server).set_recv_buffer_size(64 << 10).unwrap();
    client.set_nonblocking(true).unwrap();
    (client.into(), server)
}

fn wait(stream: &Stream<OwnedFd>, flags: PollFlags) {
    assert_eq!(poll(&mut [PollFd::new(stream.socket(), flags)], None), Ok(1));
}

/// The server's side of a connection in as many layers of TLS as are wanted.
trait Bytes: Read + Write + Send {}
impl<S: Read + Write + Send> Bytes for S {}

/// A client's TLS on `under`, once its handshake is complete.
fn secured(under: Stream<OwnedFd>) -> Stream<OwnedFd> {
    let mut tls = trusting_client().handshake(0, under).unwrap();
    while tls.advance().unwrap().is_none() {
        poll(&mut [PollFd::new(tls.socket(), PollFlags::IN)], None).unwrap();
    }
    tls.into_stream()
}

#[test]
fn what_tcp_does_not_take_is_held_and_pushed_later() {
    what_is_held_is_pushed_later(1);
}

#[test]
fn tls_within_tls_holds_and_pushes_as_well() {
    what_is_held_is_pushed_later(2);
}

fn what_is_held_is_pushed_later(layers: usize) {
    const LONG: usize = 1 << 20;
    let (client, server) = sockets();
    let (read_on, held) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        let under: Box<dyn Bytes> = Box::new(server);
        let mut tls = (0..layers).fold(under, |under, _| Box::new(test_server::accept(under)));
        let mut got = vec![0; LONG];
        tls.read_exact(&mut got[..1]).unwrap();
        held.recv().unwrap();
        tls.read_exact(&mut got[1..]).unwrap();
        tls.write_all(b"whole").unwrap();
        got
    });
    let mut stream = (0..layers).fold(Stream::Plain(client), |under, _| secured(under));
    let sent: Vec<u8> = (0..LONG).map(|at| at.to_le_bytes()[0]).collect();
    let mut taken = stream.write(&sent).unwrap();
    // So the kernel reports when there is room.
    let full = stream.write(&sent[taken..]).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::WouldBlock, "a short write has met a full socket");
    assert!(taken < LONG && stream.holds(), "{taken} bytes were taken");
    read_on.send(()).unwrap();
    while taken < LONG || stream.holds() {
        wait(&stream, PollFlags::OUT);
        match stream.write(&sent[taken..]) {
            Ok(bytes) => taken += bytes,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    let mut answer = Vec::new();
    while answer.len() < 5 {
        let mut buffer = [0; 8];
        match stream.read(&mut buffer) {
            Ok(bytes) => answer.extend_from_slice(&buffer[..bytes]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                wait(&stream, PollFlags::IN);
            }
        }
    }
    assert_eq!(answer, b"whole");
    assert!(server.join().unwrap() == sent, "the bytes are others");
}

#[test]
fn a_reset_throws_away_what_was_not_sent() {
    let (client, mut server) = sockets();
    let mut stream = Stream::Plain(client);
    while stream.write(&[7; 4096]).is_ok() {}
    stream.reset();
    drop(stream);
    let mut got = Vec::new();
    assert_eq!(server.read_to_end(&mut got).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_burst_of_records_is_one_read() {
    let (client, server) = sockets();
    let (go, ready) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        let mut tls = test_server::accept(server);
        tls.read_exact(&mut [0]).unwrap();
        ready.recv().unwrap();
        // More than rustls would read at once, in several records and one segment.
        let StreamOwned { conn, sock } = &mut tls;
        let mut records = Vec::new();
        for part in 0..8 {
            conn.writer().write_all(&[part; 1024]).unwrap();
            conn.write_tls(&mut records).unwrap();
        }
        sock.write_all(&records).unwrap();
        tls
    });
    let mut stream = secured(Stream::Plain(client));
    stream.write(b"?").unwrap();
    let mut buffer = vec![0; 64 << 10];
    // What comes after the handshake, such as tickets.
    while stream.read(&mut buffer).is_ok() {}
    go.send(()).unwrap();
    let _server = server.join().unwrap();
    wait(&stream, PollFlags::IN);
    let mut got = Vec::new();
    while got.len() < 8 * 1024 {
        // Loopback may cut it.
        if let Ok(bytes) = stream.read(&mut buffer) {
            got.extend_from_slice(&buffer[..bytes]);
            assert!(stream.tells_what_is_left(), "nothing is left, and no call is needed to learn that");
        }
    }
    assert_eq!(got, (0..8).flat_map(|part| [part; 1024]).collect::<Vec<_>>());
}
