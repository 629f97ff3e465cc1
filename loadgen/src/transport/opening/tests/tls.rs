//! Openings with TLS, and without where the server speaks it.

use std::thread::{self, JoinHandle};

use super::*;
use crate::transport::tls::{
    TlsClient,
    test_server::{self, distrusting_client, trusting_client},
};

/// An opening over TLS, and a thread that serves the connection.
fn secure<T: Send + 'static>(
    tls: TlsClient,
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Watched, JoinHandle<T>) {
    let (listener, address) = listener();
    let mut route = route(&[address]);
    route.destinations[0].tls = Some(tls);
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    (Watched::new(&Rc::new(route)), server)
}

/// Answers a request over TLS, in two writes, with a frame behind it.
fn answer(tcp: TcpStream) {
    let mut tls = test_server::accept(tcp);
    let (mut reader, mut buffer) = (RequestReader::default(), [0; 64]);
    let request = loop {
        let bytes = tls.read(&mut buffer).unwrap();
        if let Some(request) = reader.take(&buffer[..bytes]).unwrap() {
            break request;
        }
    };
    let response = [&request.response(None, None)[..], b"\x81\x01a"].concat();
    let (first, rest) = response.split_at(30);
    tls.write_all(first).unwrap();
    tls.write_all(rest).unwrap();
}

#[test]
fn the_handshake_goes_through_tls() {
    let (mut watched, server) = secure(trusting_client(), answer);
    let opened = watched.end().unwrap();
    server.join().unwrap();
    assert_eq!(opened.early_bytes, b"\x81\x01a");
    assert_eq!(opened.opened.phases, Phases { tls: Some(0), ..Phases::default() });
    assert!(!opened.stream.holds());
}

#[test]
fn silence_in_the_tls_handshake_is_named() {
    let (mut watched, server) = secure(trusting_client(), |tcp| tcp);
    watched.advance_until(|opening| matches!(opening.stage, Stage::Tls(..)));
    let silent = server.join().unwrap();
    let peer = silent.local_addr().unwrap();
    let error = failure(watched.pass());
    let detail = format!("no TLS handshake with {peer} within 1s (if it does not speak TLS, try ws://)");
    assert_eq!((error.kind.as_str(), error.detail), ("timeout", detail));
}

#[test]
fn a_server_without_tls_is_named() {
    let answers: [(&[u8], &str, &str); 2] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not_tls", "the server does not speak TLS on this port: try ws://"),
        (b"", "tls", "the server closed the connection in the TLS handshake (if it does not speak TLS, try ws://)"),
    ];
    for (answer, kind, words) in answers {
        let (mut watched, server) = secure(trusting_client(), move |mut tcp| {
            let peer = tcp.local_addr().unwrap();
            let _ = tcp.read(&mut [0; 4096]).unwrap();
            tcp.write_all(answer).unwrap();
            peer
        });
        let error = watched.end().unwrap_err();
        assert_eq!(error.to_string(), format!("{kind}: {}: {words}", server.join().unwrap()));
    }
}

#[test]
fn a_certificate_that_nobody_signed_is_named() {
    let (mut watched, server) = secure(distrusting_client(), |tcp| {
        let refused = test_server::accept(tcp).read(&mut [0; 64]);
        refused.unwrap_err().to_string()
    });
    let error = watched.end().unwrap_err();
    assert_eq!(error.kind, "tls_untrusted");
    let words = ["`rcgen self signed cert` was issued by the server itself", "--cacert FILE", "--insecure"];
    assert!(words.iter().all(|words| error.detail.contains(words)), "{error}");
    // The server is told why.
    let alert = server.join().unwrap();
    assert!(alert.contains("UnknownCA") || alert.contains("Certificate"), "{alert}");
}

#[test]
fn tls_where_none_was_asked_for_is_named() {
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let _ = test_server::accept(listener.accept().unwrap().0).read(&mut [0; 64]);
    });
    let error = Watched::new(&Rc::new(route(&[address]))).end().unwrap_err();
    server.join().unwrap();
    assert_eq!(error.to_string(), format!("wants_tls: {address}: the server answered with TLS: try wss://"));
}
