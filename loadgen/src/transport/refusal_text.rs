//! Explains a refused opening handshake: what the server said, and what may help.

use std::fmt::Display;

use frames::handshake::{Declined, ResponseError};
use reports::{escape, escape::visible_part};

use super::ConnectError;
use crate::secrets::Secrets;

/// Bytes shown of each thing that a server chose.
const SHOWN: usize = 100;
/// No limit for [`escape()`]: secrets are masked before anything is cut.
const UNCUT: usize = usize::MAX - 8;

/// Explains a refusal in one line. `secure` means over TLS.
pub(super) fn explain(refusal: &ResponseError, secure: bool, secrets: &Secrets) -> String {
    let shown = |bytes: &[u8]| format!("`{}`", masked(bytes, secrets));
    match refusal {
        ResponseError::Declined(declined) => declined_words(declined, secure, secrets),
        ResponseError::NotHttp(beginning) => not_http(beginning, secure, &shown),
        ResponseError::Ended(beginning) if beginning.is_empty() => {
            format!("the server closed the connection without an answer{}", maybe_tls(secure))
        }
        ResponseError::Ended(beginning) => format!("{refusal}; it began with {}", shown(beginning)),
        ResponseError::NoUpgrade(Some(said)) | ResponseError::NoConnection(Some(said)) => {
            format!("{refusal}: the field is {}", shown(said))
        }
        ResponseError::WrongAccept(said) => format!("{refusal}: it is {}", shown(said)),
        ResponseError::Extension(said) => {
            format!("{refusal}: {} (RFC 6455, section 4.1 forbids it)", shown(said))
        }
        ResponseError::Subprotocol(said) => {
            let hint = "(--subprotocol NAME offers one; case matters)";
            format!("{refusal}: {} {hint}", shown(said))
        }
        ResponseError::DeflateParameters { said, .. } => {
            format!("{refusal}: {} (RFC 7692, section 7.1 forbids it)", shown(said))
        }
        ResponseError::MalformedExtension(said) | ResponseError::SeveralSubprotocols(said) => {
            format!("{refusal}: {}", shown(said))
        }
        _ => refusal.to_string(),
    }
}

/// The server accepted, and chose none of the subprotocols that were offered. Browsers fail then,
/// too: see "establish a WebSocket connection" in <https://websockets.spec.whatwg.org>.
pub(super) fn no_subprotocol(peer: &impl Display, offered: &[String]) -> ConnectError {
    let offered = offered.join(", ");
    let remedy = "a browser would refuse it, too; -H 'Sec-WebSocket-Protocol: ...' lets a server choose none";
    ConnectError::new(
        "no_subprotocol",
        format!("{peer}: the server accepted without one of the subprotocols {offered} ({remedy})"),
    )
}

/// What a server said, escaped and cut, with the user's secrets masked.
pub(super) fn masked(bytes: &[u8], secrets: &Secrets) -> String {
    visible_part(&secrets.redact(&escape(bytes, UNCUT)), SHOWN)
}

/// A possible cause when a server without TLS says nothing.
pub(super) fn maybe_tls(secure: bool) -> &'static str {
    if secure { "" } else { " (if it speaks TLS, try wss://)" }
}

/// Whether a server answered in TLS to a request without it.
pub(super) fn is_tls(refusal: &ResponseError) -> bool {
    // The type and the major version of a record: RFC 8446, section 5.1.
    matches!(refusal, ResponseError::NotHttp(beginning) if matches!(beginning[..], [0x14..=0x17, 3, ..]))
}

fn not_http(beginning: &[u8], secure: bool, shown: &impl Fn(&[u8]) -> String) -> String {
    match beginning {
        [0x14..=0x17, 3, ..] if !secure => "the server answered with TLS: try wss://".to_owned(),
        // A SETTINGS frame: RFC 9113, section 3.4.
        [0, 0, _, 4, ..] => "the server speaks HTTP/2 without being asked, and a WebSocket needs HTTP/1.1".to_owned(),
        _ if beginning.starts_with(b"SSH-") => format!("an SSH server answered: {}", shown(beginning.trim_ascii())),
        _ => format!("the answer is not HTTP; it begins with {}", shown(beginning.trim_ascii())),
    }
}

fn declined_words(declined: &Declined, secure: bool, secrets: &Secrets) -> String {
    let masked = |bytes: &[u8]| masked(bytes, secrets);
    let mut words = format!("the server answered {}", declined.status);
    if !declined.reason.is_empty() {
        words = format!("{words} {}", masked(&declined.reason));
    }
    for name in ["Location", "Retry-After", "WWW-Authenticate", "Sec-WebSocket-Version"] {
        let Some(value) = declined.fields.first(name) else { continue };
        let value = match name {
            "Location" => location(value),
            // What follows the scheme may be long and says nothing to people.
            "WWW-Authenticate" => value.split(|byte| b" \t,".contains(byte)).next().unwrap_or_default().to_vec(),
            _ => value.to_vec(),
        };
        words = format!("{words}, {name} `{}`", masked(&value));
    }
    if let Some(hint) = hint(declined, secure) {
        words = format!("{words} ({hint})");
    }
    let said = said(declined);
    if said.is_empty() { words } else { format!("{words}; it said `{}`", masked(&said)) }
}

/// The target of a redirect, without possible secrets.
fn location(value: &[u8]) -> Vec<u8> {
    let end = value.iter().position(|byte| b"?#".contains(byte));
    let Some(end) = end else { return value.to_vec() };
    [&value[..end], b"?..."].concat()
}

