//! The route: target and header fields.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reports::escape;

use super::{columns::Columns, recording::Recording};

/// How the plan reaches the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Route {
    /// The URL, with columns in its query.
    pub(super) target: String,
    /// Where the page came from.
    pub(super) origin: Option<String>,
    /// Subprotocols, if all are well known.
    pub(super) subprotocol: Option<String>,
    /// Other header fields, with columns in place of what may be secret.
    pub(super) header: Vec<String>,
}

/// Parameters of a query that say which protocol is spoken: of Engine.IO, Phoenix, Pusher and the
/// like. Others may be secrets.
const PROTOCOL_PARAMETERS: [&str; 12] = [
    "eio",
    "transport",
    "v",
    "vsn",
    "version",
    "protocol",
    "format",
    "encoding",
    "compress",
    "client",
    "flash",
    "lang",
];

/// Fields that the handshake sets itself, that loadgen can't offer, or that tell of the browser
/// only.
const LEFT_OUT: [&str; 17] = [
    "host",
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-accept",
    "content-length",
    "transfer-encoding",
    "user-agent",
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "pragma",
    "dnt",
    "priority",
];

/// Names of subprotocols, from IANA's registry and from common libraries. Some services put a token
/// in this field, so other values may be secrets.
const SUBPROTOCOLS: [&str; 24] = [
    "graphql-ws",
    "graphql-transport-ws",
    "mqtt",
    "mqttv3.1",
    "v10.stomp",
    "v11.stomp",
    "v12.stomp",
    "wamp",
    "wamp.2.json",
    "wamp.2.msgpack",
    "wamp.2.cbor",
    "wamp.2.json.batched",
    "amqp",
    "xmpp",
    "sip",
    "soap",
    "ocpp1.6",
    "ocpp2.0",
    "ocpp2.0.1",
    "actioncable-v1-json",
    "actioncable-unsupported",
    "ws+meta.nchan",
    "chat",
    "json",
];

impl Route {
    pub(super) fn of(recording: &Recording, columns: &mut Columns, notes: &mut Vec<String>) -> Self {
        let (mut header, mut origin, mut subprotocol) = (Vec::new(), None, None);
        let is_alone =
            |name: &str| recording.header.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count() == 1;
        for (name, value) in &recording.header {
            let lower = name.to_ascii_lowercase();
            let is_left_out =
                LEFT_OUT.contains(&&*lower) || lower.starts_with("sec-fetch-") || lower.starts_with("sec-ch-");
            if is_left_out || lower.starts_with(':') || lower == "referer" || value.trim().is_empty() {
                continue;
            }
            match &*lower {
                "origin" if is_alone(name) && is_origin(value.trim()) => origin = Some(value.trim().to_owned()),
                "sec-websocket-protocol" if is_alone(name) && are_known(value) => {
                    subprotocol = Some(value.trim().to_owned());
                }
                _ => header.push(format!("{name}: {}", field(name, &lower, value.trim(), columns))),
            }
        }
        let is_known = |wanted: &str| recording.header.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !is_known("cookie") && !is_known("authorization") {
            notes.push(format!(
                "connection {}: it has neither Cookie nor Authorization. If your server wants one, add it to `header`: \
                 Chrome leaves them out unless it exports with sensitive data",
                recording.number
            ));
        }
        Self { target: target(&recording.url, columns, recording.number, notes), origin, subprotocol, header }
    }
}

/// The value of a field, with columns.
fn field(name: &str, lower: &str, value: &str, columns: &mut Columns) -> String {
    match lower {
        "origin" => value.replace("{{", "{{{{"),
        "sec-websocket-protocol" => subprotocols(value, columns),
        "cookie" => cookies(value, columns),
        "authorization" | "proxy-authorization" => credentials(name, value, columns),
        _ => columns.take(name, &format!("header field {}", shown(name)), value),
    }
}

/// Credentials behind the name of their scheme (RFC 9110, section 11.4).
fn credentials(name: &str, value: &str, columns: &mut Columns) -> String {
    let origin = format!("header field {}", shown(name));
    match value.split_once(' ') {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) && scheme.len() < 12 => {
            let template = format!("{scheme} {}", columns.take(name, &origin, rest.trim()));
            // What they are made of must not stand elsewhere, either.
            let pair = BASE64_STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
                columns.take("password", &format!("the password in {origin}"), password);
            }
            template
        }
        _ => columns.take(name, &origin, value),
    }
}

fn cookies(value: &str, columns: &mut Columns) -> String {
    let cookie = |part: &str| match part.trim().split_once('=') {
        Some((name, value)) if !value.is_empty() => {
            let column = columns.take(&format!("cookie_{name}"), &format!("cookie {}", shown(name)), value);
            format!("{}={column}", name.replace("{{", "{{{{"))
        }
        _ => part.trim().replace("{{", "{{{{"),
    };
    value.split(';').map(cookie).collect::<Vec<_>>().join("; ")
}

/// Whether this can be an origin as it is.
fn is_origin(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic()) && !value.contains("{{")
}

/// Whether all of these are well-known subprotocols, each there once.
fn are_known(value: &str) -> bool {
    let names: Vec<_> = value.split(',').map(str::trim).collect();
    let is_known = |name: &str| SUBPROTOCOLS.contains(&name.to_ascii_lowercase().as_str());
    names.iter().enumerate().all(|(index, name)| is_known(name) && !names[..index].contains(name))
}

