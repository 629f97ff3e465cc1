//! Openings to several addresses, and from given ones.

use std::net::Ipv4Addr;

use socket2::{Domain, Socket, Type};

use super::*;
use crate::transport::opening::tcp::{reach, socket};

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
    let FirstHop::Tcp(addresses) = &route.destinations[0].path.first_hop else { panic!("{route:?}") };
    assert_eq!((peer, addresses.answering.get()), (answering.into(), 1));
    // It is the first from then on.
    let mut next = Watched::new(&route);
    next.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    assert_eq!(next.opening.phases.tcp, 0);
}

#[test]
fn without_happy_eyeballs_addresses_are_tried_in_turn() {
    let (silent, _fill) = silent_listener();
    let refusing = at(0);
    let (_listener, answering) = listener();
    let sequential = |addresses: &[SocketAddr]| {
        let mut route = route(addresses);
        let FirstHop::Tcp(addresses) = &mut route.destinations[0].path.first_hop else { panic!("{route:?}") };
        addresses.happy_eyeballs = false;
        Watched::new(&Rc::new(route))
    };
    let mut watched = sequential(&[address(&refusing), answering]);
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    assert_eq!(watched.opening.phases.tcp, 0);
    let mut watched = sequential(&[address(&silent), answering]);
    watched.advance();
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND), "no more than the time-out is left");
    let error = failure(watched.pass());
    assert_eq!(error.detail, format!("no TCP connection to {} within 1s", address(&silent)));
}

#[test]
fn a_failure_names_the_addresses_and_each_cause() {
    let (silent, _fill) = silent_listener();
    // Bound and not listening, so nobody else can take the port.
    let closed = at(0);
    let (silent, refusing) = (address(&silent), address(&closed));
    let mut watched = Watched::new(&Rc::new(route(&[refusing, silent])));
    let all = [refusing, silent];
    watched.advance_until(|opening| matches!(&opening.stage, Stage::Tcp(attempts) if attempts.wake(&all).is_none()));
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND), "no more than the time-out is left");
    let error = failure(watched.pass());
    let detail = format!("no TCP connection to {silent} within 1s; {refusing}: Connection refused (os error 111)");
    assert_eq!((error.kind.as_str(), error.detail), ("timeout", detail));
    let error = Watched::new(&Rc::new(route(&[refusing]))).end().unwrap_err();
    assert_eq!(error.to_string(), format!("refused: {refusing}: Connection refused (os error 111)"));
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
