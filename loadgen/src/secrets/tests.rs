use super::*;

fn words(line: &str) -> Vec<String> {
    shlex::split(line).unwrap()
}

#[test]
fn a_url_is_shown_without_what_is_secret() {
    for (url, shown) in [
        ("ws://example.org/chat", "ws://example.org/chat"),
        ("wss://alice:pass@example.org:1/chat?key=t0ken#part", "wss://***@example.org:1/chat?***"),
        ("ws://alice@example.org#part", "ws://***@example.org#***"),
        ("alice:pass@example.org", "***@example.org"),
        ("example.org/chat?t0ken", "example.org/chat?***"),
        // A password that should have been encoded.
        ("ws://alice:pa/ss@example.org/", "ws://***@example.org/"),
        ("ws://alice:pa@ss@example.org/", "ws://***@example.org/"),
        ("ws://alice:pa?ss@example.org/", "ws://***"),
        ("ws://alice:pa#ss@example.org/", "ws://***"),
        ("nonsense", "nonsense"),
    ] {
        assert_eq!(bare(url), shown, "{url}");
    }
}

#[test]
fn a_header_field_is_shown_as_its_name() {
    for (field, shown) in [
        ("Authorization: Bearer t0ken", "Authorization: ***"),
        ("Authorization Bearer t0ken", "***"),
        ("Authorization=Bearer t0ken", "***"),
        ("Bearer t0ken: more", "***"),
    ] {
        assert_eq!(bare_header(field), shown);
    }
}

#[test]
fn a_command_is_shown_without_what_is_secret() {
    for (command, shown) in [
        ("./server --listen {addr} -v", "./server --listen {addr} -v"),
        (
            "proxy -H 'Authorization: t0ken' --to=ws://u:p@host/a?b",
            "proxy -H Authorization: *** --to=ws://***@host/a?***",
        ),
        ("proxy -HX-Key:t0ken --header=t0ken ws://host", "proxy -HX-Key: *** --header=*** ws://host"),
        ("proxy --bearer t0ken --basic-auth=u:p -v", "proxy --bearer *** --basic-auth=*** -v"),
        ("sh -c 'exec proxy ws://u:p@host?q {addr}'", "sh -c exec proxy ws://***@host?*** {addr}"),
    ] {
        assert_eq!(bare_words(&words(command)).join(" "), shown);
    }
}

/// Secrets of a command line that are nowhere in `text` afterwards.
#[track_caller]
fn hides(line: &str, text: &str, shown: &str) {
    assert_eq!(Secrets::of_arguments(&words(line)).redact(text), shown, "{line}");
}

#[test]
fn what_a_server_sends_back_is_searched_for() {
    let line = "ws://alice:swordfish@host/chat?key=t0ken&x=1 -H 'Cookie: sid=c00kie; theme=dark' -H 'Authorization: Bearer b3arer'";
    for (text, shown) in [
        ("GET /chat?key=t0ken&x=1 HTTP/1.1", "GET /chat?*** HTTP/1.1"),
        ("{\"key\":\"T0KEN\"}", "{\"key\":\"***\"}"),
        ("alice and swordfish", "*** and ***"),
        ("Authorization: Basic YWxpY2U6c3dvcmRmaXNo, Bearer b3arer", "Authorization: Basic ***, ***"),
        ("sid=c00kie; theme=dark", "***"),
        ("the cookie c00kie, dark", "the cookie ***, ***"),
        ("nothing of it", "nothing of it"),
        // Cut, at either end.
        ("says swordf…+17", "says ***…+17"),
        ("dfish said", "*** said"),
        ("", ""),
    ] {
        hides(line, text, shown);
    }
}

#[test]
fn credentials_of_options_are_secrets() {
    for line in ["--basic-auth alice:swordfish", "--proxy-auth=alice:swordfish"] {
        hides(line, "alice, swordfish, YWxpY2U6c3dvcmRmaXNo", "***, ***, ***");
    }
    hides("--basic-auth @@alice:swordfish x", "@alice has a swordfish", "*** has a ***");
    hides("--bearer t0ken", "Bearer t0ken", "Bearer ***");
    hides("--bearer @t0ken.txt --basic-auth env:T0KEN", "t0ken.txt T0KEN", "t0ken.txt T0KEN");
}

#[test]
fn other_forms_of_a_secret_are_found() {
    hides("ws://a:p%40ssw%C3%B6rd@h", "p@ssw\u{f6}rd and p%40ssw%C3%B6rd and YTpwQHNzd8O2cmQ=", "*** and *** and ***=");
    hides(r#"-H 'X: a"b<c&d'"#, r#"{"x":"a\"b<c&d"} a&quot;b&lt;c&amp;d"#, r#"{"x":"***"} ***"#);
}

#[test]
fn secrets_are_found_in_a_line_that_is_wrong() {
    for line in [
        "alice:swordfish@host",
        "--out ws://x:swordfish@host",
        "--url=ws://host?swordfish",
        "-qH swordfish",
        "--header swordfish",
        "'X-Key: swordfish'",
        "-c 'X-Key: swordfish'",
        "host/path?a=swordfish",
        "--a 'cmd:proxy -H \"X: swordfish\" {addr}'",
        "--a 'cmd:sh -c \"exec proxy ws://a:swordfish@h {addr}\"'",
    ] {
        hides(line, "so: swordfish", "so: ***");
    }
    // Values of other options are no secrets.
    hides("--clients swordfish", "'swordfish' for --clients", "'swordfish' for --clients");
    for timed in ["0..50@1m30s", "20%@3s", "--stage=1k@500ms", "1k@1m,5..20%@3s"] {
        hides(timed, "'0..50@1m30s' 20%@3s 1k@500ms", "'0..50@1m30s' 20%@3s 1k@500ms");
    }
    hides("1234:5678@3s", "5678@3s", "***@3s");
}
