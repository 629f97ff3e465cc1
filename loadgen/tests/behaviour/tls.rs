//! Servers behind TLS.

use std::{collections::BTreeSet, fs, time::Duration};

use loadgen::plan::{
    ClientCertificate, Connect, EngineKind, Jitter, Reconnect, SessionLength, Sessions, Target, TlsOptions, TlsVersion,
};
use server::Reply;

use crate::rig::{Loadgen, Reference, SelfSigned, TestPlan, TlsProxy, complete, n32, open, plan, run, unreachable};

on_each_engine!(
    messages_go_through_tls,
    a_certificate_of_its_own_can_be_trusted,
    a_certificate_that_nobody_signed_is_refused_with_the_remedy,
    a_mix_up_of_ws_and_wss_is_named,
    a_server_gets_the_certificate_that_it_wants,
    sessions_of_a_client_are_resumed,
    the_embedded_server_needs_no_preparation
);

fn with(plan: &TestPlan, tls: TlsOptions) -> TestPlan {
    TestPlan { connect: Connect { tls, ..plan.connect.clone() }, ..plan.clone() }
}

fn insecure() -> TlsOptions {
    TlsOptions { insecure: true, ..TlsOptions::default() }
}

fn messages_go_through_tls(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    // Records of TLS hold 16 KiB: some messages take several.
    for size in [64, 40_000] {
        let report = run(&with(&TestPlan { clients: n32(5), size, ..plan(engine, &proxy.url()) }, insecure()));
        complete(&report);
        assert_eq!(report.total.measured.counts.matched, 5 * 24);
        assert_eq!(report.total.connections.opened, 5);
    }
}

fn a_certificate_of_its_own_can_be_trusted(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::named("chat.example", server.address());
    let trusting = TlsOptions { authorities: vec![proxy.certificate().file("pem")], ..TlsOptions::default() };
    let what = unreachable(&with(&plan(engine, &proxy.url()), trusting.clone()));
    assert!(what.starts_with("tls_wrong_name (1): ") && what.contains("--sni chat.example"), "{what}");
    let asking = TlsOptions { server_name: Some("chat.example".to_owned()), ..trusting };
    complete(&run(&with(&plan(engine, &proxy.url()), asking)));
    let names: Vec<_> = proxy.seen().into_iter().map(|seen| seen.name).collect();
    assert_eq!(names, [Some("chat.example".to_owned())]);
}

fn a_certificate_that_nobody_signed_is_refused_with_the_remedy(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let other = SelfSigned::new("other");
    let trusting = TlsOptions { authorities: vec![other.file("pem")], ..TlsOptions::default() };
    let what = unreachable(&with(&plan(engine, &proxy.url()), trusting));
    let file = other.file("pem").display().to_string();
    assert!(what.contains("tls_untrusted (1)") && what.contains("--insecure") && what.contains(&file), "{what}");
}

fn a_mix_up_of_ws_and_wss_is_named(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let what = unreachable(&plan(engine, &proxy.url().replace("wss://", "ws://")));
    assert!(what.starts_with("wants_tls (1): ") && what.contains("try wss://"), "{what}");
    let what = unreachable(&with(&plan(engine, &server.url().replace("ws://", "wss://")), insecure()));
    assert!(what.contains("tls (1): ") && what.contains("try ws://"), "{what}");
}

fn a_server_gets_the_certificate_that_it_wants(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let (ann, bob) = (SelfSigned::new("ann"), SelfSigned::new("bob"));
    let proxy = TlsProxy::for_certified_clients(server.address(), &[&ann]);
    let of = |client: &SelfSigned| {
        let path = |which| client.file(which).display().to_string().parse().expect("a path");
        let certificate = ClientCertificate { certificate: path("pem"), key: path("key") };
        with(&plan(engine, &proxy.url()), TlsOptions { certificate: Some(certificate), ..insecure() })
    };
    complete(&run(&of(&ann)));
    assert_eq!(proxy.seen()[0].certificate.as_deref(), Some(ann.der()));
    let what = unreachable(&with(&plan(engine, &proxy.url()), insecure()));
    assert!(what.starts_with("tls_no_client_certificate (1): ") && what.contains("--cert FILE"), "{what}");
    let what = unreachable(&of(&bob));
    assert!(what.starts_with("tls_client_certificate_refused (1): "), "{what}");
}

