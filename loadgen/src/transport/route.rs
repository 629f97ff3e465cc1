//! What the connections of a group have in common, and how a group's target becomes that.

use std::{
    io,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use frames::deflate::{DeflateOffer, DeflateSettings, WindowBits};
use http::{
    HeaderName, HeaderValue,
    header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL, USER_AGENT},
};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    ResolvedPath,
    cookies::CookieJars,
    destination::Destination,
    lookup::{host_at, host_of},
    redirect::Redirects,
    request::{PersonalRequest, offered},
    tls::{TlsClient, TlsSettings},
    url_parts::{authority, origin, resource},
};
use crate::{
    message::{CapturedValues, Place, Template, Values},
    plan::{Compression, Credentials, Expect, Group, Plan, RequestOptions, ServerUrl, Target, WireShape},
    secrets::Secrets,
};

/// Largest accepted message if the replies are unknown: 16 MiB.
const MAX_UNKNOWN: usize = 16 << 20;

/// The limit is at least this if the replies are known: 1 MiB. Leaves room to catch a server that
/// merges many messages.
const MAX_KNOWN: usize = 1 << 20;

/// What all connections of a group have in common.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The servers, one at least. Its clients take them in turn.
    pub(crate) destinations: Vec<Destination>,
    /// Number of its first client in the run.
    pub(crate) first_client: u32,
    /// Further header fields. The handshake sets none of these itself.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Subprotocols that the header fields offer.
    pub(crate) offered: Arc<[String]>,
    /// The server must choose one of them, as browsers demand.
    pub(crate) demands_subprotocol: bool,
    /// What differs from client to client. Stands over the fields above.
    pub(crate) personal: Option<Arc<PersonalRequest>>,
    /// What its clients remember of the events that they receive.
    pub(crate) captured: CapturedValues,
    /// What servers have set, where clients can come back with it.
    pub(super) cookies: Option<CookieJars>,
    /// How redirects are followed, if they are.
    pub(super) redirects: Option<Redirects>,
    /// Secrets that are masked in what a server says.
    pub(crate) secrets: Secrets,
    /// Longest wait for a connection to open.
    pub(crate) timeout: Duration,
    /// Limits of each connection.
    pub(crate) limits: ConnectionLimits,
    /// Compression that is offered.
    pub(crate) compression: Option<DeflateOffer>,
    /// How messages are cut into frames, and frames into writes.
    pub(crate) wire_shape: WireShape,
}

impl Route {
    /// A route of which all clients do the same.
    pub(crate) fn to(destination: Destination, timeout: Duration, limits: ConnectionLimits) -> Self {
        Self {
            destinations: vec![destination],
            first_client: 0,
            headers: Vec::new(),
            offered: Arc::default(),
            demands_subprotocol: false,
            personal: None,
            captured: CapturedValues::default(),
            cookies: None,
            redirects: None,
            secrets: Secrets::default(),
            timeout,
            limits,
            compression: None,
            wire_shape: WireShape::default(),
        }
    }

    /// The route as a worker has it, with cookies of its own.
    pub(crate) fn of_worker(self) -> Self {
        Self { cookies: self.cookies.map(|_| CookieJars::default()), ..self }
    }

    /// The server of a client.
    pub(crate) fn destination(&self, client: u32) -> &Destination {
        match &self.destinations[..] {
            [one] => one,
            all => &all[client.wrapping_sub(self.first_client) as usize % all.len()],
        }
    }
}

/// Limits that all connections share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// Largest accepted message in bytes. A larger one ends the connection.
    pub(crate) max_message: usize,
    /// Size of a connection's read buffer, if it has one of its own.
    pub(crate) read_buffer: usize,
    /// Bytes that all connections of a worker may hold together: messages that are not whole, and
    /// bytes that were not sent. Beyond, the one that holds most ends.
    pub(crate) memory: usize,
    /// Slow readers: bytes that a turn reads from a connection, at most. The kernel keeps few more.
    pub(crate) read_at_most: Option<NonZeroU32>,
}

