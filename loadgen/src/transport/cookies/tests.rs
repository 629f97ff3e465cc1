use std::time::{Duration, SystemTime};

use super::*;

const HERE: CookiePlace<'_> = CookiePlace { host: "app.example", path: "/chat/room", secure: false };

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + seconds)
}

fn jar(fields: &[&str]) -> CookieJar {
    let mut jar = CookieJar::default();
    for field in fields {
        jar.set(HERE, field.as_bytes(), at(0));
    }
    jar
}

fn sent(jar: &CookieJar, to: CookiePlace<'_>, seconds: u64) -> String {
    let all = jar.sent_to(to, at(seconds));
    all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_cookie_has_a_name_and_a_value() {
    for (field, expected) in [
        ("sid=31d4d96e407aad42", "sid=31d4d96e407aad42"),
        (" sid = a b ; HttpOnly; SameSite=Lax", "sid=a b"),
        ("sid=a=b", "sid=a=b"),
        ("sid=\"quoted\"", "sid=\"quoted\""),
        ("sid=", "sid="),
        ("=x", ""),
        ("sid", ""),
        ("", ""),
        ("sid=a\tb", ""),
    ] {
        assert_eq!(sent(&jar(&[field]), HERE, 0), expected, "{field}");
    }
    let mut latin = CookieJar::default();
    latin.set(HERE, b"sid=\xe9", at(0));
    assert!(latin.is_empty(), "no UTF-8");
}

#[test]
fn a_later_cookie_of_a_name_stands_for_the_earlier() {
    let jar = jar(&["a=1", "b=2", "a=3", "a=4; Path=/"]);
    assert_eq!(sent(&jar, HERE, 0), "a=3; b=2; a=4", "longer paths first, then the oldest");
}

#[test]
fn a_cookie_goes_to_its_path_and_below() {
    let to = |path| CookiePlace { path, ..HERE };
    for (field, path, goes) in [
        ("a=1", "/chat/other", true),
        ("a=1", "/chat", true),
        ("a=1", "/chatter", false),
        ("a=1", "/", false),
        ("a=1; Path=/", "/any", true),
        ("a=1; Path=/x", "/x/y", true),
        ("a=1; Path=/x/", "/x/y", true),
        ("a=1; Path=/x/", "/x", false),
        ("a=1; Path=x", "/chat/x", true),
        ("a=1; path=\"/x\"", "/chat/x", true),
    ] {
        assert_eq!(sent(&jar(&[field]), to(path), 0) == "a=1", goes, "{field} to {path}");
    }
}

#[test]
fn a_cookie_goes_to_the_host_that_set_it() {
    for (field, is_kept) in [
        ("a=1; Domain=app.example", true),
        ("a=1; Domain=.APP.example", true),
        ("a=1; Domain=example", true),
        ("a=1; Domain=", true),
        ("a=1; Domain=other.example", false),
        ("a=1; Domain=pp.example", false),
    ] {
        assert_eq!(!jar(&[field]).is_empty(), is_kept, "{field}");
    }
    let cookies = jar(&["a=1; Domain=example"]);
    assert_eq!(sent(&cookies, CookiePlace { host: "b.example", ..HERE }, 0), "", "a domain widens nothing");
    let mut of_address = CookieJar::default();
    of_address.set(CookiePlace { host: "127.0.0.1", ..HERE }, b"a=1; Domain=0.0.1", at(0));
    assert!(of_address.is_empty());
}

#[test]
fn a_secure_cookie_is_set_and_sent_over_tls_only() {
    assert!(jar(&["a=1; Secure"]).is_empty());
    let (secure, mut cookies) = (CookiePlace { secure: true, ..HERE }, CookieJar::default());
    cookies.set(secure, b"a=1; Secure", at(0));
    assert_eq!((sent(&cookies, secure, 0), sent(&cookies, HERE, 0)), ("a=1".to_owned(), String::new()));
}

#[test]
fn a_cookie_lives_as_long_as_it_says() {
    for (field, at, lives) in [
        ("a=1", 1_000_000, true),
        ("a=1; Max-Age=10", 9, true),
        ("a=1; Max-Age=10", 10, false),
        ("a=1; Max-Age=99999999999999999999", 1_000_000, true),
        ("a=1; Max-Age=ten", 1_000_000, true),
        ("a=1; Expires=Sun, 09 Sep 2001 01:46:50 GMT", 9, true),
        ("a=1; Expires=Sun, 09 Sep 2001 01:46:50 GMT", 10, false),
        ("a=1; Max-Age=100; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 99, true),
        ("a=1; Expires=never", 1_000_000, true),
    ] {
        assert_eq!(sent(&jar(&[field]), HERE, at) == "a=1", lives, "{field} after {at} s");
    }
}

#[test]
fn what_has_expired_deletes_a_cookie() {
    for deletes in [
        "a=; Max-Age=0",
        "a=; Max-Age=-1",
        "a=; expires=Thu, 01-Jan-1970 00:00:00 GMT",
        "a=; Max-Age=-9999999999999999999",
    ] {
        assert!(jar(&["a=1", deletes]).is_empty(), "{deletes}");
    }
    assert_eq!(sent(&jar(&["a=1", "a=; Max-Age=0; Path=/"]), HERE, 0), "a=1", "that of another path");
}

#[test]
fn a_server_can_not_fill_the_memory() {
    let many: Vec<_> = (0..200).map(|number| format!("c{number}=x")).collect();
    let cookies = jar(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((cookies.cookies.len(), &*cookies.cookies[0].name), (MOST, "c150"));
    assert!(jar(&[&format!("a={}", "x".repeat(LARGEST))]).is_empty());
    let large: Vec<_> = (0..20).map(|number| format!("c{number}={}", "x".repeat(4000))).collect();
    let cookies = jar(&large.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(cookies.cookies.len(), 4);
}
