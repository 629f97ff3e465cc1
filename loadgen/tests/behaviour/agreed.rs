//! What was agreed when connections opened stands in the result.

use loadgen::plan::{Connect, EngineKind, TlsOptions};
use server::Reply;

use crate::rig::{Reference, TestPlan, TlsProxy, complete, n32, plan, run};

on_each_engine!(handshakes_of_tls_are_counted, a_plain_run_has_agreed_on_nothing);

fn handshakes_of_tls_are_counted(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let proxy = TlsProxy::in_front_of(server.address());
    let plain = plan(engine, &proxy.url());
    let connect = Connect { tls: TlsOptions { insecure: true, ..TlsOptions::default() }, ..plain.connect.clone() };
    let report = run(&TestPlan { clients: n32(5), connect, ..plain });
    complete(&report);
    let tls = report.total.connections.tls.as_ref().expect("it was TLS");
    assert_eq!((tls.full, tls.resumed, tls.insecure), (5, 0, true));
    assert_eq!((tls.versions.values().sum::<u64>(), tls.ciphers.values().sum::<u64>()), (5, 5));
    assert_eq!(report.total.latency.connect_tls.len(), 5);
    let asked = report.plan.groups[0].connect.as_ref().and_then(|connect| connect.tls.as_ref());
    assert!(asked.is_some_and(|tls| tls.insecure));
}

fn a_plain_run_has_agreed_on_nothing(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let report = run(&plan(engine, &server.url()));
    complete(&report);
    let connections = &report.total.connections;
    assert_eq!((&connections.tls, &connections.compression), (&None, &None));
    assert!(connections.subprotocols.is_empty() && connections.addresses.is_empty());
    assert_eq!((connections.redirects, report.total.traffic.compressed), (0, <_>::default()));
    assert_eq!(report.plan.groups[0].connect, None);
}
