//! Servers behind TLS.

use loadgen::plan::{Connect, EngineKind, TlsOptions};
use server::Reply;

use crate::rig::{Reference, TestPlan, TlsProxy, complete, n32, plan, run, unreachable};

on_each_engine!(
    messages_go_through_tls,
    a_certificate_that_nobody_signed_is_refused_with_the_remedy,
    a_mix_up_of_ws_and_wss_is_named,
    a_server_that_wants_a_certificate_of_the_client_is_named
);

fn messages_go_through_tls(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let trusting = plan(engine, &proxy.url());
    // Records of TLS hold 16 KiB: some messages take several.
    for size in [64, 40_000] {
        let connect =
            Connect { tls: TlsOptions { insecure: true, ..TlsOptions::default() }, ..trusting.connect.clone() };
        let report = run(&TestPlan { clients: n32(5), size, connect, ..trusting.clone() });
        complete(&report);
        assert_eq!(report.total.measured.counts.matched, 5 * 24);
        assert_eq!(report.total.connections.opened, 5);
    }
}

fn a_certificate_that_nobody_signed_is_refused_with_the_remedy(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let what = unreachable(&plan(engine, &proxy.url()));
    assert!(what.contains("tls (1)") && what.contains("--insecure"), "{what}");
}

fn a_mix_up_of_ws_and_wss_is_named(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let what = unreachable(&plan(engine, &proxy.url().replace("wss://", "ws://")));
    assert!(what.contains("try wss://"), "{what}");
    let what = unreachable(&plan(engine, &server.url().replace("ws://", "wss://")));
    assert!(what.starts_with("tls (1): ") && what.contains("try ws://"), "{what}");
}

fn a_server_that_wants_a_certificate_of_the_client_is_named(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::for_certified_clients(server.address());
    let trusting = plan(engine, &proxy.url());
    let connect = Connect { tls: TlsOptions { insecure: true, ..TlsOptions::default() }, ..trusting.connect.clone() };
    let what = unreachable(&TestPlan { connect, ..trusting });
    assert!(what.starts_with("tls (1): ") && what.contains("wants a certificate of the client"), "{what}");
}
