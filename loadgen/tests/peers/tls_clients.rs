//! The reference server with TLS, and clients by other authors.

use std::process::Command;

use serde_json::json;

use crate::{
    node::NODE,
    python::PYTHON,
    rig::{Certificates, Language, PATIENCE, Process, server_with},
};

/// The reference server with the certificate `server`, and its port.
fn serve(certificates: &Certificates, more: &[&str]) -> (Process, u16) {
    let [certificate, key] = ["server.pem", "server.key"].map(|name| certificates.path(name));
    server_with(&[&["--tls-cert", &certificate, "--tls-key", &key], more].concat())
}

/// A client that sends four texts and ten zero bytes gets them back one by one.
fn gets_echoes(language: &Language) {
    let certificates = Certificates::make();
    let (server, port) = serve(&certificates, &[]);
    let authority = certificates.path("authority.pem");
    let seen = language.trusting_client(&authority, &format!("wss://localhost:{port}"));
    let events: Vec<_> = seen.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(events, ["open", "message", "message", "message", "message", "message", "pong", "close"]);
    assert_eq!(seen[4], json!({ "event": "message", "type": "text", "data": "HelloWorld4" }));
    assert_eq!(seen[7]["code"], 1000);
    drop(server);
}

#[test]
fn node_gets_echoes_through_tls() {
    gets_echoes(&NODE);
}

#[test]
fn python_gets_echoes_through_tls() {
    gets_echoes(&PYTHON);
}

/// `openssl s_client`, which asks for an upgrade.
fn s_client(certificates: &Certificates, port: u16, options: &[&str]) -> Process {
    let authority = certificates.path("authority.pem");
    let place = format!("localhost:{port}");
    let checked = ["-CAfile", &*authority, "-verify_return_error", "-verify_hostname", "localhost"];
    let arguments = [&["s_client", "-connect", &*place, "-brief"], &checked[..], options].concat();
    let mut process = Process::start(Command::new("openssl").args(arguments));
    for line in [
        "GET / HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "",
    ] {
        process.say(&format!("{line}\r"));
    }
    process
}

#[test]
fn openssl_upgrades_in_both_versions() {
    let certificates = Certificates::make();
    let (server, port) = serve(&certificates, &[]);
    for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let mut client = s_client(&certificates, port, &[option]);
        assert_eq!(client.line(), "HTTP/1.1 101 Switching Protocols");
        let said = client.finish().stderr;
        assert!(said.contains(&format!("Protocol version: {version}")), "{said}");
    }
    drop(server);
}

#[test]
fn openssl_is_asked_for_a_certificate() {
    let certificates = Certificates::make();
    let (server, port) = serve(&certificates, &["--client-ca", &certificates.path("authority.pem")]);
    for version in ["-tls1_2", "-tls1_3"] {
        for client in ["client-0", "client-1", "client-2"] {
            let [certificate, key] = ["pem", "key"].map(|suffix| certificates.path(&format!("{client}.{suffix}")));
            let mut accepted = s_client(&certificates, port, &[version, "-cert", &certificate, "-key", &key]);
            assert_eq!(accepted.line(), "HTTP/1.1 101 Switching Protocols");
            accepted.finish();
        }
        let refused = s_client(&certificates, port, &[version]).wait(PATIENCE);
        assert!(refused.lines.is_empty() && refused.stderr.contains("alert"), "{refused:?}");
        let [stranger, key] = ["stranger.pem", "stranger.key"].map(|name| certificates.path(name));
        let refused = s_client(&certificates, port, &[version, "-cert", &stranger, "-key", &key]).wait(PATIENCE);
        assert!(refused.lines.is_empty() && refused.stderr.contains("alert"), "{refused:?}");
    }
    drop(server);
}
