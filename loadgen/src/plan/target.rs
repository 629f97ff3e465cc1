//! The server under test.

use std::{fmt, ops::Deref, slice, str::FromStr};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Position, Url};

use crate::{
    message::{Name, Template, TemplatePart},
    secrets::bare,
};

/// The server under test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// A reference server that the run starts itself.
    #[default]
    Embedded,
    /// A running server.
    Url(ServerUrl),
    /// Running servers, one at least. Clients take them in turn, by their place in the group.
    Urls(Vec<ServerUrl>),
}

/// URLs of a target that are shown, at most.
const SHOWN: usize = 8;

impl Target {
    /// The URLs of running servers; none for the server that the run starts.
    pub fn urls(&self) -> &[ServerUrl] {
        match self {
            Self::Embedded => &[],
            Self::Url(url) => slice::from_ref(url),
            Self::Urls(urls) => urls,
        }
    }

    /// The URLs as `show` makes them, with commas, and how many more there are.
    pub fn listed(&self, show: impl Fn(&ServerUrl) -> String) -> String {
        let urls = self.urls();
        let mut shown: Vec<_> = urls.iter().take(SHOWN).map(show).collect();
        if urls.len() > SHOWN {
            shown.push(format!("and {} more", urls.len() - SHOWN));
        }
        shown.join(", ")
    }
}

/// The URL of a server. Its scheme is `ws` or `wss`, and it has a host, a port other than 0 and no
/// fragment. Path and query may hold `{{...}}`, which is different for each client.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// What it names is percent-encoded, with its braces.
    url: Url,
    /// Path and query, if they name something.
    resource: Option<Template>,
}

impl Deref for ServerUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.url
    }
}

impl ServerUrl {
    /// Path and query, if they hold `{{...}}`. Literals in it are percent-encoded already.
    pub fn resource(&self) -> Option<&Template> {
        self.resource.as_ref()
    }

    /// The URL without user-info and query, which may hold secrets. Shows `{{...}}` as it was
    /// given.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        // These fail for URLs without a host, which this has.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        match self.resource_text() {
            Some(text) => {
                let path = text.split_once('?').map_or(&*text, |(path, _)| path);
                format!("{}{path}", &url[..Position::BeforePath])
            }
            None => url.into(),
        }
    }

    fn resource_text(&self) -> Option<String> {
        self.resource.as_ref().map(|resource| String::from_utf8_lossy(resource.as_written()).into_owned())
    }
}

/// All of it, as it was given.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.resource_text() {
            Some(text) => write!(f, "{}{text}", &self.url[..Position::BeforePath]),
            None => self.url.fmt(f),
        }
    }
}

/// Without user-info and query.
impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bare(&self.to_string()))
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    /// Parses a URL. The error says what is accepted, and shows no secrets.
    fn from_str(text: &str) -> Result<Self, String> {
        const ACCEPTED: &str = "expected ws://HOST[:PORT][/PATH] or wss://HOST[:PORT][/PATH]";
        if !text.contains("://") {
            return Err(format!("there is no scheme (was ws://{} meant?); {ACCEPTED}", bare(text)));
        }
        let template = template(text)?;
        let encoded = template.as_ref().map(|(origin, resource)| format!("{origin}{}", with_encoded_names(resource)));
        let url = Url::parse(encoded.as_deref().unwrap_or(text)).map_err(|error| format!("{error}; {ACCEPTED}"))?;
        let foreign = |scheme, instead| {
            format!("scheme `{scheme}` is not WebSocket's: try {}; {ACCEPTED}", with_scheme(&url, instead))
        };
        match url.scheme() {
            "ws" | "wss" => {}
            "http" => return Err(foreign("http", "ws")),
            "https" => return Err(foreign("https", "wss")),
            scheme => return Err(format!("scheme `{scheme}` is not WebSocket's; {ACCEPTED}")),
        }
        match () {
            () if url.host_str().is_none_or(str::is_empty) => Err(format!("there is no host; {ACCEPTED}")),
            () if url.port() == Some(0) => Err(format!("port 0 can't be connected to; {ACCEPTED}")),
            // RFC 6455, section 3.
            () if url.fragment().is_some() => Err(format!("a WebSocket URL has no fragment (`#...`); {ACCEPTED}")),
            () => {
                let resource = template.and_then(|(_, given)| resource(&url, &given));
                Ok(Self { url, resource })
            }
        }
    }
}

