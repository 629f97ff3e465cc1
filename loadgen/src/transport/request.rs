//! The request of the opening handshake.

use std::{borrow::Cow, sync::Arc};

use frames::handshake::{Fields, Key, request};
use http::{
    HeaderName, HeaderValue,
    header::{COOKIE, HOST, SEC_WEBSOCKET_PROTOCOL},
};
use percent_encoding::percent_encode;
use url::Url;

use super::{
    Destination, ResolvedPath, Route,
    cookies::CookiePlace,
    redirect::{Redirects, is_same_origin, may_leave_the_origin},
    url_parts,
};
use crate::{
    message::{BoundTemplate, CapturedValues, Place, Template, Values},
    plan::Group,
    secrets::{RESERVED, Secrets},
};

/// What differs from client to client in the requests of a group.
#[derive(Clone, Debug)]
pub(crate) struct PersonalRequest {
    values: Arc<Values>,
    authority: Option<BoundTemplate>,
    /// Indices of header fields, and their values.
    headers: Vec<(usize, BoundTemplate)>,
}

impl PersonalRequest {
    /// What differs in the requests of a group with these header fields, if something does or may:
    /// the values of data stand in what is masked, too.
    ///
    /// # Errors
    /// A template names what is not there, which the plan's checks find.
    pub(super) fn of(group: &Group, headers: &[Header], values: &Arc<Values>) -> Result<Option<Self>, String> {
        let named = |value: &HeaderValue| Template::named_in(value.as_bytes()).map_err(|error| error.to_string());
        let bind = |template: &Template| values.bind(template, Place::Connection);
        let mut of_fields = Vec::new();
        for (index, (_, value)) in headers.iter().enumerate() {
            of_fields.extend(named(value)?.map(|template| Ok((index, bind(&template)?))));
        }
        let headers = of_fields.into_iter().collect::<Result<Vec<_>, String>>()?;
        let host = group.connect.headers.iter().find(|(name, _)| name == HOST);
        let host = host.map_or(Ok(None), |(_, value)| named(value))?;
        let authority = host.as_ref().map(bind).transpose()?;
        let differs = group.data.is_some() || authority.is_some() || !headers.is_empty();
        Ok(differs.then(|| Self { values: Arc::clone(values), authority, headers }))
    }
}

