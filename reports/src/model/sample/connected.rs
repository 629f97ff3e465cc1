//! A report of connections that do not go straight to the target.

use super::pass;
use crate::model::{
    AuthorizationRecord, CompressedTraffic, CompressionCounts, CompressionRecord, ConnectRecord, ProxyRecord, Report,
    TlsCounts, TlsRecord,
};

/// The 100 clients of a pass, which go through a proxy to two addresses. They accept any
/// certificate, resume TLS sessions, and compress where the server agrees. A server chose the names
/// of subprotocols, so one of them is hostile.
pub(crate) fn connected() -> Report {
    let mut report = pass();
    report.target.embedded = false;
    report.target.url = "wss://a.example.org/socket".to_owned();
    report.target.more_urls = vec!["wss://b.example.org/socket".to_owned()];
    report.plan.groups[0].connect = Some(ConnectRecord {
        proxy: Some(ProxyRecord {
            scheme: "http".to_owned(),
            address: "proxy.example.org:3128".to_owned(),
            credentials: true,
        }),
        connect_to: Some("staging.example.org:443".to_owned()),
        resolve: vec!["staging.example.org:443:192.0.2.1,192.0.2.2".to_owned()],
        subprotocols: vec!["chat.v2".to_owned(), "chat.v1".to_owned()],
        origin: Some("https://app.example.org".to_owned()),
        authorization: Some(AuthorizationRecord::Bearer),
        max_redirects: 2,
        tls: Some(TlsRecord {
            version: Some("1.3".to_owned()),
            authorities: 2,
            client_certificate: true,
            server_name: Some("c.example.org".to_owned()),
            insecure: true,
            resume: true,
        }),
        compression: Some(CompressionRecord { window_bits: 10, context_takeover: false }),
        ..ConnectRecord::default()
    });
    let named = |numbers: &[(&str, u64)]| numbers.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    let total = &mut report.total;
    total.connections.tls = Some(TlsCounts {
        full: 10,
        resumed: 90,
        versions: named(&[("1.3", 100)]),
        ciphers: named(&[("TLS13_AES_128_GCM_SHA256", 40), ("TLS13_AES_256_GCM_SHA384", 60)]),
        insecure: true,
    });
    total.connections.compression = Some(CompressionCounts {
        agreed: 80,
        declined: 20,
        parameters: named(&[("permessage-deflate; server_max_window_bits=10", 80)]),
    });
    total.connections.subprotocols = named(&[("<b>|@evil`\u{1b}[31m", 10), ("chat.v2", 90)]);
    total.connections.addresses = named(&[("192.0.2.1:443", 50), ("192.0.2.2:443", 50)]);
    total.connections.redirects = 7;
    total.traffic.compressed = CompressedTraffic {
        sent_bytes: 25_600_000,
        sent_frame_bytes: 8_000_000,
        received_bytes: 25_600_000,
        received_frame_bytes: 6_400_000,
    };
    for i in 0..100 {
        total.latency.connect_proxy.record(2_000_000 + i * 10_000).expect("in range");
        total.latency.connect_tls.record(900_000 + i * 5_000).expect("in range");
    }
    report
}

/// [`connected`] with this text wherever a server or a plan chooses one.
pub(crate) fn connected_with(text: &str) -> Report {
    let mut report = connected();
    let named = |n| [(text.to_owned(), n)].into();
    report.target.more_urls = vec![text.to_owned()];
    let connect = report.plan.groups[0].connect.as_mut().expect("it has a way");
    connect.proxy = Some(ProxyRecord { scheme: text.to_owned(), address: text.to_owned(), credentials: true });
    for field in [&mut connect.unix_socket, &mut connect.connect_to, &mut connect.origin] {
        *field = Some(text.to_owned());
    }
    (connect.resolve, connect.subprotocols) = (vec![text.to_owned()], vec![text.to_owned()]);
    if let Some(tls) = &mut connect.tls {
        (tls.version, tls.server_name) = (Some(text.to_owned()), Some(text.to_owned()));
    }
    let connections = &mut report.total.connections;
    (connections.subprotocols, connections.addresses) = (named(90), named(100));
    if let (Some(tls), Some(compression)) = (&mut connections.tls, &mut connections.compression) {
        (tls.versions, tls.ciphers, compression.parameters) = (named(100), named(100), named(80));
    }
    report
}
