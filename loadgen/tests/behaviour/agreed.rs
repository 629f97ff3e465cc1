//! What was agreed when connections opened stands in the result.

use frames::deflate::{DeflateSettings, WindowBits};
use loadgen::plan::{Compression, Connect, EngineKind, TlsOptions};
use server::{Options, Reply};

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

#[test]
fn compression_and_what_it_saved_are_counted() {
    let window_bits = WindowBits::MOST;
    let compressing = Some(DeflateSettings { window_bits, no_context_takeover: false });
    for (settings, agreed) in [(compressing, 5), (None, 0)] {
        let server = Reference::start_with(Options { compression: settings, ..Options::default() });
        let plain = plan(EngineKind::Lean, &server.url());
        let connect = Connect { compression: Some(Compression::default()), ..plain.connect.clone() };
        let report = run(&TestPlan { clients: n32(5), connect, ..plain });
        complete(&report);
        let counts = report.total.connections.compression.as_ref().expect("it was offered");
        assert_eq!((counts.agreed, counts.declined), (agreed, 5 - agreed));
        assert_eq!(counts.parameters.values().sum::<u64>(), agreed);
        let traffic = &report.total.traffic;
        let (sent, received) = (traffic.compressed.sent_bytes, traffic.compressed.received_bytes);
        if agreed == 0 {
            assert_eq!(traffic.compressed, <_>::default(), "it was declined");
        } else {
            assert_eq!((sent, received), (traffic.sent_bytes, traffic.received_bytes), "on each connection");
            assert!(traffic.compressed.ratio().is_some());
        }
    }
}
