//! TLS: who is let in, what is told to those who are not, and that nothing gets lost in it.

use std::{
    fs,
    io::{BufRead, Read, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use rustls::ClientConfig;
use server::{ClientAuthority, FaultKind, Faults, Identity, Options, TlsSettings};
use socket2::SockRef;

use crate::rig::{
    BINARY, CLOSE, Certified, ReceivedFrame, ServerProcess, TEXT, TestPeer, TestServer, TlsPeer, client, close_payload,
    command, handshake, self_signed, whole,
};

/// The versions of TLS, without their first number.
const VERSIONS: [u8; 2] = [2, 3];

/// A server with a certificate of its own, and clients of it for each version.
fn started(options: Options) -> (TestServer, [Arc<ClientConfig>; 2]) {
    let (tls, certificate) = self_signed();
    let server = TestServer::start(Options { tls: Some(tls), ..options });
    (server, VERSIONS.map(|version| client([certificate.clone()], version, None)))
}

fn closes(peer: &mut TlsPeer) {
    peer.send(&whole(CLOSE, close_payload(1000, "")));
    assert_eq!(peer.frame().close_code(), 1000);
    peer.end();
}

#[test]
fn messages_of_all_sizes_come_back() {
    let (server, clients) = started(Options::default());
    for client in clients {
        let mut peer = TlsPeer::open_tls(server.address, &client);
        for size in [0, 1, 125, 126, 16_000, 16_384, 20_000, 65_535, 65_536, 300_000, 3 << 20] {
            let payload: Vec<u8> = (0..=255).cycle().take(size).collect();
            peer.send(&[whole(BINARY, &payload), whole(TEXT, "next")].concat());
            assert_eq!(peer.frame(), ReceivedFrame::new(BINARY, payload), "{size}");
            assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "next"));
        }
        closes(&mut peer);
    }
    let stats = server.stats();
    assert_eq!((stats.tls_full, stats.broken, stats.messages), (2, 0, 44));
}

/// The peer writes everything before it reads, through small buffers.
#[test]
fn what_tcp_does_not_take_at_once_comes_later() {
    let mut options = Options::default();
    options.limits.unsent_bytes = 16 << 20;
    let (server, clients) = started(options);
    for client in clients {
        let mut peer = TlsPeer::open_tls(server.address, &client);
        SockRef::from(&peer.tcp.sock).set_recv_buffer_size(16 << 10).expect("an option");
        let count: u32 = 3000;
        let message = |index: u32| whole(BINARY, index.to_be_bytes().repeat(500));
        peer.send(&(0..count).map(message).collect::<Vec<_>>().concat());
        for index in 0..count {
            assert_eq!(peer.frame(), ReceivedFrame::new(BINARY, index.to_be_bytes().repeat(500)));
        }
        closes(&mut peer);
    }
    server.stats();
}

#[test]
fn a_session_is_resumed_with_a_ticket() {
    let (server, clients) = started(Options::default());
    for client in clients {
        for _ in 0..3 {
            let mut peer = TlsPeer::open_tls(server.address, &client);
            peer.echo("hello");
            closes(&mut peer);
        }
    }
    let stats = server.stats();
    assert_eq!((stats.tls_full, stats.tls_resumed), (2, 4));
}

#[test]
fn http_without_tls_is_told_to_try_wss() {
    let (server, _) = started(Options::default());
    for request in [handshake(server.address), b"GET / HTTP/1.1\r\n\r\n".to_vec(), b"nonsense\r\n\r\n".to_vec()] {
        let mut peer = TestPeer::tcp(server.address);
        peer.send(&request);
        let answer = peer.rest();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("Try wss://"), "{answer}");
    }
    assert_eq!(server.stats().failed_tls, 3);
}

