//! Oddities that RFC 6455 allows: nothing may be made of them.

use std::num::NonZeroU64;

use loadgen::{
    message::Mix,
    plan::{EngineKind, Until},
};

use crate::rig::{Behaviour, CloseAnswer, Cutting, Proxy, ScriptedServer, TestPlan, complete, n32, open, plan, run};

on_each_engine!(
    messages_are_whole_whatever_the_server_may_do,
    messages_are_whole_however_the_bytes_come,
    large_messages_in_fragments_are_whole,
    pings_are_answered_and_pongs_are_ignored,
    the_handshake_asks_for_what_url_and_plan_say
);

/// Texts hold a character of two bytes in every eight: fragments of eight bytes would never cut
/// one.
pub(crate) const BEHAVIOURS: &[Behaviour] = &[
    Behaviour::Echo,
    Behaviour::Bytewise,
    Behaviour::FragmentedWithPings { bytes: 1 },
    Behaviour::FragmentedWithPings { bytes: 10 },
    Behaviour::FragmentedWithEmptyOnes { bytes: 12 },
    Behaviour::FragmentedWithPongs { bytes: 15 },
    Behaviour::EchoWithPing,
    Behaviour::Closes(CloseAnswer::WithoutCode),
    Behaviour::Closes(CloseAnswer::Bytewise),
    Behaviour::Closes(CloseAnswer::AfterPingAndPong),
    Behaviour::Closes(CloseAnswer::Crossing),
    Behaviour::Closes(CloseAnswer::EndsItsSide),
    Behaviour::Closes(CloseAnswer::WaitsForTheClient),
];

/// Runs `plan` against a server of this behaviour, through a proxy if the stream is to be cut.
/// Everything is in order.
fn in_order(behaviour: &Behaviour, cutting: Option<Cutting>, plan: &TestPlan) {
    // Shown only if the test fails.
    println!("{behaviour:?}, {cutting:?}, {} of {} bytes", plan.mix, plan.size);
    let server = ScriptedServer::start(behaviour.clone());
    let proxy = cutting.map(|cutting| Proxy::in_front_of(server.address(), cutting));
    let url = proxy.as_ref().map_or_else(|| server.url(), Proxy::url);
    let report = run(&TestPlan { target: loadgen::plan::Target::Url(url.parse().expect("a URL")), ..plan.clone() });
    complete(&report);
    let seen = server.finish();
    assert_eq!(seen.iter().map(|seen| seen.messages).sum::<u64>(), report.total.measured.counts.sent);
    assert!(seen.iter().all(|seen| seen.closed == Some(1000)));
    let fragments = matches!(
        behaviour,
        Behaviour::FragmentedWithPings { .. }
            | Behaviour::FragmentedWithEmptyOnes { .. }
            | Behaviour::FragmentedWithPongs { .. }
    );
    if fragments && plan.mix != Mix::Binary {
        assert!(seen.iter().all(|seen| seen.characters_cut > 0), "no fragment ended within a character");
    }
}

fn messages_are_whole_whatever_the_server_may_do(engine: EngineKind) {
    for behaviour in BEHAVIOURS {
        for mix in [Mix::Text, Mix::Mixed] {
            in_order(behaviour, None, &TestPlan { clients: n32(2), mix, ..plan(engine, "ws://unused") });
        }
    }
}

fn messages_are_whole_however_the_bytes_come(engine: EngineKind) {
    for (seed, behaviour) in (1..).zip(BEHAVIOURS) {
        for cutting in [Cutting::Bytewise, Cutting::Collected, Cutting::Random { seed, longest: 16 }] {
            in_order(behaviour, Some(cutting), &TestPlan { clients: n32(2), ..plan(engine, "ws://unused") });
        }
    }
}

fn large_messages_in_fragments_are_whole(engine: EngineKind) {
    // With lengths that take two and eight bytes, for fragments as well.
    for (size, bytes) in [(5_000, 9), (66_000, 999), (200_000, 66_004)] {
        let large = TestPlan {
            load: open(100.0, 4),
            until: Until::Messages(NonZeroU64::new(12).expect("not 0")),
            mix: Mix::Text,
            size,
            ..plan(engine, "ws://unused")
        };
        for behaviour in [
            Behaviour::FragmentedWithPings { bytes },
            Behaviour::FragmentedWithEmptyOnes { bytes },
            Behaviour::FragmentedWithPongs { bytes },
        ] {
            in_order(&behaviour, None, &large);
            in_order(&behaviour, Some(Cutting::Random { seed: size.into(), longest: 5_000 }), &large);
        }
    }
}

fn pings_are_answered_and_pongs_are_ignored(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::EchoWithPing);
    let report = run(&plan(engine, &server.url()));
    complete(&report);
    let seen = &server.finish()[0];
    let numbers: Vec<_> = (0..seen.messages).map(|number| number.to_be_bytes().to_vec()).collect();
    // RFC 6455, section 5.5.3: only the most recent of several pings must be answered.
    assert!(seen.pongs.iter().all(|pong| numbers.contains(pong)), "{:?}", seen.pongs);
    assert!(seen.pongs.is_sorted(), "{:?}", seen.pongs);
    assert_eq!(seen.pongs.last(), numbers.last());
}

fn the_handshake_asks_for_what_url_and_plan_say(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::Echo);
    let url = format!("{}/a/path?token=1", server.url()).replace("ws://", "ws://user:p%40ss@");
    let mut plan = plan(engine, &url);
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