impl ConnectionLimits {
    /// About how many bytes the kernel keeps that were not read, if that is not the system's
    /// choice. It takes no fewer than 2 KiB.
    pub(crate) fn receive_buffer(&self) -> Option<usize> {
        self.read_at_most.map(|bytes| (bytes.get() as usize).max(4096))
    }
}

/// Resolves the target of a group of a plan with so many `workers`. `embedded` is the address of
/// the embedded server, if there is one, `values` are those of the group's templates, and
/// `tls_settings` are there if one of its URLs is `wss`.
///
/// # Errors
/// The host's name has no address, or TLS can't be set up.
pub(crate) fn resolve(
    plan: &Plan,
    workers: NonZeroUsize,
    group: &Group,
    values: &Arc<Values>,
    embedded: Option<SocketAddr>,
    tls_settings: Option<&TlsSettings>,
) -> io::Result<Route> {
    let size = group.largest_message();
    let headers = headers(group);
    Ok(Route {
        destinations: destinations(plan, group, values, embedded, tls_settings)?,
        first_client: values.first(),
        demands_subprotocol: !group.connect.request.subprotocols.is_empty(),
        offered: offered(headers.iter().map(|(name, value)| (name, value.as_bytes()))),
        personal: PersonalRequest::of(group, &headers, values).map_err(io::Error::other)?.map(Arc::new),
        captured: CapturedValues::default(),
        cookies: comes_back(group).then(CookieJars::default),
        redirects: Redirects::of(&group.connect, tls_settings),
        secrets: plan.secrets(),
        headers,
        timeout: group.connect.timeout,
        limits: ConnectionLimits {
            max_message: match &group.expect {
                Expect::Echo => (16 * size).max(MAX_KNOWN),
                Expect::Reply(text) => (16 * text.len()).max(MAX_KNOWN),
                // Replies may hold the message, and more.
                _ => (16 * size).max(MAX_UNKNOWN),
            },
            read_buffer: read_buffer(plan, group),
            memory: server::Limits::default().memory / workers.get(),
            read_at_most: group.read.map(read_at_most),
        },
        compression: group.connect.compression.map(offer),
        wire_shape: group.wire_shape,
    })
}

/// Whether a client may make another request after its first.
fn comes_back(group: &Group) -> bool {
    group.sessions.reconnect.is_some() || group.connect.request.max_redirects > 0
}

/// The servers of a group.
fn destinations(
    plan: &Plan,
    group: &Group,
    values: &Arc<Values>,
    embedded: Option<SocketAddr>,
    tls_settings: Option<&TlsSettings>,
) -> io::Result<Vec<Destination>> {
    let bind = |template: &Template| values.bind(template, Place::Connection).map_err(io::Error::other);
    let host = group.connect.headers.iter().find(|(name, _)| name == HOST).and_then(|(_, value)| value.to_str().ok());
    let authority = |of_url: String| host.map_or(of_url, str::to_owned);
    let of_url = |url: &ServerUrl| {
        Ok(Destination {
            path: ResolvedPath::to(&host_of(url)?, &group.connect)?,
            origin: origin(url),
            authority: authority(self::authority(url)),
            resource: resource(url),
            personal_resource: url.resource().map(bind).transpose()?,
            headers: authorization(url).map(|value| (AUTHORIZATION, value)).into_iter().collect(),
            tls: TlsClient::for_url(url, tls_settings).map_err(io::Error::other)?,
        })
    };
    match (&group.target, embedded) {
        (Target::Url(_) | Target::Urls(_), _) => group.target.urls().iter().map(of_url).collect(),
        (Target::Embedded, Some(address)) => {
            let personal_resource = plan.embedded_path(group).as_ref().map(bind).transpose()?;
            let bare = Destination::plain(vec![address], authority(address.to_string()), "/".to_owned());
            let path = ResolvedPath::to(&host_at(address), &group.connect)?;
            let tls = tls_settings.map(|settings| TlsClient::at(settings.clone(), address.ip()));
            Ok(vec![Destination { path, personal_resource, tls, ..bare }])
        }
        (Target::Embedded, None) => Err(io::Error::other("the embedded server was not started")),
    }
}

