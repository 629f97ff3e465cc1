//! Keys about how connections are opened.
//!
//! ```text
//! network.rs  hosts, proxies, addresses, as the line and the file have them
//! values.rs   the other values
//! secret.rs   credentials: a text, a file or a variable
//! ```

mod network;
mod secret;
mod values;

use std::net::IpAddr;

use clap::Args;
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    network::{AddressFamilyKey, ConnectToKey, ProxyKey, ResolveKey},
    secret::SecretKey,
    values::{CompressKey, OnOff, OriginKey, PathTemplate, ServerNameKey, Subprotocols, TlsKey},
};
use super::{header::HeaderField, sources::Sources, text_or_file::FileName, value::PositiveTime};
use crate::plan::{ClientCertificate, Connect, Credentials, NetworkPath, PlanError, Proxy, RequestOptions, TlsOptions};

/// Which way connections take.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Connecting")]
#[serde(default)]
#[allow(clippy::doc_markdown, rustdoc::bare_urls, rustdoc::broken_intra_doc_links)] // Help is no Markdown.
pub struct ConnectKeys {
    /// Longest wait for a connection to open
    ///
    /// The steps of --on-open have the same time to themselves.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<PositiveTime>,

    /// Local addresses to connect from, in turn; repeatable
    ///
    /// Such as 10.0.0.5 or 10.0.0.5,10.0.0.7-10.0.0.9.
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<Vec<Sources>>,

    /// Connect through a proxy: http://, https://, socks5:// or socks5h://HOST[:PORT]
    ///
    /// Variables of the environment, such as HTTPS_PROXY, are not used. With http, https and
    /// socks5h, the proxy looks up the target's name.
    #[arg(long, value_name = "URL", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyKey>,

    /// Credentials of the proxy: USER:PASSWORD, @FILE or env:NAME
    #[arg(long, value_name = "SECRET", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_auth: Option<SecretKey>,

    /// Connect to a unix socket
    ///
    /// The request is that of the URL. So is the name in TLS.
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix_socket: Option<FileName>,

    /// Connect to HOST:PORT instead of the URL's host
    ///
    /// The request is that of the URL. So is the name in TLS. For one server behind a balancer.
    #[arg(long, value_name = "HOST:PORT", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_to: Option<ConnectToKey>,

    /// Addresses of a name, HOST:PORT:ADDRESS[,ADDRESS]; repeatable
    ///
    /// The name is not looked up.
    #[arg(long, value_name = "ADDRESSES", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Vec<ResolveKey>>,

    /// Addresses of a host that are used: any, 4 or 6
    ///
    /// [default: any]
    #[arg(long, value_name = "FAMILY", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_version: Option<AddressFamilyKey>,

    /// Try the next address while one has not answered for 250 ms: on, off
    ///
    /// As browsers do (RFC 8305). With `off`, the next is tried once the one before has failed.
    ///
    /// [default: on]
    #[arg(long, value_name = "SWITCH", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happy_eyeballs: Option<OnOff>,
}

/// What the opening handshake asks for.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Connecting")]
#[serde(default)]
#[allow(clippy::doc_markdown, rustdoc::bare_urls, rustdoc::broken_intra_doc_links)] // Help is no Markdown.
pub struct RequestKeys {
    /// Handshake header field, 'Name: value'; repeatable
    #[arg(short = 'H', long, value_name = "FIELD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Vec<HeaderField>>,

    /// Subprotocols to offer, such as graphql-transport-ws
    ///
    /// Several, with commas, in the order of preference. A server that chooses none of them is
    /// refused, as browsers refuse it.
    #[arg(long, value_name = "NAMES", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<Subprotocols>,

    /// Origin field, such as https://example.org
    #[arg(long, value_name = "ORIGIN", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginKey>,

    /// Basic authentication: USER:PASSWORD, @FILE or env:NAME
    #[arg(long, value_name = "SECRET", hide_short_help = true, conflicts_with = "bearer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<SecretKey>,

    /// Bearer token: TOKEN, @FILE or env:NAME
    ///
    /// Clients with tokens of their own have them from --data: -H 'Authorization: Bearer
    /// {{token}}'.
    #[arg(long, value_name = "SECRET", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer: Option<SecretKey>,

    /// Redirects to follow, at most
    ///
    /// Each in the same connect time-out. Credentials go to the same host only.
    ///
    /// [default: 0]
    #[arg(long, value_name = "N", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_redirects: Option<u32>,

