//! What connections carry besides whole messages: fragments and cut writes, pings, and slow
//! readers.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use loadgen::plan::{EngineKind, Group, Load, Plan, Until, WireShape, WriteShape};
use reports::{Verdict, judge, model::Pings};
use server::Reply;

use crate::rig::{Reference, TestPlan, complete, n32, open, plan, run_plan};

on_each_engine!(
    messages_are_whole_however_they_are_cut,
    idle_clients_ping,
    slow_readers_take_nothing_from_the_others,
    slow_receivers_in_rooms_are_by_plan
);

/// Messages of the small plan.
const MESSAGES: u64 = 24;

/// Shapes of writes, and how many writes a burst of four frames of `frame` bytes takes in all.
fn write_shapes(frame: u64, frames: u64) -> [(WriteShape, u64); 4] {
    let split = |most: u64| WriteShape::Split(n32(u32::try_from(most).expect("few")));
    [(WriteShape::Burst, 1), (WriteShape::Frame, frames), (split(1), frame), (split(100), frame.div_ceil(100))]
}

fn messages_are_whole_however_they_are_cut(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for (size, fragment) in [(64_u32, None), (64, Some(1)), (64, Some(7)), (300, Some(299)), (1000, Some(125))] {
        let fragments = fragment.map_or(1, |most: u32| u64::from(size.div_ceil(most)));
        // A longer length than 125 takes two bytes more.
        let longer = u64::from(fragment.unwrap_or(size).min(size) > 125);
        let burst = 4 * (u64::from(size) + 6 * fragments + 2 * longer);
        for (write, writes) in write_shapes(burst, 4 * fragments) {
            let small = TestPlan { size, ..plan(engine, &server.url()) };
            let wire_shape = WireShape { fragment: fragment.and_then(NonZeroU32::new), write };
            let group = Group { wire_shape, ..small.group("main") };
            let report = run_plan(&Plan::new(small.run(), vec![group]).expect("it fits together"));
            complete(&report);
            let counts = &report.total.measured.counts;
            assert_eq!((counts.sent, counts.matched), (MESSAGES, MESSAGES), "{wire_shape:?}");
            // A slow machine writes a burst after the window.
            let sent = report.total.traffic.sent_in_window;
            assert_eq!(report.total.wire.writes.calls, writes * sent / 4, "{size} {wire_shape:?}");
        }
    }
    let stats = server.finish();
    assert_eq!(stats.protocol_errors, 0, "{stats:?}");
}

fn idle_clients_ping(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let until = Until::Elapsed(Duration::from_millis(500));
    let idle = TestPlan { clients: n32(5), load: Load::Listen, until, ..plan(engine, &server.url()) };
    let group = Group { ping: Some(Duration::from_millis(100)), ..idle.group("main") };
    let report = run_plan(&Plan::new(idle.run(), vec![group]).expect("it fits together"));
    let Pings { sent, answered } = report.total.pings;
    assert!((1..=25).contains(&sent), "{sent}");
    assert_eq!((answered, report.total.latency.ping.len()), (sent, sent));
    assert_eq!((report.total.measured.counts.events, report.total.connections.died), (0, 0));
    server.finish();
}

/// A second in which some read, and half a second in which they may read on.
fn a_second(engine: EngineKind, url: &str, load: Load, size: u32) -> TestPlan {
    let until = Until::Elapsed(Duration::from_secs(1));
    TestPlan { clients: n32(4), load, until, size, drain: Duration::from_millis(500), ..plan(engine, url) }
}

fn slow_readers_take_nothing_from_the_others(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let fast = a_second(engine, &server.url(), open(50.0, 1), 64);
    let slow = a_second(engine, &server.url(), open(400.0, 4), 1000);
    let slow = Group { read: NonZeroU64::new(4_000), ..slow.group("slow") };
    let report = run_plan(&Plan::new(fast.run(), vec![fast.group("fast"), slow]).expect("it fits together"));
    let [fast, slow] = [&report.groups[0].measurement.measured, &report.groups[1].measurement.measured];
    assert_eq!((fast.counts.matched, fast.counts.undetermined_by_plan), (fast.counts.sent, 0));
    assert!(fast.counts.sent > 0 && fast.anomalies.is_clean() && slow.anomalies.is_clean());
    let counts = &slow.counts;
    assert_eq!((counts.lost, counts.undetermined), (0, 0), "{counts:?}");
    assert_eq!(counts.matched + counts.undetermined_by_plan, counts.sent);
    // Each reads about four messages a second.
    assert!((1..=4 * 8).contains(&counts.matched) && counts.undetermined_by_plan > 0, "{counts:?}");
    assert!(!matches!(judge(&report, &[]).verdict, Verdict::Delivery | Verdict::Connections));
    server.finish();
}

fn slow_receivers_in_rooms_are_by_plan(engine: EngineKind) {
    use loadgen::plan::{Expect, OwnCopy, RoomBy, Rooms};
    use server::{Options, RoomsOptions};
    let server = Reference::start_with(Options { rooms: Some(RoomsOptions::default()), ..Options::default() });
    let by = RoomBy::Name("one".parse().expect("a template"));
    let rooms = Some(Rooms { by, publishers: None, own: OwnCopy::Expect, durable: false });
    let in_room = |plan: TestPlan, name| Group { rooms: rooms.clone(), expect: Expect::Broadcast, ..plan.group(name) };
    let fast = a_second(engine, &server.url(), open(50.0, 1), 500);
    let slow = a_second(engine, &server.url(), Load::Listen, 500);
    let slow = Group { read: NonZeroU64::new(4_000), ..in_room(slow, "slow") };
    let report = run_plan(&Plan::new(fast.run(), vec![in_room(fast, "fast"), slow]).expect("it fits together"));
    let deliveries = |group: usize| report.groups[group].measurement.measured.deliveries;
    assert_eq!(deliveries(0).matched, deliveries(0).expected);
    let slow = deliveries(1);
    assert_eq!((slow.lost, slow.undetermined), (0, 0), "{slow:?}");
    assert!(slow.matched > 0 && slow.undetermined_by_plan > 0, "{slow:?}");
    assert_eq!(slow.matched + slow.undetermined_by_plan, slow.expected);
    assert!(!matches!(judge(&report, &[]).verdict, Verdict::Delivery | Verdict::Connections));
    server.finish();
}