#[test]
fn a_peer_that_speaks_no_tls_within_the_time_is_dropped() {
    let mut options = Options::default();
    options.limits.handshake = Duration::from_millis(100);
    let (server, [client, _]) = started(options);
    let mut silent = TestPeer::tcp(server.address);
    let mut halfway = TestPeer::tcp(server.address);
    // The header of a record, and no record.
    halfway.send(&[22, 3, 1, 1, 0]);
    let mut no_request = TlsPeer::tls(server.address, &client);
    no_request.send(b"GET / ");
    assert!(no_request.rest().starts_with("HTTP/1.1 408 "));
    assert!(silent.rest().starts_with("HTTP/1.1 408 "));
    // It can't be told anything.
    let _ = halfway.tcp.read_to_end(&mut Vec::new());
    assert_eq!(server.stats().failed_handshakes, 3);
}

#[test]
fn a_client_that_does_not_trust_the_server_is_counted() {
    let (server, _) = started(Options::default());
    let (_, other) = self_signed();
    for version in VERSIONS {
        let mut peer = TlsPeer::tls(server.address, &client([other.clone()], version, None));
        peer.tcp.flush().expect_err("it does not trust the certificate");
        // The server has counted it when it ends.
        let _ = peer.tcp.sock.read_to_end(&mut Vec::new());
    }
    assert_eq!(server.stats().failed_tls, 2);
}

#[test]
fn only_clients_with_a_certificate_are_let_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, stranger) = (Certified::authority(), Certified::authority());
    let file = folder.path().join("ca.pem");
    fs::write(&file, &authority.pem).expect("a file");
    let identity = Identity::self_signed(["localhost".to_owned()]).expect("it is made");
    let certificate = identity.certificate().clone();
    let tls = TlsSettings::new(identity, Some(ClientAuthority::read(&file).expect("a certificate")));
    let server = TestServer::start(Options { tls: Some(tls.expect("settings")), ..Options::default() });
    for version in VERSIONS {
        let known = client([certificate.clone()], version, Some(&authority.signs("ann")));
        let mut peer = TlsPeer::open_tls(server.address, &known);
        peer.echo("hello");
        closes(&mut peer);
        for refused in [None, Some(&stranger.signs("bob"))] {
            let mut peer = TlsPeer::tls(server.address, &client([certificate.clone()], version, refused));
            // In 1.3 a client may send before it knows.
            let _ = peer.tcp.write_all(&handshake(server.address));
            let error = peer.tcp.read_to_end(&mut Vec::new()).expect_err("an alert").to_string();
            assert!(error.contains("alert"), "{error}");
        }
    }
    let stats = server.stats();
    assert_eq!((stats.tls_full, stats.failed_tls), (2, 4));
}

#[test]
fn a_shutdown_ends_sessions_in_order() {
    let (server, clients) = started(Options::default());
    let mut peers: Vec<_> = clients.iter().map(|client| TlsPeer::open_tls(server.address, client)).collect();
    peers[0].echo("hello");
    let stopped = server.stop();
    for peer in &mut peers {
        let close = peer.frame();
        assert_eq!(close.close_code(), 1001);
        peer.send(&whole(CLOSE, &close.payload));
        // This fails without a close_notify.
        peer.end();
    }
    assert_eq!(stopped.join().expect("no panic").expect("no failure").broken, 0);
}

#[test]
fn a_peer_that_takes_nothing_is_dropped() {
    let mut options = Options::default();
    options.limits.unsent_bytes = 64 << 10;
    options.limits.unsent_time = Duration::from_millis(200);
    let (server, [_, client]) = started(options);
    let mut peer = TlsPeer::open_tls(server.address, &client);
    SockRef::from(&peer.tcp.sock).set_recv_buffer_size(16 << 10).expect("an option");
    let message = whole(BINARY, [7; 4096]);
    // It takes at most what the buffers of both sockets and of TLS hold.
    assert!((0..100_000).any(|_| peer.tcp.write_all(&message).is_err()), "it takes everything");
    assert_eq!(server.stats().stalled, 1);
}

