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
    plan::{Group, Plan, Target},
    secrets::{RESERVED, Secrets},
};

/// What differs from client to client in the requests of a group.
#[derive(Clone, Debug)]
pub(crate) struct PersonalRequest {
    values: Arc<Values>,
    authority: Option<BoundTemplate>,
    resource: Option<BoundTemplate>,
    /// Indices of header fields, and their values.
    headers: Vec<(usize, BoundTemplate)>,
}

impl PersonalRequest {
    /// What differs in the requests of a group of a plan with these header fields, if something
    /// does.
    ///
    /// # Errors
    /// A template names what is not there, which the plan's checks find.
    pub(super) fn of(
        plan: &Plan,
        group: &Group,
        headers: &[Header],
        values: &Arc<Values>,
    ) -> Result<Option<Self>, String> {
        let named = |value: &HeaderValue| Template::named_in(value.as_bytes()).map_err(|error| error.to_string());
        let bind = |template: &Template| values.bind(template, Place::Connection);
        let resource = match &group.target {
            Target::Url(url) => url.resource().map(bind).transpose()?,
            Target::Embedded => plan.embedded_path(group).as_ref().map(bind).transpose()?,
        };
        let mut of_fields = Vec::new();
        for (index, (_, value)) in headers.iter().enumerate() {
            of_fields.extend(named(value)?.map(|template| Ok((index, bind(&template)?))));
        }
        let headers = of_fields.into_iter().collect::<Result<Vec<_>, String>>()?;
        let host = group.connect.headers.iter().find(|(name, _)| name == HOST);
        let host = host.map_or(Ok(None), |(_, value)| named(value))?;
        let authority = host.as_ref().map(bind).transpose()?;
        let differs = resource.is_some() || authority.is_some() || !headers.is_empty();
        Ok(differs.then(|| Self { values: Arc::clone(values), authority, resource, headers }))
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
        let mut bytes = Vec::with_capacity(512);
        let fields = self.fields(client);
        let fields: Vec<_> = fields.iter().map(|(header, value)| (titled(header.0.as_str()), &**value)).collect();
        let fields = fields.iter().map(|(name, value)| (name.as_str(), *value));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let personal = self.personal.as_deref();
        let authority = personal.and_then(|personal| personal.authority.as_ref());
        let authority = authority.map(|template| text(template.encode_for(client, 0)));
        let resource = personal.and_then(|personal| personal.resource.as_ref());
        let encode = |value: &[u8]| percent_encode(value, RESERVED).to_string().into_bytes();
        let resource = resource.map(|template| text(template.encode_values(client, encode)));
        let (authority, resource) = (authority.as_ref().unwrap_or(&self.authority), resource.as_ref());
        request(&mut bytes, authority, resource.unwrap_or(&self.resource), key, fields);
        bytes
    }

    /// Header fields of a client's request, and their values.
    fn fields(&self, client: u32) -> Vec<(&Header, Cow<'_, [u8]>)> {
        let mut fields: Vec<_> =
            self.headers.iter().map(|header| (header, Cow::Borrowed(header.1.as_bytes()))).collect();
        for (index, template) in self.personal.iter().flat_map(|personal| &personal.headers) {
            fields[*index].1 = Cow::Owned(template.encode_for(client, 0));
        }
        fields
    }

    /// Subprotocols that a client offers.
    pub(super) fn offered(&self, client: u32) -> Arc<[String]> {
        let differs = self.personal.iter().flat_map(|personal| &personal.headers);
        if !differs.into_iter().any(|(index, _)| self.headers[*index].0 == SEC_WEBSOCKET_PROTOCOL) {
            return Arc::clone(&self.offered);
        }
        let fields = self.fields(client);
        offered(fields.iter().map(|(header, value)| (&header.0, &**value)))
    }

    /// What is masked in what a server says to a client.
    pub(super) fn secrets_of(&self, client: u32) -> Cow<'_, Secrets> {
        match &self.personal {
            Some(personal) => Cow::Owned(self.secrets.with(personal.values.row(client))),
            None => Cow::Borrowed(&self.secrets),
        }
    }
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
    use super::titled;

    #[test]
    fn names_are_written_as_people_write_them() {
        let names = ["user-agent", "sec-websocket-protocol", "x", "x--y-", "1a"];
        assert_eq!(names.map(titled), ["User-Agent", "Sec-WebSocket-Protocol", "X", "X--Y-", "1a"]);
    }
}
