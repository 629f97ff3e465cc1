//! Ways through proxies and unix sockets. The proxies' logs tell which way was taken.

use std::fs;

use serde_json::{Value, json};
use server::Reply;

use crate::rig::{
    Certificates, Language, MICROSOCKS, NGINX, PeerServer, Reference, SQUID, TINYPROXY, complete, loadgen, unreachable,
};

const LOAD: &[&str] = &["-c", "50", "-r", "20", "-d", "1s", "--warmup", "0s", "--drain", "30s", "--only-delivery"];
const CLIENTS: usize = 50;

/// Where the proxy is, for `--proxy`.
fn address(scheme: &str, proxy: &PeerServer) -> String {
    format!("{scheme}://127.0.0.1:{}", proxy.place)
}

/// All clients go through a proxy that anybody may use, in plain text and with TLS.
fn passes(proxy: &Language, scheme: &str, tunnel: fn(u16) -> Value) {
    let certificates = Certificates::make();
    let authority = certificates.path("authority.pem");
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port();
    let [certificate, key] = ["server.pem", "server.key"].map(|name| certificates.path(name));
    let nginx = NGINX.server("serve", &[&port.to_string(), "--certificate", &certificate, "--key", &key]);
    let nginx_port = nginx.place.parse().expect("a port");

    for (url, port) in [(upstream.url(), port), (format!("wss://127.0.0.1:{nginx_port}"), nginx_port)] {
        let proxy = proxy.server("serve", &[]);
        let way = ["--proxy", &address(scheme, &proxy), "--cacert", &authority];
        let way = if url.starts_with("wss") { &way[..] } else { &way[..2] };
        let (report, judgement) = loadgen(&url, &[LOAD, way].concat());
        complete(&report, &judgement);
        assert_eq!(proxy.finish(), vec![tunnel(port); CLIENTS]);
    }
    nginx.finish();
    upstream.finish();
}

/// Who has the right credentials passes. Who has wrong ones, or none, is told by `words`.
fn asks_who_it_is(proxy: &Language, arguments: &[&str], scheme: &str, words: [&str; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a secret");
        format!("@{}", path.display())
    };
    let (right, wrong) =
        (secret("right", "canary-user:canary-password\n"), secret("wrong", "canary-user:canary-guess\n"));
    let upstream = Reference::start(Reply::Echo);
    let proxy = proxy.server("serve", arguments);
    let way = ["--proxy", &address(scheme, &proxy)];
    let (report, judgement) = loadgen(&upstream.url(), &[LOAD, &way, &["--proxy-auth", &right]].concat());
    complete(&report, &judgement);
    for (auth, words) in [&["--proxy-auth", &*wrong][..], &[]].into_iter().zip(words) {
        let said = unreachable(&upstream.url(), &[LOAD, &way, auth].concat());
        assert!(said.contains(words) && said.contains("--proxy-auth"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    proxy.finish();
    assert_eq!(upstream.finish().accepted, CLIENTS as u64, "only they came through");
}

const CREDENTIALS: &[&str] = &["canary-user", "canary-password"];

#[test]
fn tinyproxy_opens_a_tunnel_for_each_client() {
    passes(&TINYPROXY, "http", |_| json!({ "host": "127.0.0.1" }));
}

#[test]
fn tinyproxy_asks_who_it_is() {
    // Wrong credentials get 401 of it.
    asks_who_it_is(&TINYPROXY, CREDENTIALS, "http", ["proxy_401", "proxy_407"]);
}

#[test]
fn squid_opens_a_tunnel_for_each_client() {
    let tunnel =
        |port| json!({ "method": "CONNECT", "target": format!("127.0.0.1:{port}"), "status": 200, "user": "-" });
    passes(&SQUID, "http", tunnel);
}

#[test]
fn squid_asks_who_it_is() {
    let arguments = ["--user", CREDENTIALS[0], "--password", CREDENTIALS[1]];
    asks_who_it_is(&SQUID, &arguments, "http", ["proxy_407", "proxy_407"]);
}

#[test]
fn microsocks_connects_each_client() {
    let connection = |port| json!({ "host": "127.0.0.1", "port": port });
    passes(&MICROSOCKS, "socks5", connection);
    passes(&MICROSOCKS, "socks5h", connection);
}

#[test]
fn microsocks_asks_who_it_is() {
    asks_who_it_is(&MICROSOCKS, CREDENTIALS, "socks5", ["proxy_auth", "proxy_auth"]);
}

#[test]
fn names_are_looked_up_by_the_proxy_if_it_can() {
    let upstream = Reference::start(Reply::Echo);
    let url = format!("ws://localhost:{}", upstream.address().port());
    let cases =
        [("http", TINYPROXY, "localhost"), ("socks5h", MICROSOCKS, "localhost"), ("socks5", MICROSOCKS, "127.0.0.1")];
    for (scheme, proxy, host) in cases {
        let proxy = proxy.server("serve", &[]);
        let (report, judgement) = loadgen(&url, &[LOAD, &["--proxy", &address(scheme, &proxy)]].concat());
        complete(&report, &judgement);
        let log = proxy.finish();
        assert_eq!(log.len(), CLIENTS);
        assert!(log.iter().all(|entry| entry["host"] == host), "{log:?}");
    }
    upstream.finish();
}

/// TLS to the proxy, and through its tunnel TLS to the server.
#[test]
fn squid_speaks_tls_around_tls() {
    let certificates = Certificates::make();
    let [authority, certificate, key] =
        ["authority.pem", "server.pem", "server.key"].map(|name| certificates.path(name));
    let pair = ["--certificate", &certificate, "--key", &key];
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port().to_string();
    let nginx = NGINX.server("serve", &[&[&*port], &pair[..]].concat());
    let proxy = SQUID.server("serve", &pair);
    for url in [upstream.url(), nginx.tls_url()] {
        let way = ["--proxy", &address("https", &proxy), "--cacert", &authority];
        let (report, judgement) = loadgen(&url, &[LOAD, &way].concat());
        complete(&report, &judgement);
    }
    assert_eq!(proxy.finish().len(), 2 * CLIENTS);
    nginx.finish();
    upstream.finish();
}

#[test]
fn a_unix_socket_of_nginx_is_a_way_in() {
    let certificates = Certificates::make();
    let [authority, certificate, key] =
        ["authority.pem", "server.pem", "server.key"].map(|name| certificates.path(name));
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port().to_string();
    let plain: &[&str] = &["--unix"];
    for (url, more) in
        [("ws://localhost", plain), ("wss://localhost", &["--unix", "--certificate", &certificate, "--key", &key])]
    {
        let nginx = NGINX.server("serve", &[&[&*port], more].concat());
        let way = ["--unix-socket", &nginx.place, "--cacert", &authority];
        let way = if url.starts_with("wss") { &way[..] } else { &way[..2] };
        let (report, judgement) = loadgen(url, &[LOAD, way].concat());
        complete(&report, &judgement);
        let log = nginx.finish();
        assert_eq!(log.len(), CLIENTS);
        assert!(log.iter().all(|entry| entry["remote"] == "unix:" && entry["status"] == 101), "{log:?}");
    }
    upstream.finish();
}
