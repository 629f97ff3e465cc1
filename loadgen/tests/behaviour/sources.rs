//! `--source-ip`: the addresses that clients connect from.

use std::{collections::BTreeSet, net::TcpListener};

use crate::rig::{BadHandshake, BadHandshakeServer, Loadgen};

#[test]
fn clients_connect_from_each_address_in_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("bound"));
    let arguments = ["-c", "4", "--source-ip", "127.0.0.5-127.0.0.6", "--source-ip", "127.0.0.9,127.0.0.10"];
    let loadgen = Loadgen::start(&[&[url.as_str()], arguments.as_slice()].concat());
    let from = |_| listener.accept().expect("a client").1.ip().to_string();
    let seen: BTreeSet<String> = (0..4).map(from).collect();
    assert_eq!(seen, ["127.0.0.5", "127.0.0.6", "127.0.0.9", "127.0.0.10"].map(str::to_owned).into());
    drop(listener);
    let outcome = loadgen.finish();
    assert_eq!(outcome.code, Some(6), "nobody answers: {outcome:?}");
}

#[test]
fn addresses_that_can_not_be_are_refused() {
    let server = BadHandshakeServer::start(BadHandshake::Silent);
    let remote = server.url.as_str();
    for (arguments, parts) in [
        // TEST-NET-1 of RFC 5737: no machine has it.
        (&[remote, "--source-ip", "192.0.2.1"][..], &["--source-ip 192.0.2.1", "no such address", "ip -brief"][..]),
        (&["--source-ip", "::1"], &["--source-ip ::1", "no IPv6 address"]),
        (&["--source-ip", "::1,127.0.0.1"], &["--source-ip 127.0.0.1", "another family"]),
        (&["--source-ip", "eth0"], &["--source-ip", "'eth0'", "10.0.0.5-10.0.0.9"]),
        (&["--source-ip", "10.0.0.2-10.0.0.1"], &["--source-ip", "no range"]),
        (&["--source-ip", "127.0.0.2", "-c", "30k"], &["--clients 30000", "one source address", "--source-ip more"]),
    ] {
        let outcome = Loadgen::run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
}
