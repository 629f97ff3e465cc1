//! How the server ends.

use std::{num::NonZeroUsize, time::Duration};

use server::{Options, Stats};

use crate::peer::{CLOSE, PATIENCE, Peer, Server, handshake, whole};

#[test]
fn every_connection_of_every_thread_gets_1001_and_the_counts_are_merged() {
    let mut options = Options { threads: NonZeroUsize::new(2).expect("not zero"), ..Options::default() };
    options.limits.closing = PATIENCE;
    let server = Server::start(options);
    let mut peers: Vec<_> = (0..20).map(|_| Peer::open(server.address)).collect();
    for peer in &mut peers {
        peer.echo("hello");
    }
    let address = server.address;
    let stopping = server.stop();
    for peer in &mut peers {
        let close = peer.frame();
        assert_eq!(close.close_code(), 1001);
        assert_eq!(&close.payload[2..], b"server shutdown");
        peer.send(&whole(CLOSE, &close.payload));
        peer.end();
    }
    drop(peers);
    let stats = stopping.join().expect("no panic").expect("no failure");
    assert_eq!(stats, Stats { accepted: 20, messages: 20, ..Stats::default() });
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn peers_that_do_not_answer_are_not_waited_for() {
    let mut options = Options::default();
    options.limits.closing = Duration::from_millis(100);
    let server = Server::start(options);
    let mut silent = Peer::open(server.address);
    silent.echo("hello");
    // Not even the handshake is done here.
    let mut slow = Peer::tcp(server.address);
    slow.send(&handshake(server.address)[..10]);
    let stats = server.stats();
    assert_eq!(stats.messages, 1);
    assert_eq!(silent.frame().close_code(), 1001);
}

#[test]
fn the_server_ends_when_its_future_is_dropped() {
    let listener = server::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut peer = runtime.block_on(async {
        let server = server::run(listener, Options::default(), std::future::pending());
        let opened = tokio::task::spawn_blocking(move || Peer::open(address));
        tokio::select! {
            _ = server => panic!("it has no reason to end"),
            peer = opened => peer.expect("open"),
        }
    });
    assert_eq!(peer.frame().close_code(), 1001);
}
