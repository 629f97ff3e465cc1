//! Any connections, and any way to open them.

use std::collections::BTreeMap;

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
};

use crate::model::{
    AuthorizationRecord, CompressedTraffic, CompressionCounts, CompressionRecord, ConnectRecord, Connections,
    ProxyRecord, TlsCounts, TlsRecord,
};

fn named() -> impl Strategy<Value = BTreeMap<String, u64>> + Clone {
    btree_map(any::<String>(), any::<u64>(), 0..3)
}

pub(super) fn connections() -> impl Strategy<Value = Connections> {
    let details = btree_map(any::<String>(), any::<String>(), 0..3);
    let tls = (any::<[u64; 2]>(), [named(), named()], any::<bool>()).prop_map(
        |([full, resumed], [versions, ciphers], insecure)| TlsCounts { full, resumed, versions, ciphers, insecure },
    );
    let compression = (any::<[u64; 2]>(), named()).prop_map(|([agreed, declined], parameters)| CompressionCounts {
        agreed,
        declined,
        parameters,
    });
    let numbers = (any::<[u64; 5]>(), any::<Option<u64>>());
    (numbers, [named(), named(), named()], details, option::of(tls), option::of(compression)).prop_map(
        |((numbers, dns_ns), [errors, subprotocols, addresses], details, tls, compression)| {
            let [requested, opened, failed, died, redirects] = numbers;
            Connections {
                requested,
                opened,
                failed,
                died,
                dns_ns,
                errors,
                details,
                tls,
                compression,
                subprotocols,
                addresses,
                redirects,
            }
        },
    )
}

pub(super) fn compressed(bytes: [u64; 4]) -> CompressedTraffic {
    let [sent_bytes, sent_frame_bytes, received_bytes, received_frame_bytes] = bytes;
    CompressedTraffic { sent_bytes, sent_frame_bytes, received_bytes, received_frame_bytes }
}

pub(super) fn connect_plans() -> impl Strategy<Value = ConnectRecord> {
    let proxy = any::<(String, String, bool)>().prop_map(|(scheme, address, credentials)| ProxyRecord {
        scheme,
        address,
        credentials,
    });
    let tls = any::<([Option<String>; 2], u32, [bool; 3])>().prop_map(|(texts, authorities, flags)| {
        let ([version, server_name], [client_certificate, insecure, resume]) = (texts, flags);
        TlsRecord { version, authorities, client_certificate, server_name, insecure, resume }
    });
    let compression = (9..=15_u8, any::<bool>())
        .prop_map(|(window_bits, context_takeover)| CompressionRecord { window_bits, context_takeover });
    let authorization = prop::sample::select(vec![AuthorizationRecord::Basic, AuthorizationRecord::Bearer]);
    let lists = [vec(any::<String>(), 0..3), vec(any::<String>(), 0..3)];
    let parts = (option::of(proxy), option::of(tls), option::of(compression), option::of(authorization));
    let others = any::<([Option<String>; 3], Option<u8>, bool, u32)>();
    (parts, lists, others).prop_map(|((proxy, tls, compression, authorization), [resolve, subprotocols], others)| {
        let ([unix_socket, connect_to, origin], ip_version, happy_eyeballs, max_redirects) = others;
        ConnectRecord {
            proxy,
            unix_socket,
            connect_to,
            resolve,
            ip_version,
            happy_eyeballs,
            subprotocols,
            origin,
            authorization,
            max_redirects,
            tls,
            compression,
        }
    })
}