    /// Offer permessage-deflate: [=WINDOW BITS][,no-context-takeover]
    ///
    /// Such as --compress, --compress=12 or --compress=12,no-context-takeover. Fewer window bits, 9
    /// to 15, take less memory and compress less.
    ///
    /// [default with --compress: 15, with context takeover]
    #[arg(long, value_name = "PARAMETERS", num_args = 0..=1, require_equals = true, default_missing_value = "15")]
    #[arg(hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compress: Option<CompressKey>,
}

/// TLS.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Connecting")]
#[serde(default)]
#[allow(clippy::doc_markdown, rustdoc::bare_urls, rustdoc::broken_intra_doc_links)] // Help is no Markdown.
pub struct TlsKeys {
    /// Its own server speaks TLS; or a version: 1.2, 1.3
    ///
    /// Without a URL, the server that loadgen starts makes a certificate that its clients trust.
    /// With a wss:// URL, the version says what is spoken.
    ///
    /// [default: no TLS without wss://, and the highest version that both sides know]
    #[arg(long, value_name = "VERSION", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsKey>,

    /// Certificates to trust instead of the system's (PEM); repeatable
    ///
    /// Those of authorities, or the server's own if it signed that itself.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cacert: Option<Vec<FileName>>,

    /// Skip TLS verification
    ///
    /// Takes any certificate of a wss:// server. The result says so.
    #[arg(long, num_args = 0, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,

    /// Certificate of the clients (PEM), with --key
    ///
    /// May name columns of --data, such as 'certs/{{user}}.pem': each client has its own.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathTemplate>,

    /// Key of that certificate (PEM)
    ///
    /// May name columns of --data, too.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathTemplate>,

    /// Name to ask the server for, which its certificate must be for
    ///
    /// [default: the URL's host]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sni: Option<ServerNameKey>,

    /// Resume TLS sessions where the server allows it
    ///
    /// Without it, each connection pays for a full handshake, as a new user's does.
    #[arg(long, num_args = 0, default_missing_value = "true", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_resume: Option<bool>,
}

/// How connections are opened, by their keys.
///
/// # Errors
/// A secret can't be read, or two keys need each other.
pub(super) fn connect(path: ConnectKeys, request: RequestKeys, tls: TlsKeys) -> Result<Connect, PlanError> {
    let default = Connect::default();
    let ConnectKeys { connect_timeout, source_ip, .. } = &path;
    let sources: Vec<IpAddr> = source_ip.iter().flatten().flat_map(|Sources(sources)| sources.clone()).collect();
    let timeout = connect_timeout.map_or(default.timeout, |PositiveTime(timeout)| timeout);
    let compression = request.compress.map(|CompressKey(compression)| compression);
    let field = |HeaderField { name, value }| -> (HeaderName, HeaderValue) { (name, value) };
    Ok(Connect {
        timeout,
        sources,
        headers: request.header.clone().into_iter().flatten().map(field).collect(),
        network_path: path.network_path()?,
        request: request.options()?,
        tls: tls.options()?,
        compression,
    })
}

/// All keys of how connections are opened, but those that have no default.
pub(super) fn keys(connect: &Connect) -> (ConnectKeys, RequestKeys, TlsKeys) {
    let Connect { timeout, headers, sources, network_path, tls, request, compression } = connect;
    let NetworkPath { proxy, unix_socket, connect_to, resolve, family, happy_eyeballs } = network_path;
    let path = ConnectKeys {
        connect_timeout: Some(PositiveTime(*timeout)),
        source_ip: (!sources.is_empty()).then(|| vec![Sources(sources.clone())]),
        proxy: proxy.as_ref().map(|proxy| ProxyKey { scheme: proxy.scheme, address: proxy.address.clone() }),
        proxy_auth: proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref()).map(SecretKey::of),
        unix_socket: unix_socket.clone().map(FileName),
        connect_to: connect_to.clone().map(ConnectToKey),
        resolve: Some(resolve.iter().cloned().map(ResolveKey).collect::<Vec<_>>()).filter(|all| !all.is_empty()),
        ip_version: (*family != <_>::default()).then_some(AddressFamilyKey(*family)),
        happy_eyeballs: (!happy_eyeballs).then_some(OnOff(false)),
    };
    let RequestOptions { subprotocols, origin, credentials, max_redirects } = request;
    let fields = headers.iter().cloned().map(|(name, value)| HeaderField { name, value });
    let (basic_auth, bearer) = match credentials {
        Some(Credentials::Basic(secret)) => (Some(SecretKey::of(secret)), None),
        Some(Credentials::Bearer(secret)) => (None, Some(SecretKey::of(secret))),
        None => (None, None),
    };
    let request = RequestKeys {
        header: Some(fields.collect::<Vec<_>>()).filter(|fields| !fields.is_empty()),
        subprotocol: (!subprotocols.is_empty()).then(|| Subprotocols(subprotocols.clone())),
        origin: origin.clone().map(OriginKey),
        basic_auth,
        bearer,
        max_redirects: (*max_redirects > 0).then_some(*max_redirects),
        compress: compression.map(CompressKey),
    };
    (path, request, TlsKeys::of(tls))
}

