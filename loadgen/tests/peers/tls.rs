//! Proxies end TLS in front of a server that has none. Their logs tell what they saw.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use server::Reply;

use crate::{
    node::NODE,
    rig::{Certificates, HAPROXY, Language, NGINX, PeerServer, Reference, complete, loadgen, unreachable},
};

/// 1000 messages a second, some of them in several records.
const LOAD: &[&str] =
    &["-c", "50", "-r", "20", "-d", "1s", "--warmup", "0s", "--size", "64..20KiB", "--drain", "30s", "--only-delivery"];

/// A proxy that ends TLS with the certificate `name`, in front of the server at `port`.
fn ends_tls(proxy: &Language, port: &str, certificates: &Certificates, name: &str, more: &[&str]) -> PeerServer {
    let [certificate, key] = ["pem", "key"].map(|suffix| certificates.path(&format!("{name}.{suffix}")));
    proxy.server("serve", &[&[port, "--certificate", &certificate, "--key", &key], more].concat())
}

/// What the connections that were upgraded have for `key` in a proxy's log.
fn logged<'a>(log: &'a [Value], key: &str) -> Vec<&'a Value> {
    log.iter().filter(|entry| entry["status"] == 101).map(|entry| &entry[key]).collect()
}

/// 50 clients, in the version that the options choose.
fn goes_through(proxy: &Language, port: &str, options: &[&str], version: &str) {
    let certificates = Certificates::make();
    let proxy = ends_tls(proxy, port, &certificates, "server", &[]);
    let trusted = ["--cacert", &certificates.path("authority.pem")];
    let (report, judgement) = loadgen(&proxy.tls_url(), &[LOAD, &trusted, options].concat());
    complete(&report, &judgement);
    let tls = report.total.connections.tls.clone().expect("TLS");
    assert_eq!((tls.full, tls.resumed, tls.insecure), (50, 0, false));
    assert_eq!(tls.versions, [(version.to_owned(), 50)].into());
    let log = proxy.finish();
    assert_eq!(logged(&log, "protocol"), vec![&json!(format!("TLSv{version}")); 50]);
    assert_eq!(logged(&log, "name"), vec![&json!("localhost"); 50]);
}

#[test]
fn nginx_ends_tls_before_our_server() {
    let upstream = Reference::start(Reply::Echo);
    goes_through(&NGINX, &upstream.address().port().to_string(), &[], "1.3");
    upstream.finish();
}

#[test]
fn haproxy_ends_tls_before_our_server() {
    let upstream = Reference::start(Reply::Echo);
    goes_through(&HAPROXY, &upstream.address().port().to_string(), &["--tls", "1.2"], "1.2");
    upstream.finish();
}

#[test]
fn nginx_ends_tls_before_node() {
    let upstream = NODE.server("echo", &[]);
    goes_through(&NGINX, &upstream.place, &["--tls", "1.2"], "1.2");
    upstream.finish();
}

#[test]
fn haproxy_ends_tls_before_node() {
    let upstream = NODE.server("echo", &[]);
    goes_through(&HAPROXY, &upstream.place, &["--engine", "tungstenite"], "1.3");
    upstream.finish();
}

/// Each client comes back twice, and the proxy says how many resumed a session.
fn resumes(proxy: &Language, version: &str, resumed_is: &Value) {
    let certificates = Certificates::make();
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port().to_string();
    let authority = certificates.path("authority.pem");
    let cut: &[_] = &["-c", "10", "-r", "20", "-d", "2500ms", "--drop", "every 1s", "--reconnect", "10ms..20ms none"];
    let options = ["--warmup", "0s", "--only-delivery", "--cacert", &authority, "--tls", version];
    for resume in [&["--tls-resume"][..], &[]] {
        let proxy = ends_tls(proxy, &port, &certificates, "server", &[]);
        let (report, judgement) = loadgen(&proxy.tls_url(), &[cut, &options, resume].concat());
        assert_eq!(judgement.verdict, reports::Verdict::Pass, "{judgement:?}");
        let connections = &report.total.connections;
        let tls = connections.tls.clone().expect("TLS");
        assert_eq!(tls.full + tls.resumed, connections.opened);
        let log = proxy.finish();
        let seen = logged(&log, "resumed").into_iter().filter(|resumed| *resumed == resumed_is).count() as u64;
        // The run may end before a client hears that it was let in again.
        let unheard = logged(&log, "status").len() as u64 - connections.opened;
        assert!((tls.resumed..=tls.resumed + unheard).contains(&seen), "{seen} for {tls:?}: {log:?}");
        // A client has no session before its first connection.
        let returned = if resume.is_empty() { 0 } else { connections.opened - 10 };
        assert_eq!(tls.resumed, returned, "{connections:?}");
        assert!(connections.opened >= 20, "{connections:?}");
    }
    upstream.finish();
}

