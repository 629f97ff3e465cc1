//! The page for browsers, as an HTTP client sees it. The generator's tests try it in a browser.

use server::{Options, Reply, Stats};

use crate::rig::{PATIENCE, TestPeer, TestServer, handshake};

/// Head and body of the answer to `request`.
fn answer(server: &TestServer, request: &str) -> (String, String) {
    let mut peer = TestPeer::tcp(server.address);
    peer.send(request.as_bytes());
    let answer = peer.rest();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}

#[test]
fn a_browser_gets_a_page_with_a_strict_policy() {
    let server = TestServer::start(Options::default());
    for request in
        ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://x/?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"]
    {
        let (head, body) = answer(&server, request);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for header in [
            "Connection: close",
            "Content-Type: text/html; charset=utf-8",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            &format!("Content-Length: {}", body.len()),
        ] {
            assert!(head.lines().any(|line| line == header), "{header} is missing in: {head}");
        }
        let policy = head.split("Content-Security-Policy: ").nth(1).expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(policy.contains("; connect-src 'self'; ") && !policy.contains("unsafe"), "{policy}");
        assert!(body.starts_with("<!doctype html>") && body.ends_with("</html>\n"), "all of it");
    }
    let (head, body) = answer(&server, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && !head.contains("Content-Length: 0"), "{head}");
    assert_eq!(body, "", "HEAD has no body");
    assert_eq!(server.stats(), Stats { accepted: 4, pages: 4, ..Stats::default() });
}

#[test]
fn every_other_request_is_refused() {
    let server = TestServer::start(Options::default());
    let good = String::from_utf8(handshake(server.address)).expect("ASCII");
    for (request, status) in [
        ("GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "426"),
        ("POST / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "405"),
        ("HEAD /other HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "405"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (good.replace("Version: 13", "Version: 8"), "426"),
        (good.replace("Connection: Upgrade\r\n", ""), "426"),
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000)), "431"),
    ] {
        let (head, _) = answer(&server, &request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
    assert_eq!(server.stats().pages, 0);
    let server = TestServer::start(Options { page: false, ..Options::default() });
    let (head, _) = answer(&server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
}

#[test]
fn the_page_knows_that_the_reply_is_fixed_but_not_which() {
    let server = TestServer::start(Options { reply: Reply::Text("<b>reply</b>".to_owned()), ..Options::default() });
    let (_, body) = answer(&server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(body.contains(r#"<meta name="reply" content="text">"#) && !body.contains("<b>"), "{body}");
}

#[test]
fn a_full_server_has_no_page_either() {
    let mut options = Options::default();
    options.limits.connections = 1;
    options.limits.handshake = PATIENCE;
    let server = TestServer::start(options);
    let mut first = TestPeer::open(server.address);
    let (head, _) = answer(&server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    first.echo("still here");
    drop(first);
    let stats = server.stats();
    assert_eq!((stats.refused, stats.pages), (1, 0));
}
