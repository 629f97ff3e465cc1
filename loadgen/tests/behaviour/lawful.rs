//! Oddities that RFC 6455 allows: nothing may be made of them.

use loadgen::payload::Mix;
use loadgen::plan::Plan;

use crate::rig::{Conduct, Rogue, complete, n32, plan, run};

#[test]
fn however_the_bytes_come_the_messages_are_whole() {
    for conduct in [Conduct::Echo, Conduct::Bytewise, Conduct::Fragmented] {
        for mix in [Mix::Text, Mix::Mixed] {
            let server = Rogue::start(conduct.clone());
            let report = run(&Plan { clients: n32(2), mix, ..plan(&server.url()) });
            complete(&report);
            let seen = server.finish();
            assert_eq!(seen.iter().map(|seen| seen.messages).sum::<u64>(), report.measured.counts.sent, "{conduct:?}");
            assert!(seen.iter().all(|seen| seen.closed == Some(1000)), "{conduct:?}: {seen:?}");
        }
    }
}

#[test]
fn large_messages_in_fragments_are_whole() {
    let server = Rogue::start(Conduct::Fragmented);
    complete(&run(&Plan { size: 5000, ..plan(&server.url()) }));
    server.finish();
}

#[test]
fn each_ping_is_answered_by_a_pong_with_its_payload_and_pongs_are_ignored() {
    let server = Rogue::start(Conduct::Pinging);
    let report = run(&plan(&server.url()));
    complete(&report);
    let seen = &server.finish()[0];
    let numbers: Vec<_> = (0..seen.messages).map(|number| number.to_be_bytes().to_vec()).collect();
    // RFC 6455, section 5.5.3: only the most recent of several pings must be answered.
    assert!(seen.pongs.iter().all(|pong| numbers.contains(pong)), "{:?}", seen.pongs);
    assert!(seen.pongs.is_sorted(), "{:?}", seen.pongs);
    assert_eq!(seen.pongs.last(), numbers.last());
}

#[test]
fn the_opening_handshake_asks_for_what_the_url_and_the_plan_say() {
    let server = Rogue::start(Conduct::Echo);
    let url = format!("{}/a/path?token=1", server.url()).replace("ws://", "ws://user:p%40ss@");
    let mut plan = plan(&url);
    plan.connect.headers = vec![(http::HeaderName::from_static("x-test"), http::HeaderValue::from_static("yes"))];
    let report = run(&plan);
    complete(&report);
    let request = &server.finish()[0].request;
    assert!(request.starts_with("GET /a/path?token=1 HTTP/1.1\r\n"), "{request}");
    for line in ["x-test: yes", "authorization: Basic dXNlcjpwQHNz", "sec-websocket-version: 13"] {
        assert!(request.lines().any(|sent| sent.eq_ignore_ascii_case(line)), "{line}: {request}");
    }
    assert!(!request.to_ascii_lowercase().contains("sec-websocket-extensions"), "none is known: {request}");
}
