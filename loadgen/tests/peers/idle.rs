//! Clients that say nothing, behind a proxy that cuts what is silent.

use reports::Verdict;
use server::Reply;

use crate::rig::{HAPROXY, Language, NGINX, Reference, loadgen};

/// Long enough for each client to be cut twice. It ends between two cuts.
const PLAN: &[&str] = &["--clients", "20", "--rate", "0", "--expect", "count", "-d", "3500ms", "--only-delivery"];

/// Clients that say nothing are cut after a second, each time they have come back.
fn cuts_who_is_silent(proxy: &Language) {
    let upstream = Reference::start(Reply::Echo);
    let proxy = proxy.server("serve", &[&upstream.address().port().to_string(), "--silence", "1s"]);
    let (report, judgement) = loadgen(&proxy.url, &[PLAN, &["--reconnect", "1ms..10ms none"]].concat());
    let (connections, sessions) = (&report.total.connections, &report.total.sessions);
    // Some may have been cut just before the end: they had no time to come back.
    let verdict = if sessions.away_at_end == 0 { Verdict::Pass } else { Verdict::Connections };
    assert_eq!(judgement.verdict, verdict, "{judgement:?}");
    assert!(connections.died >= 20, "{connections:?}");
    assert_eq!(sessions.returned + sessions.away_at_end, connections.died, "{sessions:?}");
    let ends: Vec<_> = report.total.ends.iter().filter(|record| !record.by_plan).collect();
    assert_eq!(ends.len(), 1, "all ended alike: {ends:?}");
    assert_eq!(ends[0].kind, "eof", "without a close frame: {ends:?}");
    // A client may see its connection open later than the proxy does.
    assert!(ends[0].lifetimes.shortest_ns >= 500_000_000, "{ends:?}");

    // Who is not told to come back is missed.
    let (report, judgement) = loadgen(&proxy.url, PLAN);
    assert_eq!((judgement.verdict, report.total.connections.died), (Verdict::Connections, 20));
    proxy.finish();
    upstream.finish();
}

/// Pings are noise enough.
fn keeps_who_pings(proxy: &Language) {
    let upstream = Reference::start(Reply::Echo);
    let proxy = proxy.server("serve", &[&upstream.address().port().to_string(), "--silence", "2s"]);
    let (report, judgement) = loadgen(&proxy.url, &[PLAN, &["--ping", "200ms"]].concat());
    assert_eq!((judgement.verdict, report.total.connections.died), (Verdict::Pass, 0), "{judgement:?}");
    let pings = &report.total.pings;
    assert!(pings.sent >= 200 && pings.answered == pings.sent, "{pings:?}");
    assert_eq!(report.total.latency.ping.len(), pings.answered);
    proxy.finish();
    upstream.finish();
}

#[test]
fn nginx_cuts_who_is_silent() {
    cuts_who_is_silent(&NGINX);
}

#[test]
fn haproxy_cuts_who_is_silent() {
    cuts_who_is_silent(&HAPROXY);
}

#[test]
fn pings_keep_the_connection_through_nginx() {
    keeps_who_pings(&NGINX);
}

#[test]
fn pings_keep_the_connection_through_haproxy() {
    keeps_who_pings(&HAPROXY);
}
