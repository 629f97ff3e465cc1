//! How the connections of a group are opened, as a result has it. No secret is in it.

use reports::model::{AuthorizationRecord, CompressionRecord, ConnectRecord, ProxyRecord, TlsRecord};

use crate::plan::{
    AddressFamily, Compression, Connect, Credentials, NetworkPath, Proxy, RequestOptions, Resolve, TlsOptions,
    TlsVersion,
};

/// `None` if connections go straight to the target, with the defaults. Timeout, header fields and
/// source addresses are no part of a record.
pub(super) fn record(connect: &Connect) -> Option<ConnectRecord> {
    let Connect { network_path, tls, request, compression, timeout: _, headers: _, sources: _ } = connect;
    let NetworkPath { proxy, unix_socket, connect_to, resolve, family, happy_eyeballs } = network_path;
    let RequestOptions { subprotocols, origin, credentials, max_redirects } = request;
    let record = ConnectRecord {
        proxy: proxy.as_ref().map(proxy_record),
        unix_socket: unix_socket.as_ref().map(|path| path.display().to_string()),
        connect_to: connect_to.as_ref().map(ToString::to_string),
        resolve: resolve.iter().map(resolve_record).collect(),
        ip_version: match family {
            AddressFamily::Any => None,
            AddressFamily::Ipv4 => Some(4),
            AddressFamily::Ipv6 => Some(6),
        },
        happy_eyeballs: *happy_eyeballs,
        subprotocols: subprotocols.clone(),
        origin: origin.as_ref().map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned()),
        authorization: credentials.as_ref().map(|credentials| match credentials {
            Credentials::Basic(_) => AuthorizationRecord::Basic,
            Credentials::Bearer(_) => AuthorizationRecord::Bearer,
        }),
        max_redirects: *max_redirects,
        tls: tls_record(tls),
        compression: compression
            .map(|Compression { window_bits, context_takeover }| CompressionRecord { window_bits, context_takeover }),
    };
    (record != ConnectRecord::default()).then_some(record)
}

fn proxy_record(proxy: &Proxy) -> ProxyRecord {
    let Proxy { scheme, address, credentials } = proxy;
    ProxyRecord { scheme: scheme.name().to_owned(), address: address.to_string(), credentials: credentials.is_some() }
}

fn resolve_record(resolve: &Resolve) -> String {
    let Resolve { host, addresses } = resolve;
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    format!("{host}:{}", addresses.join(","))
}

/// `None` if all options are the defaults. That the embedded server speaks TLS stands in its URL.
fn tls_record(tls: &TlsOptions) -> Option<TlsRecord> {
    let TlsOptions { version, insecure, authorities, certificate, server_name, resume, embedded: _ } = tls;
    let version = version.map(|version| match version {
        TlsVersion::Tls12 => "1.2",
        TlsVersion::Tls13 => "1.3",
    });
    let record = TlsRecord {
        version: version.map(str::to_owned),
        authorities: super::number(authorities.len()),
        client_certificate: certificate.is_some(),
        server_name: server_name.clone(),
        insecure: *insecure,
        resume: *resume,
    };
    (record != TlsRecord::default()).then_some(record)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use url::Host;

    use super::*;
    use crate::plan::{HostPort, ProxyScheme, Secret, SecretSource};

    #[test]
    fn a_plain_way_has_no_record() {
        assert_eq!(record(&Connect::default()), None);
        let embedded = TlsOptions { embedded: true, ..TlsOptions::default() };
        assert_eq!(record(&Connect { tls: embedded, ..Connect::default() }), None);
    }

    #[test]
    fn each_option_is_in_the_record_and_no_secret() {
        const CANARY: &str = "canary-93ab";
        let secret = || Secret::read(SecretSource::Text(format!("me:{CANARY}"))).unwrap();
        let host = |name: &str, port| HostPort { host: Host::parse(name).unwrap(), port };
        let connect = Connect {
            network_path: NetworkPath {
                proxy: Some(Proxy {
                    scheme: ProxyScheme::Socks5h,
                    address: host("proxy.example.org", 1080),
                    credentials: Some(secret()),
                }),
                unix_socket: Some("/run/ws.sock".into()),
                connect_to: Some(host("192.0.2.7", 8443)),
                resolve: vec![Resolve {
                    host: host("a.example.org", 443),
                    addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
                }],
                family: AddressFamily::Ipv6,
                happy_eyeballs: false,
            },
            tls: TlsOptions {
                version: Some(TlsVersion::Tls12),
                insecure: true,
                authorities: vec!["ca.pem".into(), "more.pem".into()],
                server_name: Some("b.example.org".to_owned()),
                resume: true,
                ..TlsOptions::default()
            },
            request: RequestOptions {
                subprotocols: vec!["chat.v2".to_owned()],
                origin: Some(HeaderValue::from_static("https://app.example.org")),
                credentials: Some(Credentials::Basic(secret())),
                max_redirects: 3,
            },
            compression: Some(Compression { window_bits: 10, context_takeover: false }),
            ..Connect::default()
        };
        let record = record(&connect).unwrap();
        assert!(!format!("{record:?}").contains(CANARY));
        let expected = ConnectRecord {
            proxy: Some(ProxyRecord {
                scheme: "socks5h".to_owned(),
                address: "proxy.example.org:1080".to_owned(),
                credentials: true,
            }),
            unix_socket: Some("/run/ws.sock".to_owned()),
            connect_to: Some("192.0.2.7:8443".to_owned()),
            resolve: vec!["a.example.org:443:192.0.2.1,2001:db8::1".to_owned()],
            ip_version: Some(6),
            happy_eyeballs: false,
            subprotocols: vec!["chat.v2".to_owned()],
            origin: Some("https://app.example.org".to_owned()),
            authorization: Some(AuthorizationRecord::Basic),
            max_redirects: 3,
            tls: Some(TlsRecord {
                version: Some("1.2".to_owned()),
                authorities: 2,
                client_certificate: false,
                server_name: Some("b.example.org".to_owned()),
                insecure: true,
                resume: true,
            }),
            compression: Some(CompressionRecord { window_bits: 10, context_takeover: false }),
        };
        assert_eq!(record, expected);
    }
}