/// Subprotocols that header fields offer.
pub(super) fn offered<'h>(headers: impl Iterator<Item = (&'h HeaderName, &'h [u8])>) -> Arc<[String]> {
    let lines = headers
        .filter(|(name, _)| *name == SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|(_, value)| std::str::from_utf8(value).ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A header field.
type Header = (HeaderName, HeaderValue);

impl Route {
    /// The request of a client with this key.
    pub(super) fn request(&self, key: &Key, client: u32) -> Vec<u8> {
        self.captured.with(client, |captured| self.request_with(key, client, captured))
    }

    fn request_with(&self, key: &Key, client: u32, captured: &[Box<str>]) -> Vec<u8> {
        let destination = self.destination(client);
        let resource = self.resource(client, captured);
        let mut bytes = Vec::with_capacity(512);
        let fields = self.fields(client, captured);
        let cookies = self.cookie_field(client, &resource, &fields);
        let fields = fields.iter().filter(|(header, _)| cookies.is_none() || header.0 != COOKIE);
        let fields = fields.map(|(header, value)| (titled(header.0.as_str()), &**value));
        let cookies = cookies.as_deref().map(|cookies| ("Cookie".to_owned(), cookies));
        let fields: Vec<_> = fields.chain(cookies).collect();
        let fields = fields.iter().map(|(name, value)| (name.as_str(), *value));
        let compression = self.compression.map(|offer| offer.to_string());
        let extensions = compression.iter().map(|offer| ("Sec-WebSocket-Extensions", offer.as_bytes()));
        let fields = fields.chain(extensions);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let authority = self.personal.as_deref().and_then(|personal| personal.authority.as_ref());
        let authority = authority.map(|template| text(template.encode_values(client, captured, of_field)));
        let authority = authority.as_ref().unwrap_or(&destination.authority);
        request(&mut bytes, authority, &resource, key, fields);
        bytes
    }

    /// Path and query of a client's request.
    fn resource(&self, client: u32, captured: &[Box<str>]) -> Cow<'_, str> {
        let destination = self.destination(client);
        let encode = |value: &[u8]| percent_encode(value, RESERVED).to_string().into_bytes();
        match &destination.personal_resource {
            None => Cow::Borrowed(&destination.resource),
            Some(template) => {
                let bytes = template.encode_values(client, captured, encode);
                Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }

    /// The cookies of a client's request: those that servers have set, and those that `fields`
    /// give. None if no server has set any.
    fn cookie_field(&self, client: u32, resource: &str, fields: &[(&Header, Cow<'_, [u8]>)]) -> Option<Vec<u8>> {
        let cookies = self.cookies.as_ref().filter(|cookies| cookies.has(client))?;
        let given: Vec<_> = fields.iter().filter(|(header, _)| header.0 == COOKIE).map(|(_, value)| &**value).collect();
        cookies.field(client, self.cookie_place(client, resource), &given.join(&b"; "[..]))
    }

    fn cookie_place<'a>(&'a self, client: u32, resource: &'a str) -> CookiePlace<'a> {
        let origin = &self.destination(client).origin;
        let path = resource.split_once('?').map_or(resource, |(path, _)| path);
        CookiePlace { host: origin.host_str().unwrap_or_default(), path, secure: origin.scheme() == "wss" }
    }

    /// Keeps the cookies that a response to a client sets.
    pub(super) fn hear_cookies(&self, client: u32, fields: &Fields) {
        let Some(cookies) = &self.cookies else { return };
        let resource = self.captured.with(client, |captured| self.resource(client, captured).into_owned());
        cookies.hear(client, self.cookie_place(client, &resource), fields);
    }

    /// The URL of a client's request.
    pub(super) fn url(&self, client: u32) -> Url {
        let origin = &self.destination(client).origin;
        let resource = self.captured.with(client, |captured| self.resource(client, captured).into_owned());
        origin.join(&resource).unwrap_or_else(|_| origin.clone())
    }

    /// The route of one client to where a redirect leads, on this way. Nothing in it differs from
    /// client to client any more. What may be a secret goes to the same origin only.
    pub(super) fn redirected(&self, client: u32, to: &Url, path: ResolvedPath) -> Result<Self, String> {
        let from = self.destination(client);
        let stays = is_same_origin(&from.origin, to);
        let redirects = self.redirects.as_ref().map(Redirects::after_one);
        let tls = redirects.as_ref().map_or(Ok(None), |redirects| redirects.tls(to))?;
        let authority = self.personal.as_deref().and_then(|personal| personal.authority.as_ref());
        self.captured.with(client, |captured| {
            let kept = self.fields(client, captured).into_iter();
            let kept = kept.filter(|(header, _)| stays || may_leave_the_origin(&header.0));
            let kept =
                kept.filter_map(|(header, value)| Some((header.0.clone(), HeaderValue::from_bytes(&value).ok()?)));
            let given = authority.map(|template| template.encode_values(client, captured, of_field));
            let given = given.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let authority =
                if stays { given.unwrap_or_else(|| from.authority.clone()) } else { url_parts::authority(to) };
            let destination = Destination {
                path,
                origin: url_parts::origin(to),
                authority,
                resource: url_parts::resource(to),
                personal_resource: None,
                headers: Vec::new(),
                tls,
            };
            Ok(Self {
                destinations: vec![destination],
                first_client: 0,
                headers: kept.collect(),
                offered: self.offered(client),
                demands_subprotocol: self.demands_subprotocol,
                personal: None,
                captured: CapturedValues::default(),
                cookies: self.cookies.clone(),
                redirects,
                secrets: self.secrets_of(client).into_owned(),
                timeout: self.timeout,
                limits: self.limits,
                compression: self.compression,
                wire_shape: self.wire_shape,
            })
        })
    }

    /// Header fields of a client's request, and their values.
    fn fields(&self, client: u32, captured: &[Box<str>]) -> Vec<(&Header, Cow<'_, [u8]>)> {
        let mut fields: Vec<_> =
            self.headers.iter().map(|header| (header, Cow::Borrowed(header.1.as_bytes()))).collect();
        for (index, template) in self.personal.iter().flat_map(|personal| &personal.headers) {
            fields[*index].1 = Cow::Owned(template.encode_values(client, captured, of_field));
        }
        let of_destination = self.destination(client).headers.iter();
        fields.extend(of_destination.map(|header| (header, Cow::Borrowed(header.1.as_bytes()))));
        fields
    }

    /// Subprotocols that a client offers.
    pub(super) fn offered(&self, client: u32) -> Arc<[String]> {
        let differs = self.personal.iter().flat_map(|personal| &personal.headers);
        if !differs.into_iter().any(|(index, _)| self.headers[*index].0 == SEC_WEBSOCKET_PROTOCOL) {
            return Arc::clone(&self.offered);
        }
        let fields = self.captured.with(client, |captured| self.fields(client, captured));
        offered(fields.iter().map(|(header, value)| (&header.0, &**value)))
    }

    /// A text without the values that a client remembers, and without its cookies.
    pub(crate) fn without_captured(&self, client: u32, text: String) -> String {
        let text = self.captured.with(client, |captured| match captured {
            [] => text,
            captured => Secrets::default().with(captured.iter().map(|value| &**value)).redact(&text),
        });
        match &self.cookies {
            None => text,
            Some(cookies) => cookies.with_values(client, |values| match values {
                [] => text,
                values => Secrets::default().with(values.iter().copied()).redact(&text),
            }),
        }
    }

    /// What is masked in what a server says to a client.
    pub(super) fn secrets_of(&self, client: u32) -> Cow<'_, Secrets> {
        let secrets = match &self.personal {
            Some(personal) => Cow::Owned(self.secrets.with(personal.values.row(client))),
            None => Cow::Borrowed(&self.secrets),
        };
        let secrets = self.captured.with(client, |captured| match captured {
            [] => secrets,
            captured => Cow::Owned(secrets.with(captured.iter().map(|value| &**value))),
        });
        match &self.cookies {
            None => secrets,
            Some(cookies) => cookies.with_values(client, |values| match values {
                [] => secrets,
                values => Cow::Owned(secrets.with(values.iter().copied())),
            }),
        }
    }
}

/// What a value is in a header field: without bytes that can't stand there. Only what a server sent
/// may have any.
fn of_field(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| *byte == b'\t' || !byte.is_ascii_control()).collect()
}

/// A field's name as people and careless servers expect it: `User-Agent`, `Sec-WebSocket-Protocol`.
fn titled(name: &str) -> String {
    let words = name.split('-').map(|word| match (word, word.split_at_checked(1)) {
        ("websocket", _) => "WebSocket".to_owned(),
        (_, Some((first, rest))) => format!("{}{rest}", first.to_ascii_uppercase()),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{engine::simulated, message::Capture, transport::cookies::CookieJars};

    #[test]
    fn what_a_client_remembers_stands_in_its_request() {
        let captures = [Capture { name: "last".to_owned(), pattern: "(?s)last=(.*)".parse().unwrap() }];
        let values = Arc::new(Values::new(7, 10, 0, None).with_captures(&captures));
        let bind = |text: &str| values.bind(&text.parse().unwrap(), Place::Connection).unwrap();
        let headers = vec![(HeaderName::from_static("x-last"), HeaderValue::from_static("-"))];
        let personal = PersonalRequest {
            values: Arc::clone(&values),
            authority: None,
            headers: vec![(0, bind("it was {{last}}"))],
        };
        let personal = Some(Arc::new(personal));
        let mut route = Route { headers, personal, ..simulated::route(Duration::from_secs(1)) };
        route.destinations[0].personal_resource = Some(bind("/room?after={{last}}"));
        let request = |client| String::from_utf8(route.request(&Key::random(), client)).unwrap();
        assert!(
            request(3).starts_with("GET /room?after= HTTP/1.1\r\n") && request(3).contains("\r\nX-Last: it was \r\n")
        );
        route.captured.hear(&captures, 3, b"last=a&b c\r\nX-Evil: 1");
        let third = request(3);
        assert!(third.starts_with("GET /room?after=a%26b%20c%0D%0AX-Evil%3A%201 HTTP/1.1\r\n"), "{third}");
        assert!(third.contains("\r\nX-Last: it was a&b cX-Evil: 1\r\n"), "{third}");
        assert!(request(4).starts_with("GET /room?after= "), "another client");
        let refused = route.secrets_of(3).redact("no room after a&b c\r\nX-Evil: 1 here");
        assert_eq!(refused, "no room after *** here");
    }

    #[test]
    fn cookies_go_back_and_are_masked() {
        let headers = vec![(COOKIE, HeaderValue::from_static("theme=dark; sid=given"))];
        let cookies = Some(CookieJars::default());
        let mut route = Route { headers, cookies, ..simulated::route(Duration::from_secs(1)) };
        route.destinations[0].resource = "/room?x".to_owned();
        let cookie = |client| {
            let request = String::from_utf8(route.request(&Key::random(), client)).unwrap();
            let lines: Vec<_> = request.lines().filter_map(|line| line.strip_prefix("Cookie: ")).collect();
            lines.join(" | ")
        };
        assert_eq!(cookie(0), "theme=dark; sid=given");
        let key = Key::random();
        let mut reader = frames::handshake::ResponseReader::new(&key, []);
        let answer = format!(
            "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\
             Set-Cookie: sid=s3cret\r\nSet-Cookie: far=away; Path=/far\r\n\r\n",
            key.accept()
        );
        route.hear_cookies(0, &reader.take(answer.as_bytes()).unwrap().unwrap().fields);
        assert_eq!((cookie(0).as_str(), cookie(1).as_str()), ("theme=dark; sid=s3cret", "theme=dark; sid=given"));
        assert_eq!(route.secrets_of(0).redact("it was s3cret"), "it was ***");
        assert_eq!(route.without_captured(0, "it was s3cret".to_owned()), "it was ***");
        assert_eq!(route.without_captured(1, "it was s3cret".to_owned()), "it was s3cret");
    }

    #[test]
    fn names_are_written_as_people_write_them() {
        let names = ["user-agent", "sec-websocket-protocol", "x", "x--y-", "1a"];
        assert_eq!(names.map(titled), ["User-Agent", "Sec-WebSocket-Protocol", "X", "X--Y-", "1a"]);
    }
}
