//! Openings through proxies.

use std::{
    io::{Read, Write},
    sync::Arc,
    thread::{self, JoinHandle},
};

use super::*;
use crate::transport::{
    proxy::{ProxyProtocol, ProxyRoute, TunnelTarget},
    tls::test_server,
};

const HTTP: ProxyProtocol = ProxyProtocol::Http { tls: None, credentials: None };

/// An opening through a proxy, and a thread that is the proxy and the server behind it.
fn through<T: Send + 'static>(
    protocol: ProxyProtocol,
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Watched, SocketAddr, JoinHandle<T>) {
    let (listener, address) = listener();
    let (route, _) = routed(protocol, address);
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    (Watched::new(&Rc::new(route)), address, server)
}

/// A route through a proxy, and what it is asked for.
fn routed(protocol: ProxyProtocol, address: SocketAddr) -> (Route, TunnelTarget) {
    let mut route = route(&[address]);
    let target = TunnelTarget::Name("a.example".to_owned(), 80);
    let proxy = ProxyRoute { protocol, target: target.clone() };
    route.destinations[0].path.proxy = Some(Arc::new(proxy));
    (route, target)
}

/// Reads up to the end of a head, a byte at a time.
fn head(from: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte).unwrap();
        head.extend_from_slice(&byte);
    }
    String::from_utf8(head).unwrap()
}

/// Accepts a request to upgrade.
fn upgrade(mut stream: impl Read + Write) {
    let request = RequestReader::default().take(head(&mut stream).as_bytes()).unwrap().unwrap();
    stream.write_all(&request.response(None, None)).unwrap();
}

/// Says and hears the beginning of SOCKS 5.
fn socks_reply(tcp: &mut TcpStream, reply: &[u8]) {
    tcp.read_exact(&mut [0; 3]).unwrap();
    tcp.write_all(b"\x05\0").unwrap();
    let mut request = [0; 16];
    tcp.read_exact(&mut request).unwrap();
    assert_eq!(&request, b"\x05\x01\0\x03\x09a.example\0\x50");
    tcp.write_all(reply).unwrap();
}

#[test]
fn the_handshake_goes_through_a_tunnel() {
    let (mut watched, address, proxy) = through(HTTP, |mut tcp| {
        assert!(head(&mut tcp).starts_with("CONNECT a.example:80 HTTP/1.1\r\n"));
        tcp.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        upgrade(tcp);
    });
    watched.advance_until(|opening| matches!(opening.stage, Stage::Tunnel(..)));
    watched.clock.pass(5);
    let opened = watched.end().unwrap();
    proxy.join().unwrap();
    assert_eq!(opened.opened.phases, Phases { proxy: Some(5), ..Phases::default() });
    assert_eq!(opened.opened.peer, address.into());
}

#[test]
fn the_handshake_goes_through_a_tunnel_of_socks() {
    let (mut watched, _, proxy) = through(ProxyProtocol::Socks5 { credentials: None }, |mut tcp| {
        socks_reply(&mut tcp, b"\x05\0\0\x01\0\0\0\0\0\0");
        upgrade(tcp);
    });
    assert_eq!(watched.end().unwrap().opened.phases.proxy, Some(0));
    proxy.join().unwrap();
}

#[test]
fn tls_goes_through_a_tunnel_in_tls() {
    for early in [false, true] {
        let (listener, address) = listener();
        let tls = Some(test_server::trusting_client());
        let (mut route, _) = routed(ProxyProtocol::Http { tls: tls.clone(), credentials: None }, address);
        route.destinations[0].tls = tls.clone();
        let proxy = thread::spawn(move || {
            let mut outer = test_server::accept(listener.accept().unwrap().0);
            assert!(head(&mut outer).starts_with("CONNECT a.example:80 "));
            // What is no TLS comes before TLS has begun.
            outer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            if early {
                outer.write_all(b"SSH-2.0-x\r\n").unwrap();
                return;
            }
            upgrade(test_server::accept(outer));
        });
        let outcome = Watched::new(&Rc::new(route)).end();
        proxy.join().unwrap();
        match outcome {
            Ok(opened) => {
                assert_eq!((opened.opened.phases.proxy, opened.opened.phases.tls), (Some(0), Some(0)));
                assert!(!early && !opened.stream.holds());
            }
            Err(error) => {
                assert!(early && error.kind == "not_tls", "{error}");
                let server = format!("a.example:80 through the proxy {address}: ");
                assert!(error.detail.starts_with(&server), "{error}");
            }
        }
    }
}

#[test]
fn what_comes_with_the_answer_of_the_proxy_is_the_servers() {
    let (mut watched, address, proxy) = through(HTTP, |mut tcp| {
        head(&mut tcp);
        tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n").unwrap();
    });
    let error = watched.end().unwrap_err();
    proxy.join().unwrap();
    let words = format!("a.example:80 through the proxy {address}: an SSH server answered: `SSH-2.0-x`");
    assert_eq!(error.to_string(), format!("not_websocket: {words}"));
}

