//! How the server ends.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use server::{Delay, DelayShape, Options, Stall, Stats, Table};

use crate::rig::{CLOSE, PATIENCE, ServerProcess, TestPeer, TestServer, handshake, whole};

#[test]
fn shutdown_closes_every_connection_and_merges_the_counts() {
    for table in [Table::Shared, Table::Own] {
        ends_in_order(table);
    }
}

fn ends_in_order(table: Table) {
    let mut options = Options { threads: NonZeroUsize::new(2).expect("not zero"), table, ..Options::default() };
    options.limits.closing = PATIENCE;
    let server = TestServer::start(options);
    let mut peers: Vec<_> = (0..20).map(|_| TestPeer::open(server.address)).collect();
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

/// Waits until no listener is left. A thread that takes a descriptor table of its own may have a
/// copy of one for a moment.
fn nobody_listens(address: SocketAddr) {
    let begun = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "something still listens");
    }
}

#[test]
fn peers_that_do_not_answer_are_not_waited_for() {
    let mut options = Options::default();
    options.limits.closing = Duration::from_millis(100);
    let server = TestServer::start(options);
    let mut silent = TestPeer::open(server.address);
    silent.echo("hello");
    // Not even the handshake is done here.
    let mut slow = TestPeer::tcp(server.address);
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
        let opened = tokio::task::spawn_blocking(move || TestPeer::open(address));
        tokio::select! {
            _ = server => panic!("it has no reason to end"),
            peer = opened => peer.expect("open"),
        }
    });
    assert_eq!(peer.frame().close_code(), 1001);
}

#[test]
fn own_tables_share_a_listener_that_can_not_be_joined() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let options = Options { threads: NonZeroUsize::new(3).expect("not zero"), table: Table::Own, ..Options::default() };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = thread::spawn(move || {
        // A runtime with an event loop. Threads with other descriptors could not wake it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(server::run(listener, options, async { drop(stopped.await) }))
    });
    let mut peers: Vec<_> = (0..20).map(|_| TestPeer::open(address)).collect();
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
fn delayed_answers_go_out_with_own_tables() {
    let delay = Some(Delay { mean: Duration::from_millis(2), shape: DelayShape::Fixed });
    let stall = Some(Stall { after: Duration::from_millis(1), length: Duration::from_millis(1) });
    let threads = NonZeroUsize::new(2).expect("not zero");
    let server = TestServer::start(Options { delay, stall, threads, table: Table::Own, ..Options::default() });
    for _ in 0..10 {
        let mut peer = TestPeer::open(server.address);
        peer.echo("one");
        peer.echo("two");
    }
    assert_eq!(server.stats().messages, 20);
}

#[test]
fn a_server_with_more_than_one_table_holds_ends_in_order() {
    let arguments = ["--listen=127.0.0.1:0", "--threads=3", "--connections=300", "--closing=30s"];
    // Three threads can hold 300, and one table only some 120.
    let mut server = ServerProcess::start_limited(&arguments, 200);
    let mut peers: Vec<_> = (0..300).map(|_| TestPeer::open(server.address)).collect();
    for peer in &mut peers {
        peer.echo("hello");
    }
    server.signal(Signal::TERM);
    for mut peer in peers {
        let close = peer.frame();
        assert_eq!(close.close_code(), 1001);
        peer.send(&whole(CLOSE, &close.payload));
        peer.end();
    }
    server.wait();
}