/// What is offered of compression.
fn offer(Compression { window_bits, context_takeover }: Compression) -> DeflateOffer {
    let window_bits = WindowBits::new(window_bits).unwrap_or_default();
    DeflateSettings { window_bits, no_context_takeover: !context_takeover }.offer()
}

/// Header fields of the handshake, besides those that it sets itself. Names loadgen as the user
/// agent unless the group does not.
fn headers(group: &Group) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = group.connect.headers.clone();
    headers.retain(|(name, _)| name != HOST);
    headers.extend(of_options(&group.connect.request));
    if !headers.iter().any(|(name, _)| name == USER_AGENT) {
        let agent = concat!("loadgen/", env!("CARGO_PKG_VERSION"));
        headers.insert(0, (USER_AGENT, HeaderValue::from_static(agent)));
    }
    headers
}

/// Header fields that options ask for.
fn of_options(request: &RequestOptions) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let RequestOptions { subprotocols, origin, credentials, max_redirects: _ } = request;
    let origin = origin.clone().map(|origin| (ORIGIN, origin));
    let offered = (!subprotocols.is_empty()).then(|| subprotocols.join(", "));
    let offered = offered.and_then(|offered| Some((SEC_WEBSOCKET_PROTOCOL, HeaderValue::try_from(offered).ok()?)));
    let authorization = credentials.as_ref().and_then(|credentials| {
        let value = match credentials {
            Credentials::Basic(secret) => format!("Basic {}", BASE64_STANDARD.encode(secret.reveal())),
            Credentials::Bearer(secret) => format!("Bearer {}", secret.reveal()),
        };
        Some((AUTHORIZATION, HeaderValue::try_from(value).ok()?))
    });
    origin.into_iter().chain(offered).chain(authorization)
}

/// The URL's user-info as basic authentication: RFC 7617.
fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or_default()));
    HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(credentials))).ok()
}

/// Room for two bursts, so that a read rarely fills the buffer: a full read needs another one to
/// find the end. Few clients get larger buffers, as each has its own.
fn read_buffer(plan: &Plan, group: &Group) -> usize {
    const FRAME_HEADER: usize = 10;
    const FOR_ALL_CLIENTS: usize = 8 << 20;
    let bursts = (2 * (group.largest_message() + FRAME_HEADER)).saturating_mul(group.load.together().get() as usize);
    let affordable = FOR_ALL_CLIENTS / plan.clients_here().get() as usize;
    bursts.max(affordable.min(4096)).clamp(1024, 64 * 1024)
}

/// Bytes that a turn reads from a slow reader's connection, at most, which reads `rate` bytes a
/// second. So it reads about ten times a second.
fn read_at_most(rate: NonZeroU64) -> NonZeroU32 {
    let bytes = (rate.get() / 10).clamp(256, 64 << 10);
    NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn parts_of_a_url() {
        let full = url("ws://user:p%40ss@[::1]:9001/a/b?token=1");
        assert_eq!(authority(&full), "[::1]:9001");
        assert_eq!(resource(&full), "/a/b?token=1");
        assert_eq!(authority(&url("ws://example.org")), "example.org");
        assert_eq!(resource(&url("ws://example.org")), "/");
        assert_eq!(authorization(&url("ws://example.org")), None);
    }

    #[test]
    fn user_info_is_decoded_before_it_is_sent() {
        let value = authorization(&url("ws://user:p%40ss@example.org")).unwrap();
        assert_eq!(value.to_str().unwrap(), format!("Basic {}", BASE64_STANDARD.encode("user:p@ss")));
    }
}