#[test]
fn nginx_sees_sessions_resumed_in_tls_1_3() {
    resumes(&NGINX, "1.3", &json!("r"));
}

#[test]
fn nginx_sees_sessions_resumed_in_tls_1_2() {
    resumes(&NGINX, "1.2", &json!("r"));
}

#[test]
fn haproxy_sees_sessions_resumed_in_tls_1_3() {
    resumes(&HAPROXY, "1.3", &json!(1));
}

/// Three clients with keys of three formats. Who has no certificate is refused with `none`, who has
/// one that a stranger signed with `strange`.
fn wants_certificates(proxy: &Language, subject: &str, none: [&str; 3], strange: [&str; 2]) {
    let certificates = Certificates::make();
    let authority = certificates.path("authority.pem");
    let data = certificates.path("clients.csv");
    fs::write(&data, "user\nclient-0\nclient-1\nclient-2\n").expect("the data");
    let upstream = Reference::start(Reply::Echo);
    let port = upstream.address().port().to_string();
    for version in ["1.2", "1.3"] {
        let proxy = ends_tls(proxy, &port, &certificates, "server", &["--client-ca", &authority]);
        let trusting = ["--cacert", &authority, "--tls", version, "-c", "6", "-r", "10", "-d", "1s", "--warmup", "0s"];
        let (cert, key) = (certificates.path("{{user}}.pem"), certificates.path("{{user}}.key"));
        let own = ["--data", &data, "--cert", &cert, "--key", &key, "--only-delivery"];
        let (report, judgement) = loadgen(&proxy.tls_url(), &[&trusting[..], &own].concat());
        complete(&report, &judgement);

        let said = unreachable(&proxy.tls_url(), &trusting);
        assert!(none.iter().all(|words| said.contains(words)), "{version}: {said}");
        let [stranger, its_key] = ["stranger.pem", "stranger.key"].map(|name| certificates.path(name));
        let own = ["--cert", &stranger, "--key", &its_key];
        let said = unreachable(&proxy.tls_url(), &[&trusting[..], &own].concat());
        assert!(strange.iter().all(|words| said.contains(words)), "{version}: {said}");

        let log = proxy.finish();
        let clients = logged(&log, "client");
        assert_eq!(clients.len(), 6);
        let names: BTreeSet<_> = clients.iter().map(|client| client.as_str().expect("a subject")).collect();
        let expected = [0, 1, 2].map(|client| format!("{subject}CN=client-{client}"));
        assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
    }
    upstream.finish();
}

#[test]
fn nginx_answers_400_to_who_has_no_certificate() {
    let none = ["http_400", "No required SSL certificate was sent", "--cert"];
    wants_certificates(&NGINX, "", none, ["http_400", "The SSL certificate error"]);
}

#[test]
fn haproxy_sends_an_alert_to_who_has_no_certificate() {
    let none = ["tls_no_client_certificate", "wants a certificate of the client", "--cert"];
    wants_certificates(&HAPROXY, "/", none, ["tls_client_certificate_refused", "does not trust who issued it"]);
}

#[test]
fn who_does_not_trust_nginx_is_told_what_to_do() {
    let certificates = Certificates::make();
    let upstream = Reference::start(Reply::Echo);
    let proxy = ends_tls(&NGINX, &upstream.address().port().to_string(), &certificates, "server", &[]);
    let few = ["-c", "5", "-r", "10", "-d", "1s", "--warmup", "0s", "--only-delivery"];
    let stranger = certificates.path("stranger.pem");
    let said = unreachable(&proxy.tls_url(), &[&few[..], &["--cacert", &stranger]].concat());
    assert!(said.contains("tls_untrusted") && said.contains("--cacert"), "{said}");
    let authority = certificates.path("authority.pem");
    let trusting = [&few[..], &["--cacert", &authority]].concat();
    let said = unreachable(&proxy.tls_url(), &[&trusting[..], &["--sni", "example.org"]].concat());
    assert!(said.contains("tls_wrong_name") && said.contains("is for `localhost`"), "{said}");
    let said = unreachable(&proxy.url, &trusting[..few.len()]);
    assert!(said.contains("try wss://"), "{said}");

    let (report, judgement) = loadgen(&proxy.tls_url(), &[&few[..], &["--insecure"]].concat());
    complete(&report, &judgement);
    assert!(report.total.connections.tls.expect("TLS").insecure);
    proxy.finish();
    upstream.finish();
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_by_name() {
    let certificates = Certificates::make();
    let upstream = Reference::start(Reply::Echo);
    for proxy in [NGINX, HAPROXY] {
        let proxy = ends_tls(&proxy, &upstream.address().port().to_string(), &certificates, "self", &[]);
        let (report, judgement) =
            loadgen(&proxy.tls_url(), &[LOAD, &["--cacert", &certificates.path("self.pem")]].concat());
        complete(&report, &judgement);
        proxy.finish();
    }
    upstream.finish();
}
