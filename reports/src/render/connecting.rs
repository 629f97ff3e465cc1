//! Sentences about how connections are opened: what a plan asks for, and what was agreed. They may
//! hold any text, since servers and plans choose names.

use std::collections::BTreeMap;

use crate::{
    human::{bytes, count, most_frequent},
    model::{
        AuthorizationRecord, CompressedTraffic, CompressionCounts, CompressionRecord, ConnectRecord, Connections,
        GroupRecord, Measurement, PlanRecord, ProxyRecord, Report, TargetRecord, TlsCounts, TlsRecord,
    },
};

/// What `--insecure` means for a result.
pub(super) const INSECURE: &str = "any certificate was accepted (--insecure)";

/// Whether any group accepts any certificate.
pub(super) fn is_insecure(plan: &PlanRecord) -> bool {
    plan.groups.iter().any(accepts_any_certificate)
}

/// Whether a group accepts any certificate.
pub(super) fn accepts_any_certificate(group: &GroupRecord) -> bool {
    let tls = group.connect.as_ref().and_then(|connect| connect.tls.as_ref());
    tls.is_some_and(|tls| tls.insecure)
}

/// What stands behind the URL of a target. Empty if there is nothing to say.
pub(super) fn target_remarks(report: &Report) -> String {
    let embedded = if report.target.embedded { " (embedded server)" } else { "" };
    if is_insecure(&report.plan) { format!("{embedded}, {INSECURE}") } else { embedded.to_owned() }
}

/// Most URLs of a target that are shown.
const URLS: usize = 5;

/// The URL of a target, or several.
pub(super) fn urls(target: &TargetRecord) -> String {
    let TargetRecord { url, more_urls, .. } = target;
    let mut urls: Vec<&str> = std::iter::once(url).chain(more_urls).map(String::as_str).take(URLS).collect();
    let more = (1 + more_urls.len()).checked_sub(URLS).filter(|more| *more > 0);
    let more = more.map(|more| format!("{} more", count(more as u64)));
    urls.extend(more.as_deref());
    urls.join(", ")
}

/// Everything about opening connections that differs from a plain connection to the target.
pub(super) fn asked_for(group: &GroupRecord) -> Vec<String> {
    let Some(connect) = &group.connect else { return Vec::new() };
    let mut all = path(connect);
    all.extend(connect.tls.iter().flat_map(tls_options));
    all.extend(request(connect));
    all.extend(connect.compression.map(compression_offer));
    all
}

fn path(connect: &ConnectRecord) -> Vec<String> {
    let ConnectRecord { proxy, unix_socket, connect_to, resolve, ip_version, happy_eyeballs, .. } = connect;
    let proxy = proxy.as_ref().map(|ProxyRecord { scheme, address, credentials }| {
        let credentials = if *credentials { " with credentials" } else { "" };
        format!("through the proxy {scheme}://{address}{credentials}")
    });
    let socket = unix_socket.as_ref().map(|path| format!("over the unix socket {path}"));
    let connect_to = connect_to.as_ref().map(|address| format!("connected to {address}"));
    let resolve = resolve.iter().map(|address| format!("resolved {address}"));
    let family = ip_version.map(|version| format!("IPv{version} only"));
    let in_order = (!happy_eyeballs).then(|| "no happy eyeballs".to_owned());
    let first = proxy.into_iter().chain(socket).chain(connect_to);
    first.chain(resolve).chain(family).chain(in_order).collect()
}

fn tls_options(tls: &TlsRecord) -> Vec<String> {
    let TlsRecord { version, authorities, client_certificate, server_name, insecure, resume } = tls;
    let version = version.as_ref().map(|version| format!("TLS {version}"));
    let authorities = match authorities {
        0 => None,
        1 => Some("certificates of 1 file trusted".to_owned()),
        files => Some(format!("certificates of {} files trusted", count(u64::from(*files)))),
    };
    let certificate = client_certificate.then(|| "client certificates".to_owned());
    let name = server_name.as_ref().map(|name| format!("server name {name}"));
    let insecure = insecure.then(|| "any certificate accepted".to_owned());
    let resume = resume.then(|| "TLS sessions resumed".to_owned());
    [version, authorities, certificate, name, insecure, resume].into_iter().flatten().collect()
}

