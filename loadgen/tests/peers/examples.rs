//! Plans of `examples/` that go through TLS and proxies, with what is named in them.

use std::fs;

use reports::{Judgement, Report};
use server::Reply;

use crate::rig::{Certificates, HAPROXY, NGINX, Reference, TINYPROXY, complete, loadgen};

/// What a plan of `examples/` brings, in the folder of the certificates. `edits` change what it
/// says.
fn run(example: &str, certificates: &Certificates, edits: &[(&str, &str)]) -> (Report, Judgement) {
    let path = format!("{}/../examples/{example}", env!("CARGO_MANIFEST_DIR"));
    let mut plan = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (from, to) in edits {
        assert!(plan.contains(from), "{path} has no {from}");
        plan = plan.replace(from, to);
    }
    let edited = certificates.path("plan.toml");
    fs::write(&edited, plan).expect("a plan");
    loadgen(&edited, &["-d", "2s", "--warmup", "500ms", "--drain", "30s", "--only-delivery"])
}

#[test]
fn each_client_has_a_certificate_of_its_own() {
    let certificates = Certificates::make();
    let [authority, certificate, key] =
        ["authority.pem", "server.pem", "server.key"].map(|name| certificates.path(name));
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port().to_string();
    let arguments = [&port, "--certificate", &certificate, "--key", &key, "--client-ca", &authority];
    let nginx = NGINX.server("serve", &arguments);
    let data = format!("{}/../examples/mtls/users.csv", env!("CARGO_MANIFEST_DIR"));
    fs::copy(data, certificates.path("users.csv")).expect("a copy");
    let edits = [
        ("wss://staging.example.org/socket\"\n", &*format!("{}\"\n", nginx.tls_url())),
        ("\"ca.pem\"", "\"authority.pem\""),
        ("certs/{{user}}", "./{{user}}"),
    ];
    let (report, judgement) = run("mtls/mtls.toml", &certificates, &edits);
    complete(&report, &judgement);
    assert!(nginx.finish().iter().all(|entry| entry["client"].as_str().is_some_and(|name| name.contains("client-"))));
    upstream.finish();
}

#[test]
fn the_proxy_is_told_who_asks() {
    let certificates = Certificates::make();
    fs::write(certificates.path("auth"), "user:password").expect("a secret");
    let upstream = Reference::start(Reply::Echo);
    let proxy = TINYPROXY.server("serve", &["user", "password"]);
    let edits = [
        ("ws://127.0.0.1:9001", &*upstream.url()),
        ("127.0.0.1:3128", &*format!("127.0.0.1:{}", proxy.place)),
        ("env:PROXY_AUTH", "@auth"),
    ];
    let (report, judgement) = run("proxy.toml", &certificates, &edits);
    complete(&report, &judgement);
    assert!(!report.total.latency.connect_proxy.is_empty());
    assert_eq!(proxy.finish().len(), 100);
    upstream.finish();
}

#[test]
fn a_balancer_and_its_server_are_asked_for_one_name() {
    let certificates = Certificates::make();
    let [certificate, key] = ["server.pem", "server.key"].map(|name| certificates.path(name));
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port().to_string();
    let pair = [&*port, "--certificate", &certificate, "--key", &key];
    let (balancer, direct) = (HAPROXY.server("serve", &pair), NGINX.server("serve", &pair));
    let edits = [
        ("wss://localhost:9443", &*balancer.tls_url()),
        ("127.0.0.1:8443", &*format!("127.0.0.1:{}", direct.place)),
        ("\"ca.pem\"", "\"authority.pem\""),
    ];
    let (report, judgement) = run("balancer.toml", &certificates, &edits);
    complete(&report, &judgement);
    for log in [balancer.finish(), direct.finish()] {
        assert_eq!(log.len(), 50);
        assert!(log.iter().all(|entry| entry["name"] == "localhost"), "{log:?}");
    }
    upstream.finish();
}
