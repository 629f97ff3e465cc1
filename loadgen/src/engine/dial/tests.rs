use std::net::{Ipv4Addr, TcpListener};

use tokio::runtime::Builder;

use super::*;

/// A listener, and where it is.
fn peer() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
}

/// A socket that has `port` for itself and for others that ask as it does.
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
        // A choice of one port, which a connection to this peer has: what a system with all ports taken comes to.
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
    // Most have it, and nothing listens there.
    let error = block_on(connect("[::1]:1".parse().unwrap(), None)).unwrap_err();
    assert!(["refused", "source_address"].contains(&error.kind.as_str()), "{error}");
}