/// A URL that holds `{{...}}`: what stands before the path, and path and query.
///
/// # Errors
/// It stands where it can't, or is no name.
fn template(text: &str) -> Result<Option<(&str, Template)>, String> {
    if !text.contains("{{") {
        return Ok(None);
    }
    let begin = text.find("://").map_or(0, |at| at + 3);
    let path = text[begin..].find(['/', '?', '#']).map_or(text.len(), |at| begin + at);
    let (origin, resource) = text.split_at(path);
    if origin.contains("{{") {
        return Err("`{{...}}` can stand in the path and the query only, as servers are looked up before the run; \
                    give each server a URL or a [[group]] of its own, and credentials with -H 'Authorization: ...'"
            .to_owned());
    }
    let resource: Template = resource.parse().map_err(|error| format!("in the path: {error}"))?;
    Ok(Some((origin, resource)))
}

/// The name with its braces, percent-encoded. URLs keep the case of that, and encode with capitals.
fn encoded(name: &Name) -> String {
    format!("%7b%7b{}%7d%7d", utf8_percent_encode(&name.to_string(), NON_ALPHANUMERIC))
}

fn with_encoded_names(resource: &Template) -> String {
    let part = |part: TemplatePart<'_>| match part {
        TemplatePart::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        TemplatePart::Name(name) => encoded(name),
    };
    resource.parts().map(part).collect()
}

/// Path and query of the URL, with its names.
fn resource(url: &Url, given: &Template) -> Option<Template> {
    let (mut rest, mut text) = (&url[Position::BeforePath..], String::new());
    for name in given.names() {
        // A `..` behind it may have removed it.
        let Some((before, after)) = rest.split_once(&encoded(name)) else { continue };
        text = format!("{text}{}{{{{{name}}}}}", before.replace("{{", "{{{{"));
        rest = after;
    }
    text.push_str(&rest.replace("{{", "{{{{"));
    text.parse().ok().filter(|template: &Template| template.names().next().is_some())
}

/// The URL with another scheme, and without its secrets.
fn with_scheme(url: &Url, scheme: &str) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{scheme}://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What a plan file would hold is the same URL.
        #[test]
        fn a_url_is_shown_as_it_would_be_given(text in r"(\{\{(id|a b|%41)\}\}|[{}a-z/?=&.%é ]){0,9}") {
            if let Ok(url) = format!("ws://h/{text}").parse::<ServerUrl>() {
                let again = url.to_string().parse::<ServerUrl>();
                prop_assert_eq!(again.as_ref().map(ToString::to_string), Ok(url.to_string()));
                prop_assert_eq!(again, Ok(url));
            }
        }
    }

    #[test]
    fn path_and_query_may_name_what_differs() {
        for (given, shown, all, resource) in [
            ("ws://h/a b", "ws://h/a%20b", "ws://h/a%20b", None),
            ("ws://h/{a}", "ws://h/%7Ba%7D", "ws://h/%7Ba%7D", None),
            (
                "ws://u:p@h:1/room/{{ room }}/é?t={{token}}&x={1}",
                "ws://h:1/room/{{room}}/%C3%A9",
                "ws://u:p@h:1/room/{{room}}/%C3%A9?t={{token}}&x={1}",
                Some("/room/{{room}}/%C3%A9?t={{token}}&x={1}"),
            ),
            ("wss://h?{{user name}}", "wss://h/", "wss://h/?{{user name}}", Some("/?{{user name}}")),
            ("ws://h/{{a}}/../{{b}}", "ws://h/{{b}}", "ws://h/{{b}}", Some("/{{b}}")),
            ("ws://h/?q={{{{x}}{{id}}", "ws://h/", "ws://h/?q={{{{x}}{{id}}", Some("/?q={{{{x}}{{id}}")),
        ] {
            let url: ServerUrl = given.parse().unwrap();
            assert_eq!((url.shown(), url.to_string()), (shown.to_owned(), all.to_owned()), "{given}");
            assert_eq!(url.resource_text().as_deref(), resource, "{given}");
            assert_eq!(url.to_string().parse::<ServerUrl>().unwrap(), url, "{given}");
        }
    }

    #[test]
    fn names_stand_nowhere_else() {
        for (given, part) in [
            ("ws://{{host}}/", "in the path and the query only"),
            ("ws://{{user}}@h/", "-H 'Authorization: ...'"),
            ("ws://h:{{port}}", "[[group]]"),
            ("ws://h/{{", "not closed"),
            ("ws://h/x#{{id}}", "no fragment"),
        ] {
            let refused = given.parse::<ServerUrl>().unwrap_err();
            assert!(refused.contains(part), "{given}: {refused}");
        }
    }
}