fn subprotocols(value: &str, columns: &mut Columns) -> String {
    let one = |name: &str| match name.trim() {
        known if SUBPROTOCOLS.contains(&known.to_ascii_lowercase().as_str()) => known.to_owned(),
        other => columns.take("subprotocol", "header field Sec-WebSocket-Protocol", other),
    };
    value.split(',').map(one).collect::<Vec<_>>().join(", ")
}

/// The URL without user-info and fragment, and with columns in its query.
fn target(url: &str, columns: &mut Columns, number: usize, notes: &mut Vec<String>) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
    // Proxies write the scheme of the request.
    let scheme = match scheme {
        "https" => "wss",
        "http" => "ws",
        other => other,
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => {
            columns.take("user_info", "user name and password of the URL", user);
            notes.push(format!(
                "connection {number}: user name and password were taken out of the URL; if your server wants them, add \
                 them to `header` as Authorization"
            ));
            host
        }
        None => authority,
    };
    let mut parameter = |part: &str| match part.split_once('=') {
        Some((name, value)) if !value.is_empty() && !is_protocol(name, value) => {
            let column = columns.take(name, &format!("`{}` in the URL's query", shown(name)), value);
            format!("{}={column}", name.replace("{{", "{{{{"))
        }
        None if part.len() > 12 => columns.take("query", "the URL's query", part),
        _ => part.replace("{{", "{{{{"),
    };
    let query = query.map(|query| format!("?{}", query.split('&').map(&mut parameter).collect::<Vec<_>>().join("&")));
    format!("{scheme}://{authority}{}{}", columns.template(path), query.unwrap_or_default())
}

fn is_protocol(name: &str, value: &str) -> bool {
    let is_plain = value.len() <= 16 && value.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    is_plain && PROTOCOL_PARAMETERS.contains(&&*name.to_ascii_lowercase())
}

/// A name of the recording, so that it can stand in a comment.
fn shown(name: &str) -> String {
    escape(name.as_bytes(), 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(url: &str, header: &[(&str, &str)]) -> (Route, Columns) {
        let header = header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let recording = Recording { number: 1, url: url.to_owned(), header, ..Recording::default() };
        let mut columns = Columns::default();
        (Route::of(&recording, &mut columns, &mut Vec::new()), columns)
    }

    #[test]
    fn columns_stand_in_place_of_a_query() {
        for (url, target) in [
            ("wss://h/socket.io/?EIO=4&transport=websocket", "wss://h/socket.io/?EIO=4&transport=websocket"),
            ("wss://h:9/a?token=s3cr3t&v=2#x", "wss://h:9/a?token={{token}}&v=2"),
            ("https://h/a?v=a-very-long-and-so-perhaps-secret", "wss://h/a?v={{v}}"),
            ("http://joe:s3cr3t@h", "ws://h"),
            ("ws://h/{{a}}?s3cr3t-without-name", "ws://h/{{{{a}}?{{query}}"),
        ] {
            assert_eq!(route(url, &[]).0.target, target);
        }
    }

    #[test]
    fn fields_that_matter_are_kept_without_their_values() {
        let (route, columns) = route(
            "ws://h",
            &[
                ("Host", "h"),
                ("Origin", "https://shop.example"),
                ("User-Agent", "Mozilla"),
                ("Authorization", "Bearer s3cr3t"),
                ("Cookie", "sid=s3cr3t; theme=dark"),
                ("Sec-WebSocket-Protocol", "v12.stomp, s3cr3t-too"),
                ("Sec-WebSocket-Key", "AAAA"),
                ("X-Tenant", "acme"),
                ("X-Empty", ""),
            ],
        );
        assert_eq!(
            route.header,
            [
                "Authorization: Bearer {{authorization}}",
                "Cookie: sid={{authorization}}; theme={{cookie_theme}}",
                "Sec-WebSocket-Protocol: v12.stomp, {{subprotocol}}",
                "X-Tenant: {{x_tenant}}",
            ]
        );
        assert_eq!((route.origin.as_deref(), route.subprotocol), (Some("https://shop.example"), None));
        assert!(!columns.template_of_data().unwrap().contains("s3cr3t"));
    }

    #[test]
    fn known_subprotocols_are_an_option() {
        let (route, _) =
            route("ws://h", &[("Sec-WebSocket-Protocol", "v12.stomp, v11.stomp"), ("Origin", "a"), ("origin", "b")]);
        assert_eq!(route.subprotocol.as_deref(), Some("v12.stomp, v11.stomp"));
        assert_eq!((route.origin, route.header.len()), (None, 2), "which of two is meant, nobody knows");
    }

    #[test]
    fn a_secret_in_the_path_is_masked() {
        let (route, _) = route("ws://h/live/s3cr3t-session", &[("Cookie", "sid=s3cr3t-session")]);
        assert_eq!(route.target, "ws://h/live/{{cookie_sid}}");
    }

    #[test]
    fn a_password_of_basic_credentials_is_masked_elsewhere() {
        // joe:swordfish
        let (route, columns) = route("ws://h", &[("Authorization", "Basic am9lOnN3b3JkZmlzaA==")]);
        assert_eq!(route.header, ["Authorization: Basic {{authorization}}"]);
        assert_eq!(columns.template("say swordfish"), "say {{password}}");
    }
}