fn request(connect: &ConnectRecord) -> Vec<String> {
    let ConnectRecord { subprotocols, origin, authorization, max_redirects, .. } = connect;
    let subprotocols = (!subprotocols.is_empty()).then(|| format!("subprotocol {}", subprotocols.join(" or ")));
    let origin = origin.as_ref().map(|origin| format!("origin {origin}"));
    let authorization = authorization.map(|kind| match kind {
        AuthorizationRecord::Basic => "a password".to_owned(),
        AuthorizationRecord::Bearer => "a bearer token".to_owned(),
    });
    let redirects = match max_redirects {
        0 => None,
        1 => Some("1 redirect at most".to_owned()),
        n => Some(format!("{} redirects at most", count(u64::from(*n)))),
    };
    [subprotocols, origin, authorization, redirects].into_iter().flatten().collect()
}

fn compression_offer(offer: CompressionRecord) -> String {
    let CompressionRecord { window_bits, context_takeover } = offer;
    let window = if window_bits == 15 { String::new() } else { format!(", window bits {window_bits}") };
    let takeover = if context_takeover { "" } else { ", no context takeover" };
    format!("permessage-deflate{window}{takeover}")
}

/// What was agreed when connections opened, each with its name. Empty for plain connections.
pub(super) fn agreed(measurement: &Measurement) -> Vec<(&'static str, String)> {
    let connections = &measurement.connections;
    let Connections { subprotocols, addresses, redirects, .. } = connections;
    let rows = [
        ("TLS", tls(connections)),
        ("compression", compression(connections)),
        ("compressed", compressed(measurement.traffic.compressed)),
        ("subprotocols", named(subprotocols)),
        ("addresses", named(addresses)),
        ("redirects", (*redirects > 0).then(|| format!("{} followed", count(*redirects)))),
    ];
    rows.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

/// Versions, cipher suites and kinds of handshakes. `None` without TLS.
pub(super) fn tls(connections: &Connections) -> Option<String> {
    let TlsCounts { full, resumed, versions, ciphers, insecure } = connections.tls.as_ref()?;
    let versions = only(versions).map_or_else(|| named(versions), |only| Some(only.to_owned()));
    let ciphers = only(ciphers).map_or_else(|| named(ciphers), |only| Some(only.to_owned()));
    let handshakes = match (full, resumed) {
        (0, 0) => None,
        (1, 0) => Some("1 full handshake".to_owned()),
        (full, 0) => Some(format!("{} full handshakes", count(*full))),
        (full, resumed) => Some(format!("{} full and {} resumed handshakes", count(*full), count(*resumed))),
    };
    let insecure = insecure.then(|| INSECURE.to_owned());
    let all: Vec<String> = [versions, ciphers, handshakes, insecure].into_iter().flatten().collect();
    Some(all.join("; "))
}

/// On how many connections compression was agreed, and how. `None` if it was not offered.
pub(super) fn compression(connections: &Connections) -> Option<String> {
    let CompressionCounts { agreed, declined, parameters } = connections.compression.as_ref()?;
    let all = agreed.saturating_add(*declined);
    let parameters = only(parameters).map_or_else(|| named(parameters), |only| Some(only.to_owned()));
    let parameters = parameters.map_or_else(String::new, |parameters| format!(": {parameters}"));
    Some(format!("agreed on {} of {} connections{parameters}", count(*agreed), count(all)))
}

/// What compression saved, both ways. `None` if nothing was compressed.
pub(super) fn compressed(traffic: CompressedTraffic) -> Option<String> {
    let CompressedTraffic { sent_bytes, sent_frame_bytes, received_bytes, received_frame_bytes } = traffic;
    let one_way = |way: &str, payload: u64, frames: u64, ratio: Option<f64>| {
        let (payload, frames) = (bytes(payload as f64), bytes(frames as f64));
        ratio.map(|ratio| format!("{way} {payload} in {frames} of frames ({ratio:.2} to 1)"))
    };
    let sent = one_way("sent", sent_bytes, sent_frame_bytes, traffic.sent_ratio());
    let received = one_way("received", received_bytes, received_frame_bytes, traffic.received_ratio());
    let both: Vec<String> = sent.into_iter().chain(received).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// The only name in a map.
fn only(numbers: &BTreeMap<String, u64>) -> Option<&str> {
    match numbers.len() {
        1 => numbers.keys().next().map(String::as_str),
        _ => None,
    }
}

/// Names with their numbers. `None` without any.
fn named(numbers: &BTreeMap<String, u64>) -> Option<String> {
    let all = numbers.iter().map(|(name, n)| (name.as_str(), *n));
    (!numbers.is_empty()).then(|| most_frequent(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        escape::visible,
        model::sample,
        render::{
            Hlog, Html, Junit, Markdown, Text,
            hostile::{HOSTILE, is_safe, spans_with},
            rendered,
        },
    };

    #[test]
    fn plain_connections_have_nothing_to_say() {
        for report in [sample::pass(), sample::rooms(), sample::sessions()] {
            assert_eq!(asked_for(&report.plan.groups[0]), Vec::<String>::new());
            assert_eq!(agreed(&report.total), []);
            assert!(!is_insecure(&report.plan));
        }
        assert_eq!(target_remarks(&sample::pass()), " (embedded server)");
    }

    #[test]
    fn each_option_and_each_agreement_has_words() {
        let report = sample::connected();
        let mut lines = vec![urls(&report.target) + &target_remarks(&report)];
        lines.extend(asked_for(&report.plan.groups[0]));
        lines.extend(agreed(&report.total).iter().map(|(name, text)| format!("{name}: {text}")));
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn all_other_options_have_words_as_well() {
        let mut group = sample::pass().plan.groups.remove(0);
        group.connect = Some(ConnectRecord {
            unix_socket: Some("/run/ws.sock".to_owned()),
            ip_version: Some(6),
            happy_eyeballs: false,
            authorization: Some(AuthorizationRecord::Basic),
            max_redirects: 1,
            tls: Some(TlsRecord { version: Some("1.2".to_owned()), authorities: 1, ..TlsRecord::default() }),
            compression: Some(CompressionRecord::default()),
            ..ConnectRecord::default()
        });
        assert_eq!(
            asked_for(&group).join(", "),
            "over the unix socket /run/ws.sock, IPv6 only, no happy eyeballs, TLS 1.2, certificates of 1 file trusted, \
             a password, 1 redirect at most, permessage-deflate"
        );
    }

    #[test]
    fn formats_for_people_say_that_any_certificate_is_accepted() {
        let report = sample::connected();
        for text in [
            rendered(&Text::default(), &report).replace('\n', " ").split_whitespace().collect::<Vec<_>>().join(" "),
            rendered(&Markdown, &report),
            rendered(&Junit, &report),
            rendered(&Html, &report),
            rendered(&Hlog, &report),
        ] {
            assert!(text.contains(INSECURE), "{text}");
        }
    }

    #[test]
    fn what_servers_and_plans_choose_is_text_in_every_format() {
        let (wild, harmless) = (sample::connected_with(HOSTILE), sample::connected_with("plain"));
        let spans = spans_with(&visible(HOSTILE), &rendered(&Markdown, &wild), &rendered(&Markdown, &harmless));
        // The target; eight options; four agreements.
        assert_eq!(spans, 1 + 8 + 4);
        for text in [rendered(&Text::default(), &wild), rendered(&Junit, &wild), rendered(&Hlog, &wild)] {
            assert!(is_safe(&text), "{text}");
        }
        assert!(!rendered(&Html, &wild).contains("<script>alert"));
    }

    #[test]
    fn a_sentence_of_urls_has_an_end() {
        let more_urls = (0..7).map(|n| format!("ws://{n}/")).collect();
        let target = TargetRecord { url: "ws://a/".to_owned(), more_urls, embedded: false };
        assert_eq!(urls(&target), "ws://a/, ws://0/, ws://1/, ws://2/, ws://3/, 3 more");
    }
}
