//! Slow readers at servers by other authors: what becomes of it, and that the others keep what is
//! theirs.

use std::fs;

use reports::{
    Report, Verdict,
    model::{Connections, Measurement},
};

use crate::{
    node::NODE,
    python::PYTHON,
    rig::{PeerServer, Reference, loadgen},
};

/// One client is sent 1.2 MB a second and reads 16 KiB. That is more than the kernel keeps. Ten
/// others chat.
const PLAN: &str = r#"
duration = "4s"
warmup = "300ms"
drain = "3s"
only_delivery = true

[[group]]
name = "chat"
clients = 10
rate = 20
burst = 1
size = "4KiB"

[[group]]
name = "slow"
clients = 1
rate = 300
burst = 10
size = "4KiB"
read = "16KiB/s"
"#;

/// Runs the plan. The others must have all that is theirs.
fn run(url: &str) -> (Report, Measurement) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.toml");
    fs::write(&path, PLAN).expect("a plan");
    let (report, judgement) = loadgen(path.to_str().expect("UTF-8"), &["--target", url]);
    assert_eq!(judgement.verdict, Verdict::Pass, "{judgement:?}");
    let of = |name: &str| report.group(name).expect("a group").clone();
    let (chat, slow) = (of("chat"), of("slow"));
    for tally in [&chat.measured, &chat.warmup] {
        assert!(tally.anomalies.is_clean(), "{:?}", tally.anomalies);
        let counts = &tally.counts;
        assert_eq!((counts.matched, counts.dropped), (counts.sent, tally.dropped.behind_schedule), "{counts:?}");
    }
    assert!(chat.measured.counts.sent > 0);
    assert_eq!((chat.connections.opened, chat.connections.died), (10, 0));
    for tally in [&slow.measured, &slow.warmup] {
        let counts = &tally.counts;
        assert_eq!((counts.lost, counts.undetermined), (0, 0), "{counts:?}");
        assert_eq!(counts.matched + counts.undetermined_by_plan, counts.sent, "{counts:?}");
    }
    assert!(slow.measured.counts.undetermined_by_plan > 0);
    (report, slow)
}

fn url(server: &PeerServer) -> &str {
    &server.url
}

/// Nothing becomes of it: the server waits for them, or keeps what they have not read.
fn are_waited_for(Connections { opened, died, .. }: &Connections) {
    assert_eq!((*opened, *died), (1, 0));
}

#[test]
fn the_reference_server_waits_for_it() {
    let server = Reference::start(server::Reply::Echo);
    let (_, slow) = run(&server.url());
    are_waited_for(&slow.connections);
    server.finish();
}

#[test]
fn node_keeps_what_they_have_not_read() {
    let server = NODE.server("echo", &[]);
    let (_, slow) = run(url(&server));
    are_waited_for(&slow.connections);
    // It reads on, so nothing is dropped.
    let counts = &slow.measured.counts;
    assert_eq!(counts.dropped, slow.measured.dropped.behind_schedule, "{counts:?}");
    server.finish();
}

#[test]
fn python_waits_for_them() {
    let server = PYTHON.server("echo", &[]);
    let (_, slow) = run(url(&server));
    are_waited_for(&slow.connections);
    // It logs that the slow reader closed while it was sending.
    drop(server);
}

#[test]
fn node_ends_them_where_it_bounds_what_it_keeps() {
    let server = NODE.server("slow", &["terminate", "65536"]);
    let (_, slow) = run(url(&server));
    assert_eq!((slow.connections.opened, slow.connections.died), (1, 1), "{:?}", slow.connections);
    assert!(slow.measured.dropped.dead_connection > 0);
    server.finish();
}

#[test]
fn node_skips_echoes_where_it_bounds_what_it_keeps() {
    let server = NODE.server("slow", &["skip", "65536"]);
    let (_, slow) = run(url(&server));
    are_waited_for(&slow.connections);
    server.finish();
}
