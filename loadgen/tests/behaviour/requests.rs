//! What the opening handshake asks for, and whom it asks.

use std::fs;

use http::HeaderValue;
use loadgen::plan::EngineKind;
use server::Reply;

use crate::rig::{HandshakeAnswer, HandshakeProxy, Loadgen, Reference, TestPlan, complete, n32, plan, run};

on_each_engine!(clients_take_servers_in_turn, redirects_are_followed_and_counted);

fn passes(_: usize, _: &str) -> HandshakeAnswer {
    HandshakeAnswer::Passes(String::new())
}

#[test]
fn a_handshake_has_what_options_ask_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    fs::write(&token, "sesame-open\n").expect("a file");
    let token = format!("@{}", token.display());
    let run = |options: &[&str]| {
        let chosen = |_: usize, request: &str| {
            let offers = request.contains("Sec-WebSocket-Protocol: v2, v1\r\n");
            HandshakeAnswer::Passes(if offers { "Sec-WebSocket-Protocol: v1\r\n".to_owned() } else { String::new() })
        };
        let proxy = HandshakeProxy::start(chosen);
        let common = ["-c", "1", "-n", "1", "--warmup", "0s", "--only-delivery"];
        let outcome = Loadgen::run(&[&[&*proxy.url()], &common[..], options].concat());
        (outcome, proxy.finish().remove(0))
    };
    let (outcome, request) = run(&["--bearer", &token, "--origin", "https://a.example", "--subprotocol", "v2,v1"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    for field in [
        "Authorization: Bearer sesame-open",
        "Origin: https://a.example",
        "Sec-WebSocket-Protocol: v2, v1",
        "User-Agent: loadgen/",
    ] {
        assert!(request.contains(&format!("\r\n{field}")), "{field}: {request}");
    }
    let (outcome, request) = run(&["--basic-auth", "Aladdin:open sesame", "-H", "User-Agent: other"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    // The example of RFC 7617, section 2.
    assert!(request.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{request}");
    assert!(request.contains("\r\nUser-Agent: other\r\n") && !request.contains("loadgen/"), "{request}");
}

#[test]
fn a_server_that_chooses_no_subprotocol_is_refused() {
    let server = Reference::start(Reply::Echo);
    let outcome = Loadgen::run(&[&server.url(), "-c", "2", "--subprotocol", "chat"]);
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    assert!(
        outcome.stderr.contains("no_subprotocol (2): ") && outcome.stderr.contains("subprotocols chat"),
        "{outcome:?}"
    );
    server.finish();
}

fn clients_take_servers_in_turn(engine: EngineKind) {
    let proxies = [(); 3].map(|()| HandshakeProxy::start(passes));
    let urls = proxies.iter().map(|proxy| format!("{}/x/{{{{client}}}}", proxy.url()).parse().expect("a URL"));
    let target = loadgen::plan::Target::Urls(urls.collect());
    let report = run(&TestPlan { target, clients: n32(5), ..plan(engine, "ws://unused") });
    complete(&report);
    assert_eq!(report.total.connections.opened, 5);
    assert!(report.target.more_urls.len() == 2, "{:?}", report.target);
    let clients: Vec<Vec<_>> = proxies
        .into_iter()
        .map(|proxy| {
            let requests = proxy.finish();
            let mut clients: Vec<_> = requests.iter().map(|request| request[7..8].to_owned()).collect();
            clients.sort();
            clients
        })
        .collect();
    assert_eq!(clients, [vec!["0", "3"], vec!["1", "4"], vec!["2"]]);
}

#[test]
fn several_urls_stand_on_the_line_or_in_a_plan() {
    let proxies = [(); 2].map(|()| HandshakeProxy::start(passes));
    let (a, b) = (proxies[0].url(), proxies[1].url());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.toml");
    fs::write(&file, format!("target = [\"{a}\", \"{b}\"]\n")).expect("a file");
    let common = ["-c", "2", "-n", "2", "--warmup", "0s", "--only-delivery"];
    for given in [&[&*a, &*b][..], &["--target", &a, "--target", &b], &[file.to_str().expect("UTF-8")]] {
        let outcome = Loadgen::run(&[given, &common[..]].concat());
        assert_eq!(outcome.code, Some(0), "{given:?}: {outcome:?}");
        assert!(outcome.stdout.contains(&a) && outcome.stdout.contains(&b), "{outcome:?}");
    }
    assert_eq!(proxies.map(|proxy| proxy.finish().len()), [3, 3]);
    let refused = Loadgen::run(&[file.to_str().expect("UTF-8"), &a]);
    assert!(refused.code == Some(2) && refused.stderr.contains("give the server with --target"), "{refused:?}");
}

#[test]
fn no_redirect_is_followed_unless_asked_for() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n";
    let proxy = HandshakeProxy::start(move |_, _| HandshakeAnswer::Answers(moved.to_owned()));
    let outcome = Loadgen::run(&[&proxy.url(), "-c", "1"]);
    assert_eq!((outcome.code, proxy.finish().len()), (Some(6), 1), "{outcome:?}");
    assert!(outcome.stderr.contains("http_302 (1): ") && outcome.stderr.contains("Location `/other`"), "{outcome:?}");
    assert!(outcome.stderr.contains("--max-redirects"), "{outcome:?}");
}

/// An answer that redirects.
fn to(location: &str) -> HandshakeAnswer {
    let cookie = "Set-Cookie: step=one; Path=/\r\n";
    HandshakeAnswer::Answers(format!("HTTP/1.1 307 X\r\nLocation: {location}\r\n{cookie}Content-Length: 0\r\n\r\n"))
}

fn redirects_are_followed_and_counted(engine: EngineKind) {
    let last = HandshakeProxy::start(passes);
    let other = last.url().replace("ws://", "http://u:p@") + "/last";
    let first = HandshakeProxy::start(
        move |_, request| {
            if request.starts_with("GET /start?x=1 ") { to("middle") } else { to(&other) }
        },
    );
    let mut plan = TestPlan { clients: n32(2), ..plan(engine, &format!("{}/start?x=1", first.url())) };
    let field = |name: &'static str, value| (name.parse().expect("a name"), HeaderValue::from_static(value));
    plan.connect.headers =
        vec![field("authorization", "Bearer t0ken"), field("origin", "null"), field("x-key", "s3cret")];
    plan.connect.request.max_redirects = 2;
    let report = run(&plan);
    complete(&report);
    assert_eq!((report.total.connections.opened, report.total.connections.redirects), (2, 4));
    let has = |request: &str, field: &str| request.contains(&format!("\r\n{field}\r\n"));
    let (first, last) = (first.finish(), last.finish());
    assert_eq!((first.len(), last.len()), (4, 2));
    for request in &first {
        assert!(has(request, "Authorization: Bearer t0ken") && has(request, "X-Key: s3cret"), "{request}");
        assert_eq!(has(request, "Cookie: step=one"), request.starts_with("GET /middle "), "{request}");
    }
    // Another port is another origin. Cookies tell only hosts apart.
    for request in &last {
        assert!(request.starts_with("GET /last ") && has(request, "Origin: null"), "{request}");
        assert!(
            !request.contains("t0ken") && !request.contains("s3cret") && !has(request, "Authorization"),
            "{request}"
        );
    }
}

#[test]
fn redirects_without_end_are_refused_by_name() {
    let proxy = HandshakeProxy::start(|_, _| to("/again?token=s3cret"));
    let outcome = Loadgen::run(&[&proxy.url(), "-c", "1", "--max-redirects", "3"]);
    assert_eq!((outcome.code, proxy.finish().len()), (Some(6), 4), "{outcome:?}");
    let parts = ["too_many_redirects (1): ", "Location `/again?...`", "--max-redirects 3"];
    assert!(
        parts.iter().all(|part| outcome.stderr.contains(part)) && !outcome.stderr.contains("s3cret"),
        "{outcome:?}"
    );
}

#[test]
fn cookies_come_back_with_the_client() {
    let proxy =
        HandshakeProxy::start(|index, _| HandshakeAnswer::Passes(format!("Set-Cookie: sid=n{index}; Path=/\r\n")));
    let options = [
        "-c",
        "1",
        "-n",
        "4",
        "--session",
        "2msg",
        "--reconnect",
        "1ms..1ms none",
        "--warmup",
        "0s",
        "--only-delivery",
    ];
    let outcome = Loadgen::run(&[&[&*proxy.url()], &options[..]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let requests = proxy.finish();
    assert!(requests.len() > 1 && !requests[0].contains("Cookie"), "{requests:?}");
    assert!(requests[1].contains("\r\nCookie: sid=n0\r\n"), "{requests:?}");
}