fn sessions_of_a_client_are_resumed(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let soon = Duration::from_millis(1);
    let sessions = Sessions {
        session: Some(SessionLength::Messages(8.try_into().expect("not 0"))),
        reconnect: Some(Reconnect { min: soon, max: soon, jitter: Jitter::None }),
        ..Sessions::default()
    };
    let coming = TestPlan { clients: n32(2), sessions, load: open(100.0, 2), ..plan(engine, &proxy.url()) };
    let report = run(&with(&coming, TlsOptions { resume: true, ..insecure() }));
    assert_eq!(report.total.measured.counts.matched, report.total.measured.counts.sent);
    let seen = proxy.seen();
    // The end of the run may interrupt an opening.
    assert!(report.total.connections.opened > 2 && seen.len() as u64 >= report.total.connections.opened, "{seen:?}");
    let counted = report.total.connections.tls.as_ref().expect("it was spoken");
    assert_eq!((counted.full, counted.insecure), (2, true));
    // The first of each client is a full one.
    assert_eq!(seen.iter().filter(|seen| !seen.resumed).count(), 2, "{seen:?}");
    run(&with(&coming, insecure()));
    assert!(proxy.seen()[seen.len()..].iter().all(|seen| !seen.resumed));
}

fn the_embedded_server_needs_no_preparation(engine: EngineKind) {
    for (version, name) in [(None, "1.3"), (Some(TlsVersion::Tls12), "1.2")] {
        let plan = TestPlan { target: Target::Embedded, clients: n32(3), ..plan(engine, "ws://unused") };
        let report = run(&with(&plan, TlsOptions { embedded: true, version, ..TlsOptions::default() }));
        complete(&report);
        assert!(report.target.url.starts_with("wss://127.0.0.1:"), "{:?}", report.target);
        let tls = report.total.connections.tls.clone().expect("it was spoken");
        assert_eq!((tls.full, tls.resumed, tls.versions.get(name), tls.insecure), (3, 0, Some(&3), false));
    }
}

#[test]
fn each_client_shows_the_certificate_of_its_row() {
    let server = Reference::start(Reply::Echo);
    let users: Vec<_> = ["ann", "bob", "eve"].map(SelfSigned::new).into();
    let proxy = TlsProxy::for_certified_clients(server.address(), &users.iter().collect::<Vec<_>>());
    let folder = tempfile::tempdir().unwrap();
    let rows = users.iter().map(|user| format!("{},{}\n", user.file("pem").display(), user.file("key").display()));
    let data = folder.path().join("users.csv");
    fs::write(&data, format!("cert,secret\n{}", rows.collect::<String>())).unwrap();
    let data = data.display().to_string();
    let (ca, url) = (proxy.certificate().file("pem").display().to_string(), proxy.url());
    let log = folder.path().join("keys.log");
    let arguments = [
        &url,
        "--clients",
        "6",
        "--rate",
        "20",
        "--duration",
        "500ms",
        "--warmup",
        "0",
        "--only-delivery",
        "--cacert",
        &ca,
        "--data",
        &data,
        "--cert",
        "{{cert}}",
        "--key",
        "{{secret}}",
    ];
    let output = Loadgen::start_with(&arguments, &[("SSLKEYLOGFILE", &log.display().to_string())]).finish();
    assert_eq!(output.code, Some(0), "{output:?}");
    let seen = proxy.seen();
    assert_eq!(seen.len(), 6);
    let shown: BTreeSet<_> = seen.iter().filter_map(|seen| seen.certificate.as_deref()).collect();
    assert_eq!(shown, users.iter().map(SelfSigned::der).collect());
    // Nobody else can read the log.
    let keys = fs::read_to_string(&log).unwrap();
    assert_eq!(keys.lines().filter(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).count(), 6, "{keys}");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&log).unwrap().permissions()) & 0o077, 0);
}

#[test]
fn files_that_can_not_be_used_are_refused_before_the_run() {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let (url, own) = (proxy.url(), proxy.certificate());
    let (pem, key) = (own.file("pem").display().to_string(), own.file("key").display().to_string());
    let cases: [(&[&str], &str); 4] = [
        (&["--cacert", "/nowhere/ca.pem"], "--cacert /nowhere/ca.pem: it can't be read"),
        (&["--cacert", &key], "it has a key; give the file of the certificate"),
        (&["--cert", &pem, "--key", &pem], "it has a certificate; give the file of its key"),
        (&["--cert", "{{user}}.pem", "--key", &key], "--cert: `{{user}}` is unknown"),
    ];
    for (options, words) in cases {
        let output = Loadgen::start(&[&[url.as_str(), "--duration", "1s"], options].concat()).finish();
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    // Values of data are not shown.
    let data = own.file("csv");
    fs::write(&data, format!("user\n{}\nsesame\n", own.file("pem").display())).unwrap();
    let data = data.display().to_string();
    let options = [&url, "--duration", "1s", "--data", &data, "--cert", "{{user}}", "--key", &key];
    let output = Loadgen::start(&options).finish();
    assert!(output.stderr.contains("--cert {{user}} of client 1: it can't be read"), "{}", output.stderr);
    assert!(!output.stderr.contains("sesame"), "{}", output.stderr);
    assert_eq!(proxy.seen(), []);
}