#[test]
fn what_the_server_says_is_told_apart_from_the_proxy() {
    let (mut watched, address, proxy) = through(HTTP, |mut tcp| {
        head(&mut tcp);
        tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        head(&mut tcp);
        tcp.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let error = watched.end().unwrap_err();
    proxy.join().unwrap();
    assert_eq!(error.kind, "http_403");
    assert!(error.detail.starts_with(&format!("a.example:80 through the proxy {address}: the server answered 403")));
}

#[test]
fn refusals_of_a_proxy_have_kinds_of_their_own() {
    let socks = ProxyProtocol::Socks5 { credentials: None };
    let refuses: fn(TcpStream) = |mut tcp| {
        head(&mut tcp);
        tcp.write_all(b"HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno").unwrap();
    };
    let closes: fn(TcpStream) = |mut tcp| drop(head(&mut tcp));
    let resets: fn(TcpStream) = |mut tcp| {
        head(&mut tcp);
        SockRef::from(&tcp).set_linger(Some(Duration::ZERO)).unwrap();
    };
    let not_found: fn(TcpStream) = |mut tcp| socks_reply(&mut tcp, b"\x05\x04\0\x01\0\0\0\0\0\0");
    for (protocol, proxy, kind, words) in [
        (
            HTTP,
            refuses,
            "proxy_407",
            "the proxy answered 407 Who are you (it wants credentials: --proxy-auth gives them)",
        ),
        (HTTP, closes, "proxy_eof", "the proxy closed the connection without an answer"),
        (HTTP, resets, "proxy_reset", "Connection reset by peer"),
        (socks, not_found, "proxy_host_unreachable", "the proxy did not connect to a.example:80: host unreachable"),
    ] {
        let (mut watched, address, proxy) = through(protocol, proxy);
        let error = watched.end().unwrap_err();
        proxy.join().unwrap();
        let begins = format!("proxy: {address}: {words}");
        assert!(error.kind == kind && error.detail.starts_with(&begins), "{error}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_told_apart_from_the_server() {
    let refusing = listener().1;
    let (route, _) = routed(HTTP, refusing);
    let error = Watched::new(&Rc::new(route)).end().unwrap_err();
    assert_eq!(error.to_string(), format!("proxy_refused: proxy: {refusing}: Connection refused (os error 111)"));
}

#[test]
fn a_proxy_without_tls_is_named() {
    let secure = ProxyProtocol::Http { tls: Some(test_server::trusting_client()), credentials: None };
    let (mut watched, address, proxy) = through(secure, |mut tcp| {
        let _ = tcp.read(&mut [0; 4096]).unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let error = watched.end().unwrap_err();
    proxy.join().unwrap();
    let words = "TLS with the proxy: the server does not speak TLS on this port: try http://";
    assert_eq!(error.to_string(), format!("proxy_not_tls: proxy: {address}: {words}"));
}

#[test]
fn silence_of_a_proxy_is_named_after_what_it_ends() {
    let silent: fn(TcpStream) -> TcpStream = |tcp| tcp;
    let slow: fn(TcpStream) -> TcpStream = |mut tcp| {
        head(&mut tcp);
        tcp.write_all(b"HTTP/1.1 20").unwrap();
        tcp
    };
    let secure = ProxyProtocol::Http { tls: Some(test_server::trusting_client()), credentials: None };
    let socks = ProxyProtocol::Socks5 { credentials: None };
    for (protocol, proxy, begun, words) in [
        (HTTP, silent, false, "no answer from PROXY within 1s"),
        (socks, silent, false, "no answer from PROXY within 1s (if it is an HTTP proxy, try http://)"),
        (HTTP, slow, true, "the answer of PROXY did not end within 1s"),
        (secure, silent, false, "no TLS handshake with PROXY within 1s (if it does not speak TLS, try http://)"),
    ] {
        let (mut watched, address, proxy) = through(protocol, proxy);
        watched.advance_until(|opening| match &opening.stage {
            Stage::Tunnel(_, _, tunnel) => tunnel.has_begun() || !begun,
            stage => matches!(stage, Stage::ProxyTls(..)),
        });
        let _open = proxy.join().unwrap();
        let detail = format!("proxy: {}", words.replace("PROXY", &address.to_string()));
        let error = failure(watched.pass());
        assert_eq!((error.kind.as_str(), error.detail), ("timeout", detail));
    }
}

#[test]
fn a_refusal_of_a_proxy_is_told_without_waiting_for_all_of_it() {
    let (mut watched, _, proxy) = through(HTTP, |mut tcp| {
        head(&mut tcp);
        tcp.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\ntry lat").unwrap();
        tcp
    });
    watched.advance_until(|opening| opening.wake() < Time::from_nanos(SECOND));
    let _open = proxy.join().unwrap();
    assert_eq!(watched.opening.wake(), Time::from_nanos(SECOND / 5));
    let error = failure(watched.pass());
    assert!(error.kind == "proxy_503" && error.detail.ends_with("it said `try lat`"), "{error}");
}