#[test]
fn a_full_server_says_so_over_tls() {
    let mut options = Options::default();
    options.limits.connections = 1;
    let (server, [_, client]) = started(options);
    let mut first = TlsPeer::open_tls(server.address, &client);
    let mut second = TlsPeer::tls(server.address, &client);
    second.send(&handshake(server.address));
    assert!(second.http_head().starts_with("HTTP/1.1 503 "));
    first.echo("still here");
    closes(&mut first);
    drop(second);
    assert_eq!(server.stats().refused, 1);
}

#[test]
fn a_browser_gets_the_page_over_tls() {
    let (server, [_, client]) = started(Options::default());
    let mut browser = TlsPeer::tls(server.address, &client);
    browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = browser.rest();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.trim_end().ends_with("</html>"), "{answer}");
}

#[test]
fn a_fault_that_resets_destroys_no_answer_before_it() {
    let faults = Faults::new([(FaultKind::Die, 0.01)]).expect("a chance");
    let (server, [_, client]) = started(Options { faults, seed: 1, ..Options::default() });
    let mut peer = TlsPeer::open_tls(server.address, &client);
    let message = whole(TEXT, "hello");
    let _ = peer.tcp.write_all(&message.repeat(5000));
    let mut bytes = Vec::new();
    peer.tcp.read_to_end(&mut bytes).expect_err("a reset");
    drop(peer);
    let stats = server.stats();
    assert_eq!(stats.faults.len(), 1);
    assert_eq!(stats.faults[0].message, bytes.len() as u64 / 7, "all echoes before the fault arrived");
}

#[test]
fn many_connections_at_once_are_served() {
    let (server, [_, client]) = started(Options::default());
    let address = server.address;
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let client = Arc::clone(&client);
            thread::spawn(move || {
                for _ in 0..4 {
                    let mut peer = TlsPeer::open_tls(address, &client);
                    (0..20).for_each(|number| peer.echo(&number.to_string()));
                    closes(&mut peer);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(server.stats().messages, 8 * 4 * 20);
}

#[test]
fn the_command_says_how_to_trust_its_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("made.pem");
    let shown = file.to_str().expect("UTF-8");
    let mut command = command(&["--listen=127.0.0.1:0", "--tls", "--tls-write-cert", shown]);
    let address = |line: &str| line.strip_prefix("listening on wss://")?.trim_end().parse().ok();
    let mut server = ServerProcess::spawn_other(&mut command, address);
    let mut notes = server.stdout.by_ref().lines();
    let mut note = || notes.next().expect("a line").expect("UTF-8");
    let fingerprint = note();
    assert!(fingerprint.starts_with("certificate SHA-256 ") && fingerprint.len() == 20 + 95, "{fingerprint}");
    assert_eq!(note(), format!("clients trust it with --cacert {shown}"));
    server.finish();
}

#[test]
fn the_command_names_the_file_that_it_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (Certified::authority(), Certified::authority());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (certificate, key) = (file("a.pem", &one.pem), file("a.key", &one.key.serialize_pem()));
    let other = file("b.key", &two.key.serialize_pem());
    for (arguments, told) in [
        (vec!["--tls-cert", &certificate, "--tls-key", &other], "does not belong to the certificate"),
        (vec!["--tls-cert", &certificate, "--tls-key", &certificate], "--tls-key"),
        (vec!["--tls-cert", &key, "--tls-key", &key], "--tls-cert"),
        (vec!["--tls", "--client-ca", &key], "--client-ca"),
        (vec!["--tls", "--client-ca", "/nowhere.pem"], "--client-ca /nowhere.pem: No such file"),
        (vec!["--tls", "--tls-write-cert", "/nowhere/a.pem"], "--tls-write-cert /nowhere/a.pem: No such file"),
        (vec!["--tls", "--tls-cert", &certificate, "--tls-key", &key], "cannot be used with"),
    ] {
        let output = command(&[&["--listen=127.0.0.1:0"][..], &arguments].concat()).output().expect("the command");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code() == Some(2) && error.contains(told), "{arguments:?}: {error}");
    }
}
