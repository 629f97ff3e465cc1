//! Finds that an opening handshake would contradict itself.

use frames::handshake::is_token;
use http::header::{AUTHORIZATION, HeaderName, ORIGIN, SEC_WEBSOCKET_PROTOCOL};

use crate::{
    plan::{Credentials, Group, PlanError, Target},
    secrets::HIDDEN,
};

/// Finds that the options of the request contradict each other, the header fields or the target.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let request = &group.connect.request;
    if group.target.urls().is_empty() && group.target != Target::Embedded {
        let why = "a list of servers has one at least".to_owned();
        return Err(PlanError { group: Some(index), key: "target", value: None, why });
    }
    let is_given = |field: HeaderName| group.connect.headers.iter().any(|(name, _)| *name == field);
    if let Some(why) = subprotocols(&request.subprotocols, is_given(SEC_WEBSOCKET_PROTOCOL)) {
        return Err(PlanError::new(Some(index), "subprotocol", request.subprotocols.join(","), why));
    }
    if let Some(origin) = &request.origin {
        let about = |why: &str| {
            PlanError::new(Some(index), "origin", String::from_utf8_lossy(origin.as_bytes()), why.to_owned())
        };
        if is_given(ORIGIN) {
            return Err(about("there is a header field Origin, too; give one of the two"));
        }
        if origin.as_bytes().windows(2).any(|two| two == b"{{") {
            return Err(about("it is sent as it is; -H 'Origin: ...' takes names such as {{client}}"));
        }
    }
    credentials(index, group, is_given(AUTHORIZATION))?;
    if request.max_redirects > 0 && group.target == Target::Embedded {
        let why = "the server that loadgen starts redirects nobody; give a URL, or leave it out".to_owned();
        return Err(PlanError::new(Some(index), "max_redirects", request.max_redirects, why));
    }
    Ok(())
}

/// Why subprotocols can't be offered.
fn subprotocols(names: &[String], is_given: bool) -> Option<String> {
    let (first, rest) = names.split_first()?;
    if is_given {
        return Some(
            "there is a header field Sec-WebSocket-Protocol, too; give one of the two (with the field, the server \
             may choose none)"
                .to_owned(),
        );
    }
    let wrong = [first].into_iter().chain(rest).find(|name| !is_token(name.as_bytes()));
    wrong.map(|name| format!("`{name}` can't be a subprotocol; it has letters, digits and !#$%&'*+-.^_`|~"))
}

/// Finds credentials that are given twice, or can't be sent. Does not show them.
fn credentials(index: usize, group: &Group, is_given: bool) -> Result<(), PlanError> {
    let Some(credentials) = &group.connect.request.credentials else { return Ok(()) };
    let key = match credentials {
        Credentials::Basic(_) => "basic_auth",
        Credentials::Bearer(_) => "bearer",
    };
    let in_url = group.target.urls().iter().any(|url| !url.username().is_empty() || url.password().is_some());
    let why = match credentials {
        _ if is_given => "there is a header field Authorization, too; give one of the two",
        _ if in_url => "the URL has user name and password, too; give one of the two",
        // What `plan --print` shows in its place.
        Credentials::Basic(secret) | Credentials::Bearer(secret) if secret.reveal() == HIDDEN => return Ok(()),
        // RFC 7617, section 2: the first colon ends the user name.
        Credentials::Basic(secret) if !secret.reveal().contains(':') => "expected USER:PASSWORD",
        Credentials::Bearer(secret) if !is_bearer_token(secret.reveal()) => {
            "a token has letters, digits and -._~+/ only, and = at its end; clients with tokens of their own have \
             them from --data, with -H 'Authorization: Bearer {{token}}'"
        }
        _ => return Ok(()),
    };
    Err(PlanError { group: Some(index), key, value: None, why: why.to_owned() })
}

/// `b64token`: RFC 6750, section 2.1.
fn is_bearer_token(text: &str) -> bool {
    let token = text.trim_end_matches('=');
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::plan::{Secret, SecretSource};

    fn secret(text: &str) -> Secret {
        Secret::read(SecretSource::Text(text.to_owned())).unwrap()
    }

    fn refused(url: &str, change: impl FnOnce(&mut Group)) -> String {
        let target = if url.is_empty() { Target::Embedded } else { Target::Url(url.parse().unwrap()) };
        let mut group = Group { target, ..Group::default() };
        change(&mut group);
        check(0, &group).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_handshake_does_not_contradict_itself() {
        let field = |name: HeaderName| (name, HeaderValue::from_static("x"));
        let subprotocol = |group: &mut Group| group.connect.request.subprotocols = vec!["v1".to_owned()];
        let origin = |group: &mut Group| group.connect.request.origin = Some(HeaderValue::from_static("null"));
        let basic = |text: &'static str| {
            move |group: &mut Group| group.connect.request.credentials = Some(Credentials::Basic(secret(text)))
        };
        let bearer = |text: &'static str| {
            move |group: &mut Group| group.connect.request.credentials = Some(Credentials::Bearer(secret(text)))
        };
        let redirects = |group: &mut Group| group.connect.request.max_redirects = 3;
        for (url, change, expected) in [
            ("ws://h", &subprotocol as &dyn Fn(&mut Group), ""),
            ("", &subprotocol, ""),
            ("ws://h", &origin, ""),
            ("ws://h", &basic("sesame:open"), ""),
            ("ws://h", &basic("sesame"), "--basic-auth: expected USER:PASSWORD"),
            ("ws://u@h", &basic("sesame:open"), "--basic-auth: the URL has user name and password, too"),
            ("ws://h", &bearer("s-._~+/="), ""),
            ("ws://h", &bearer("sesame open"), "--bearer: a token has letters"),
            ("ws://h", &bearer("{{sesame}}"), "--bearer: a token has letters"),
            ("ws://h", &bearer("="), "--bearer: a token has letters"),
            ("ws://h", &redirects, ""),
            ("", &redirects, "--max-redirects 3: the server that loadgen starts redirects nobody"),
        ] {
            let said = refused(url, change);
            assert!(said.starts_with(expected) && said.is_empty() == expected.is_empty(), "{expected}: {said}");
            assert!(!said.contains("sesame"), "{said}");
        }
        for (name, change, expected) in [
            (SEC_WEBSOCKET_PROTOCOL, &subprotocol as &dyn Fn(&mut Group), "--subprotocol v1: there is a header"),
            (ORIGIN, &origin, "--origin null: there is a header"),
            (AUTHORIZATION, &basic("sesame:open"), "--basic-auth: there is a header"),
            (AUTHORIZATION, &bearer("sesame"), "--bearer: there is a header"),
        ] {
            let said = refused("ws://h", |group| {
                change(group);
                group.connect.headers.push(field(name));
            });
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
