//! One message in, one message out.

use std::{net::TcpListener, num::NonZeroUsize, thread};

use futures_util::{SinkExt, StreamExt};
use server::{Options, Reply};
use tokio::{net::TcpStream, runtime::Builder, time::timeout};
use tokio_tungstenite::{
    client_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::rig::{BINARY, CONTINUATION, PATIENCE, PING, PONG, ReceivedFrame, TEXT, TestPeer, TestServer, part, whole};

fn threads(n: usize) -> Options {
    Options { threads: NonZeroUsize::new(n).expect("not zero"), ..Options::default() }
}

#[test]
fn every_length_comes_back_with_its_type() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    for length in [0, 1, 125, 126, 4096, 65_535, 65_536, 1 << 20] {
        for opcode in [TEXT, BINARY] {
            let payload = vec![b'a'; length];
            peer.send(&whole(opcode, &payload));
            assert!(peer.frame() == ReceivedFrame::new(opcode, payload), "opcode {opcode}, {length} bytes");
        }
    }
    assert_eq!(server.stats().messages, 16);
}

#[test]
fn a_burst_in_one_write_comes_back_whole_and_in_order() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    // Some bursts fit into one read of the server, others don't. Types alternate, so that merged or
    // swapped frames show.
    for count in [2, 16, 5000] {
        let expected: Vec<_> = (0..count)
            .map(|n| ReceivedFrame::new(if n % 3 == 0 { BINARY } else { TEXT }, format!("message {n} of {count}")))
            .collect();
        peer.send(&expected.iter().flat_map(|frame| whole(frame.opcode, &frame.payload)).collect::<Vec<_>>());
        for frame in &expected {
            assert_eq!(peer.frame(), *frame);
        }
    }
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.messages), (1, 5018));
}

#[test]
fn a_message_in_pieces_comes_back_once() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    let bytes = [part(TEXT, "one "), whole(PING, "?"), part(CONTINUATION, ""), whole(CONTINUATION, "message")].concat();
    // Every byte goes in a segment of its own, as far as TCP allows.
    bytes.chunks(1).for_each(|byte| peer.send(byte));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "one message"));
    peer.echo("next");
}

#[test]
fn a_ping_is_answered_at_once_and_in_its_place() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    peer.send(&whole(PING, "alone"));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "alone"));
    peer.send(&[whole(TEXT, "before"), whole(PING, ""), whole(TEXT, "after"), whole(PONG, "ignored")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "before"));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, ""));
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "after"));
    peer.echo("next");
}

#[test]
fn a_fixed_reply_answers_every_message() {
    let reply = r#"{"a":1,"b":2}"#;
    let server = TestServer::start(Options { reply: Reply::Text(reply.to_owned()), ..Options::default() });
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(TEXT, "text"), whole(BINARY, "binary"), whole(TEXT, "")].concat());
    for _ in 0..3 {
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, reply));
    }
    peer.send(&whole(PING, "still a pong"));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "still a pong"));
}

#[test]
fn many_connections_over_several_threads_are_all_served() {
    let server = TestServer::start(threads(3));
    let mut peers: Vec<_> = (0..64).map(|_| TestPeer::open(server.address)).collect();
    for round in 0..3 {
        for (n, peer) in peers.iter_mut().enumerate() {
            peer.echo(&format!("{round} {n}"));
        }
    }
    drop(peers);
    assert_eq!(server.stats().messages, 3 * 64);
}

#[test]
fn threads_share_a_listener_that_can_not_be_joined() {
    let server = TestServer::start_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), threads(2));
    let mut peers: Vec<_> = (0..16).map(|_| TestPeer::open(server.address)).collect();
    for peer in &mut peers {
        peer.echo("hello");
    }
}

#[test]
fn a_peer_that_never_stops_sending_does_not_starve_the_others() {
    let mut options = threads(1);
    options.limits.frames_per_message = u32::MAX;
    let server = TestServer::start(options);
    let mut other = TestPeer::open(server.address);
    // Empty fragments of one message make no event and need no answer. Every read of the server
    // finds more.
    let mut flood = TestPeer::open(server.address);
    flood.send(&part(TEXT, ""));
    let handle = flood.tcp.try_clone().expect("a handle");
    let flooding = thread::spawn(move || {
        use std::io::Write;
        let fragments = part(CONTINUATION, "").repeat(100_000);
        while flood.tcp.write_all(&fragments).is_ok() {}
    });
    for n in 0..100 {
        other.echo(&format!("{n}"));
    }
    handle.shutdown(std::net::Shutdown::Both).expect("still open");
    flooding.join().expect("no panic");
}

#[test]
fn a_library_client_gets_its_messages_and_its_close_code() {
    let server = TestServer::start(Options::default());
    let exchange = async {
        let tcp = TcpStream::connect(server.address).await.expect("the server listens");
        let (mut client, _) = client_async(format!("ws://{}/", server.address), tcp).await.expect("an upgrade");
        let sent = [Message::text("text"), Message::binary(&b"binary"[..]), Message::text("")];
        for message in &sent {
            client.feed(message.clone()).await.expect("sent");
        }
        client.flush().await.expect("sent");
        for message in sent {
            assert_eq!(client.next().await.expect("an echo").expect("an echo"), message);
        }
        let close = CloseFrame { code: CloseCode::Library(4321), reason: "done".into() };
        client.close(Some(close.clone())).await.expect("sent");
        assert_eq!(client.next().await.expect("a Close").expect("a Close"), Message::Close(Some(close)));
        assert!(client.next().await.is_none(), "a clean end");
    };
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { timeout(PATIENCE, exchange).await }).expect("in time");
    let stats = server.stats();
    assert_eq!((stats.messages, stats.protocol_errors, stats.broken), (3, 0, 0));
}