/// The readable part of a body: the title of a page, or its first bytes.
pub(super) fn said(declined: &Declined) -> Vec<u8> {
    if declined.fields.first("content-encoding").is_some() {
        return Vec::new();
    }
    let body = &declined.body;
    let lower = body.to_ascii_lowercase();
    let find = |what: &[u8]| lower.windows(what.len()).position(|window| window == what);
    match (find(b"<title>"), find(b"</title>")) {
        (Some(from), Some(to)) if from + 7 <= to => body[from + 7..to].trim_ascii().to_vec(),
        _ => body.trim_ascii().to_vec(),
    }
}

/// What may help, for the common statuses.
fn hint(declined: &Declined, secure: bool) -> Option<&'static str> {
    let says = |words: &[u8]| {
        let texts = [&declined.reason, &declined.body];
        texts.iter().any(|text| text.to_ascii_lowercase().windows(words.len()).any(|window| window == words))
    };
    Some(match declined.status {
        // nginx answers so: its TLS takes clients without a certificate, or with a wrong one.
        400 if secure && says(b"ssl certificate") => "--cert FILE --key FILE give a certificate that it takes",
        400 if !secure && says(b"https") => "this port speaks TLS: try wss://",
        200..300 => "this path answers plain HTTP: is it the right path?",
        300..400 => {
            "loadgen follows none without --max-redirects N; or give it the URL of Location, with ws:// or wss://"
        }
        401 => "--basic-auth, --bearer or -H 'Authorization: ...' sends credentials",
        403 => "credentials (--bearer, --basic-auth, -H 'Cookie: ...') or --origin may be missing",
        404 => "is the path the right one?",
        407 => "a proxy wants credentials",
        426 if declined.fields.first("sec-websocket-version").is_some() => {
            "loadgen speaks version 13 of WebSocket: does the server speak another one?"
        }
        426 => "is this the server's path for WebSockets, and does a proxy before it pass upgrades on?",
        429 => "the server limits the rate: try a lower --connect-rate",
        502 | 504 => "a proxy answered, and could not reach the server behind it",
        503 => "the server has no room: fewer --clients, or a lower --connect-rate",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use frames::handshake::{Key, ResponseReader};

    use super::*;

    fn said_of(answer: &[u8], secure: bool) -> String {
        let mut reader = ResponseReader::new(&Key::random(), &[]);
        let refusal = reader.take(answer).err().unwrap_or_else(|| reader.finish());
        explain(&refusal, secure, &Secrets::default())
    }

    #[test]
    fn what_a_server_says_is_shown_with_what_may_help() {
        let cases: &[(&[u8], &[&str])] = &[
            (
                b"HTTP/1.1 400 Bad Request\r\nContent-Length: 24\r\n\r\nsubprotocol is required\n",
                &["400 Bad Request; it said `subprotocol is required`"],
            ),
            (
                b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /ws/?token=1\r\n\r\n",
                &["Location `/ws/?...`", "--max-redirects"],
            ),
            (
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"x\"\r\n\r\n",
                &["WWW-Authenticate `Bearer`", "-H 'Authorization"],
            ),
            (b"HTTP/1.1 403 Forbidden\r\n\r\n", &["403 Forbidden", "--origin"]),
            (b"HTTP/1.1 404 Not Found\r\n\r\n<html><TITLE>Nothing here</TITLE>", &["path", "it said `Nothing here`"]),
            (b"HTTP/1.1 426 X\r\nSec-WebSocket-Version: 8, 7\r\n\r\n", &["Sec-WebSocket-Version `8, 7`", "version 13"]),
            (b"HTTP/1.1 503 X\r\nRetry-After: 120\r\n\r\n", &["Retry-After `120`", "--connect-rate"]),
            (b"HTTP/1.1 200 OK\r\n\r\nhi", &["200 OK", "right path?", "`hi`"]),
            (b"HTTP/1.1 400 Bad\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", &["try wss://"]),
            (b"\x15\x03\x01\x00\x02\x02\x46", &["TLS", "try wss://"]),
            (b"", &["without an answer", "wss://"]),
            (b"SSH-2.0-OpenSSH_9.7\r\n", &["SSH", "`SSH-2.0-OpenSSH_9.7`"]),
            (b"\x1b[2J\xff\n", &["not HTTP", "`\\x1b[2J\\xff`"]),
            (b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n", &["`Upgrade: websocket`", "the field is `h2c`"]),
            (b"HTTP/1.1 999 \x1b\r\n\r\n", &["malformed"]),
        ];
        for (answer, parts) in cases {
            let words = said_of(answer, false);
            assert!(parts.iter().all(|part| words.contains(part)), "{words}");
            assert!(!words.contains(char::is_control), "{words:?}");
        }
        assert!(!said_of(b"", true).contains("wss"), "it is over TLS already");
        let nginx = b"HTTP/1.1 400 Bad Request\r\n\r\n<title>400 No required SSL certificate was sent</title>";
        assert!(said_of(nginx, true).contains("--cert FILE"));
    }

    #[test]
    fn what_a_server_throws_back_of_our_secrets_is_masked() {
        let secrets = Secrets::of_arguments(&["-H".to_owned(), "X-Token: sesame-open".to_owned()]);
        let mut reader = ResponseReader::new(&Key::random(), &[]);
        let answer =
            b"HTTP/1.1 403 no sesame-open\r\nLocation: /sesame-open\r\nContent-Length: 13\r\n\r\n<sesame-open>";
        let words = explain(&reader.take(answer).unwrap_err(), false, &secrets);
        assert!(!words.contains("sesame") && words.contains("it said `<***>`"), "{words}");
    }
}
