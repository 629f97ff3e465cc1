//! How the server ends.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use server::{Delay, DelayShape, Options, Stall, Stats, Table};

use crate::command::Running;
use crate::peer::{CLOSE, PATIENCE, Peer, Server, handshake, whole};

#[test]
fn every_connection_of_every_thread_gets_1001_and_the_counts_are_merged() {
    for table in [Table::Shared, Table::Own] {
        ends_in_order(table);
    }
}

fn ends_in_order(table: Table) {
    let mut options = Options { threads: NonZeroUsize::new(2).expect("not zero"), table, ..Options::default() };
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
    nobody_listens(address);
}

/// Whether no listener is left. Another thread that takes its descriptor table may have a copy for a moment.
fn nobody_listens(address: SocketAddr) {
    let begun = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "somebody listens still");
    }
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
    for table in [Table::Shared, Table::Own] {
        ends_when_dropped(table);
    }
}

fn ends_when_dropped(table: Table) {
    let options = Options { table, ..Options::default() };
    let listener = server::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut peer = runtime.block_on(async {
        let server = server::run(listener, options, std::future::pending());
        let opened = tokio::task::spawn_blocking(move || Peer::open(address));
        tokio::select! {
            _ = server => panic!("it has no reason to end"),
            peer = opened => peer.expect("open"),
        }
    });
    assert_eq!(peer.frame().close_code(), 1001);
}

#[test]
fn threads_with_descriptors_of_their_own_share_a_listener_that_allows_no_other() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let options = Options { threads: NonZeroUsize::new(3).expect("not zero"), table: Table::Own, ..Options::default() };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = thread::spawn(move || {
        // A runtime with an event loop, which nobody with other descriptors could wake.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(server::run(listener, options, async { drop(stopped.await) }))
    });
    let mut peers: Vec<_> = (0..20).map(|_| Peer::open(address)).collect();
    for peer in &mut peers {
        peer.echo("hello");
    }
    drop(peers);
    drop(stop);
    let stats = server.join().expect("no panic").expect("no failure");
    assert_eq!((stats.accepted, stats.messages), (20, 20));
    nobody_listens(address);
}

#[test]
fn what_waits_is_woken_in_a_thread_with_descriptors_of_its_own() {
    let delay = Some(Delay { mean: Duration::from_millis(2), shape: DelayShape::Fixed });
    let stall = Some(Stall { after: Duration::from_millis(1), length: Duration::from_millis(1) });
    let threads = NonZeroUsize::new(2).expect("not zero");
    let server = Server::start(Options { delay, stall, threads, table: Table::Own, ..Options::default() });
    for _ in 0..10 {
        let mut peer = Peer::open(server.address);
        peer.echo("one");
        peer.echo("two");
    }
    assert_eq!(server.stats().messages, 20);
}

#[test]
fn a_server_of_connections_beyond_one_table_ends_in_order() {
    let arguments = ["--listen=127.0.0.1:0", "--threads=3", "--connections=300", "--closing=30s"];
    // Room for 300 with three threads, and for no more than some 120 in one table.
    let mut server = Running::start_limited(&arguments, 200);
    let mut peers: Vec<_> = (0..300).map(|_| Peer::open(server.address)).collect();
    for peer in &mut peers {
        peer.echo("hello");
    }
    kill_process(Pid::from_child(&server.child), Signal::TERM).expect("it runs");
    for mut peer in peers {
        let close = peer.frame();
        assert_eq!(close.close_code(), 1001);
        peer.send(&whole(CLOSE, &close.payload));
        peer.end();
    }
    assert_eq!(server.child.wait().expect("it ends").code(), Some(0));
}
