//! Proxies that read their configuration again while clients are at work. They keep old connections
//! for a second.

use std::{thread, time::Duration};

use reports::{Judgement, Report};
use server::Reply;

use crate::{
    restart::{CLIENTS, KILLED, LOAD, all_came_back},
    rig::{HAPROXY, Language, NGINX, Reference, loadgen, wait_for_clients},
};

/// What a run says of a proxy that reads its configuration again.
fn reloaded(proxy: &Language) -> (Report, Judgement) {
    let upstream = Reference::start(Reply::Echo);
    let mut proxy = proxy.server("serve", &[&upstream.address().port().to_string(), "--grace", "1s"]);
    let url = proxy.url.clone();
    let run = thread::spawn(move || loadgen(&url, LOAD));
    wait_for_clients(proxy.place.parse().expect("a port"), CLIENTS);
    // Their load begins as soon as all are open, and takes much longer.
    thread::sleep(Duration::from_secs(1));
    proxy.say("reload");
    let outcome = run.join().expect("no panic");
    proxy.finish();
    upstream.finish();
    outcome
}

/// Nobody is cut at once: the connections lived until the reload and for the second after it.
#[track_caller]
fn were_cut_after_a_second((report, _): &(Report, Judgement)) {
    let died = report.total.ends.iter().filter(|record| !record.by_plan);
    let shortest = died.map(|record| record.lifetimes.shortest_ns).min();
    // A client may see its connection open later than the proxy does.
    assert!(shortest >= Some(1_500_000_000), "{shortest:?} ns");
}

#[test]
fn nginx_cuts_old_connections_and_all_come_back() {
    let outcome = reloaded(&NGINX);
    all_came_back(&outcome, KILLED);
    were_cut_after_a_second(&outcome);
}

#[test]
fn haproxy_cuts_old_connections_and_all_come_back() {
    let outcome = reloaded(&HAPROXY);
    all_came_back(&outcome, KILLED);
    were_cut_after_a_second(&outcome);
}
