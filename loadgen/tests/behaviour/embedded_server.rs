//! The server that a run starts itself does what its clients ask for.

use loadgen::plan::{Compression, Connect, EngineKind, RequestOptions, Target};

use crate::rig::{Loadgen, TestPlan, complete, n32, plan, run};

fn with(engine: EngineKind, connect: Connect) -> TestPlan {
    TestPlan { target: Target::Embedded, clients: n32(3), connect, ..plan(engine, "ws://unused") }
}

on_each_engine!(its_subprotocols_are_those_of_its_clients);

fn its_subprotocols_are_those_of_its_clients(engine: EngineKind) {
    let subprotocols = vec!["v2.chat".to_owned(), "v1.chat".to_owned()];
    let request = RequestOptions { subprotocols, ..RequestOptions::default() };
    let report = run(&with(engine, Connect { request, ..Connect::default() }));
    complete(&report);
    assert_eq!(report.total.connections.subprotocols, [("v2.chat".to_owned(), 3)].into());
}

#[test]
fn it_compresses_as_its_clients_ask() {
    for (window_bits, context_takeover, agreed) in [
        (15, true, "permessage-deflate"),
        (10, true, "permessage-deflate; client_max_window_bits=10; server_max_window_bits=10"),
        (15, false, "permessage-deflate; client_no_context_takeover; server_no_context_takeover"),
    ] {
        let compression = Some(Compression { window_bits, context_takeover });
        let report = run(&with(EngineKind::Lean, Connect { compression, ..Connect::default() }));
        complete(&report);
        let counts = report.total.connections.compression.clone().expect("it was offered");
        assert_eq!((counts.agreed, counts.declined), (3, 0));
        assert_eq!(counts.parameters, [(agreed.to_owned(), 3)].into());
    }
}

#[test]
fn one_command_needs_no_set_up() {
    let options = ["--tls", "--compress", "--subprotocol", "chat", "-c", "20", "-n", "4", "--only-delivery", "--quiet"];
    let outcome = Loadgen::run(&options);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let rooms = ["--expect", "broadcast", "--room-size", "2", "-c", "2", "-n", "4", "--compress"];
    let outcome = Loadgen::run(&rooms);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--compress: the server that loadgen starts sends the same"), "{}", outcome.stderr);
}
