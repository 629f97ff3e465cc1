use std::{
    cell::Cell,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
};

use socket2::{Domain, Socket, Type};
use tokio::{net::TcpSocket, runtime::Builder};

use super::{
    tcp::{connect, reach},
    *,
};
use crate::secrets::Secrets;

/// A listener and its address.
fn peer() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
}

/// A socket on `port`, which other sockets of this kind may share.
fn at(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    socket
}

#[test]
fn an_address_of_another_machine_is_told_from_a_lack_of_ports() {
    // TEST-NET-1 of RFC 5737: no machine has it.
    let source = Ipv4Addr::new(192, 0, 2, 1).into();
    let (_listener, peer) = peer();
    let error = block_on(connect(peer, Some(source))).unwrap_err();
    assert_eq!(error.kind, "source_address");
    assert!(error.detail.contains("192.0.2.1 (--source-ip)"), "{error}");
}

#[test]
fn where_no_port_is_left_the_error_says_what_to_do() {
    let (_listener, peer) = peer();
    block_on(async {
        let first = at(0);
        let port = first.local_addr().unwrap().port();
        let _taken = reach(first, peer, None).await.unwrap();
        // The only port to choose from already connects to this peer, as when a system has run out
        // of ports.
        let error = reach(at(port), peer, None).await.unwrap_err();
        assert_eq!(error.kind, "no_port");
        let parts = [&peer.to_string()[..], "fewer --clients", "--source-ip", "net.ipv4.ip_local_port_range"];
        assert!(parts.iter().all(|part| error.detail.contains(part)), "{error}");
        let source = Ipv4Addr::LOCALHOST.into();
        let error = reach(at(port), peer, Some(source)).await.unwrap_err();
        assert_eq!(error.kind, "no_port");
        assert!(error.detail.contains("from 127.0.0.1"), "{error}");
        // Another peer can still be reached from it.
        let (_other, elsewhere) = self::peer();
        assert!(reach(at(port), elsewhere, None).await.is_ok());
    });
}

#[test]
fn a_machine_without_ipv6_is_not_out_of_ports() {
    // Most machines have it, and nothing listens there.
    let error = block_on(connect("[::1]:1".parse().unwrap(), None)).unwrap_err();
    assert!(["refused", "source_address"].contains(&error.kind.as_str()), "{error}");
}

/// A listener with a full queue, so that the kernel drops further connections, and the sockets that
/// fill it.
fn silent_listener() -> (Socket, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let fill = (0..3).map(|_| {
        let knocking = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        knocking.set_nonblocking(true).unwrap();
        let _ = knocking.connect(&address);
        knocking
    });
    let fill = fill.collect();
    (listener, fill)
}

fn dialer(addresses: Vec<SocketAddr>, timeout: Duration) -> Dialer {
    let route = Route {
        addresses,
        lookup: None,
        answering: Cell::default(),
        authority: "x".to_owned(),
        resource: "/".to_owned(),
        tls: None,
        headers: Vec::new(),
        offered: Arc::default(),
        secrets: Secrets::default(),
        timeout,
        limits: ConnectionLimits { max_message: 1, read_buffer: 1, memory: 1 },
    };
    Dialer::new(route, RealClock::start())
}

fn timed(future: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

#[test]
fn a_silent_address_does_not_hold_up_the_next_one() {
    let (silent, _fill) = silent_listener();
    let silent = silent.local_addr().unwrap().as_socket().unwrap();
    let (_listener, answering) = peer();
    let dialer = dialer(vec![silent, answering], Duration::from_secs(30));
    timed(async {
        let started = std::time::Instant::now();
        let (_tcp, peer) = dialer.tcp(None, &DialProgress::default()).await.unwrap();
        assert_eq!(peer, answering);
        assert!(started.elapsed() >= Duration::from_millis(250), "{:?}", started.elapsed());
        // It is the first from then on.
        assert_eq!(dialer.tcp(None, &DialProgress::default()).await.unwrap().1, answering);
        assert_eq!(dialer.answering.get(), 1);
    });
}

#[test]
fn a_failure_names_the_addresses_and_each_cause() {
    let (silent, _fill) = silent_listener();
    let silent = silent.local_addr().unwrap().as_socket().unwrap();
    // Bound and not listening, so nobody else can take the port.
    let closed = at(0);
    let refusing = closed.local_addr().unwrap();
    timed(async {
        let error = dialer(vec![refusing, silent], Duration::from_millis(50)).dial(None).await.err().unwrap();
        assert_eq!(error.kind, "timeout");
        let parts = [format!("no TCP connection to {silent} within 50ms"), format!("{refusing}: Connection refused")];
        assert!(parts.iter().all(|part| error.detail.contains(part)), "{error}");
        let error = dialer(vec![refusing, refusing], Duration::from_secs(30)).dial(None).await.err().unwrap();
        assert_eq!(error.kind, "refused");
        assert!(error.detail.starts_with(&refusing.to_string()), "{error}");
    });
}