impl ConnectKeys {
    fn network_path(self) -> Result<NetworkPath, PlanError> {
        let default = NetworkPath::default();
        let proxy = match (self.proxy, self.proxy_auth) {
            (Some(ProxyKey { scheme, address }), auth) => {
                let credentials = auth.map(|auth| auth.read("proxy_auth")).transpose()?;
                Some(Proxy { scheme, address, credentials })
            }
            (None, Some(_)) => {
                let why = "there is no proxy; name it with --proxy".to_owned();
                return Err(PlanError { group: None, key: "proxy_auth", value: None, why });
            }
            (None, None) => None,
        };
        Ok(NetworkPath {
            proxy,
            unix_socket: self.unix_socket.map(|FileName(path)| path),
            connect_to: self.connect_to.map(|ConnectToKey(to)| to),
            resolve: self.resolve.into_iter().flatten().map(|ResolveKey(resolve)| resolve).collect(),
            family: self.ip_version.map_or(default.family, |AddressFamilyKey(family)| family),
            happy_eyeballs: self.happy_eyeballs.map_or(default.happy_eyeballs, |OnOff(on)| on),
        })
    }
}

impl RequestKeys {
    fn options(self) -> Result<RequestOptions, PlanError> {
        let credentials = match (self.basic_auth, self.bearer) {
            (Some(_), Some(_)) => {
                let why = "there is --basic-auth, too; give one of the two".to_owned();
                return Err(PlanError { group: None, key: "bearer", value: None, why });
            }
            (Some(secret), None) => Some(Credentials::Basic(secret.read("basic_auth")?)),
            (None, Some(secret)) => Some(Credentials::Bearer(secret.read("bearer")?)),
            (None, None) => None,
        };
        Ok(RequestOptions {
            subprotocols: self.subprotocol.map(|Subprotocols(names)| names).unwrap_or_default(),
            origin: self.origin.map(|OriginKey(origin)| origin),
            credentials,
            max_redirects: self.max_redirects.unwrap_or_default(),
        })
    }
}

impl TlsKeys {
    fn options(self) -> Result<TlsOptions, PlanError> {
        let lone = |key, other: &str| {
            let why = format!("a certificate needs its key and a key its certificate; give {other}, too");
            Err(PlanError { group: None, key, value: None, why })
        };
        let certificate = match (self.cert, self.key) {
            (Some(PathTemplate(certificate)), Some(PathTemplate(key))) => Some(ClientCertificate { certificate, key }),
            (Some(_), None) => return lone("cert", "--key"),
            (None, Some(_)) => return lone("key", "--cert"),
            (None, None) => None,
        };
        Ok(TlsOptions {
            embedded: self.tls.is_some_and(|tls| tls != TlsKey::Off),
            version: self.tls.and_then(TlsKey::version),
            insecure: self.insecure.unwrap_or_default(),
            authorities: self.cacert.into_iter().flatten().map(|FileName(path)| path).collect(),
            certificate,
            server_name: self.sni.map(|ServerNameKey(name)| name),
            resume: self.tls_resume.unwrap_or_default(),
        })
    }

    fn of(tls: &TlsOptions) -> Self {
        let TlsOptions { embedded, version, insecure, authorities, certificate, server_name, resume } = tls;
        let certificate = certificate.as_ref();
        Self {
            tls: TlsKey::of(*embedded, *version),
            cacert: Some(authorities.iter().cloned().map(FileName).collect::<Vec<_>>())
                .filter(|files| !files.is_empty()),
            insecure: Some(*insecure),
            cert: certificate.map(|certificate| PathTemplate(certificate.certificate.clone())),
            key: certificate.map(|certificate| PathTemplate(certificate.key.clone())),
            sni: server_name.clone().map(ServerNameKey),
            tls_resume: resume.then_some(true),
        }
    }
}
