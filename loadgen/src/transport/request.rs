//! The request of the opening handshake.

use std::{borrow::Cow, sync::Arc};

use frames::handshake::{Key, request};
use http::{
    HeaderName, HeaderValue,
    header::{HOST, SEC_WEBSOCKET_PROTOCOL},
};
use percent_encoding::percent_encode;

use super::Route;
use crate::{
    message::{BoundTemplate, Place, Template, Values},
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
        let mut bytes = Vec::with_capacity(512);
        let fields = self.fields(client, captured);
        let fields: Vec<_> = fields.iter().map(|(header, value)| (titled(header.0.as_str()), &**value)).collect();
        let fields = fields.iter().map(|(name, value)| (name.as_str(), *value));
        let compression = self.compression.map(|offer| offer.to_string());
        let extensions = compression.iter().map(|offer| ("Sec-WebSocket-Extensions", offer.as_bytes()));
        let fields = fields.chain(extensions);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let authority = self.personal.as_deref().and_then(|personal| personal.authority.as_ref());
        let authority = authority.map(|template| text(template.encode_values(client, captured, of_field)));
        let encode = |value: &[u8]| percent_encode(value, RESERVED).to_string().into_bytes();
        let resource = destination.personal_resource.as_ref();
        let resource = resource.map(|template| text(template.encode_values(client, captured, encode)));
        let authority = authority.as_ref().unwrap_or(&destination.authority);
        request(&mut bytes, authority, resource.as_ref().unwrap_or(&destination.resource), key, fields);
        bytes
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

    /// A text without the values that a client remembers.
    pub(crate) fn without_captured(&self, client: u32, text: String) -> String {
        self.captured.with(client, |captured| match captured {
            [] => text,
            captured => Secrets::default().with(captured.iter().map(|value| &**value)).redact(&text),
        })
    }

    /// What is masked in what a server says to a client.
    pub(super) fn secrets_of(&self, client: u32) -> Cow<'_, Secrets> {
        let secrets = match &self.personal {
            Some(personal) => Cow::Owned(self.secrets.with(personal.values.row(client))),
            None => Cow::Borrowed(&self.secrets),
        };
        self.captured.with(client, |captured| match captured {
            [] => secrets,
            captured => Cow::Owned(secrets.with(captured.iter().map(|value| &**value))),
        })
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
    use crate::{engine::simulated, message::Capture};

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
    fn names_are_written_as_people_write_them() {
        let names = ["user-agent", "sec-websocket-protocol", "x", "x--y-", "1a"];
        assert_eq!(names.map(titled), ["User-Agent", "Sec-WebSocket-Protocol", "X", "X--Y-", "1a"]);
    }
}
