//! Rates that change, random gaps, and clients that think: how many messages are due is known by
//! arithmetic.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::{
    plan::{Arrivals, EngineKind, Expect, Group, Load, OwnCopy, Plan, RatePlan, RoomBy, Rooms, Spacing, Stage, Until},
    schedule::Schedule,
};
use reports::model::LoadRecord;
use server::{Options, Reply, RoomsOptions};

use crate::rig::{Reference, TestPlan, closed, complete, n32, plan, rate, run, run_plan};

on_each_engine!(stages_and_random_gaps_send_what_is_due, rooms_know_when_a_message_was_due, who_thinks_sends_less);

const LENGTH: Duration = Duration::from_millis(400);
const WARMUP: Duration = Duration::from_millis(100);

/// A warm-up with 20 messages, then 40 and 15 of each client, in bursts of 5.
fn arrivals(spacing: Spacing) -> Arrivals {
    let stage =
        |from, to, millis| Stage { from: Some(rate(from)), to: Some(rate(to)), length: Duration::from_millis(millis) };
    let stages = [stage(200.0, 200.0, 200), stage(200.0, 100.0, 100), Stage { to: None, ..stage(100.0, 100.0, 100) }];
    Arrivals { rate: RatePlan::Stages(stages.into()), spacing }
}

/// Messages of all clients that are due in the measured phase.
fn due(clients: u32, spacing: Spacing) -> u64 {
    let warmup = u64::try_from(WARMUP.as_nanos()).expect("short");
    let seed = Schedule::seed_of_group(7, 0);
    let schedule = Schedule::of(n32(clients), &arrivals(spacing), n32(5), warmup, seed);
    let of = |client| schedule.messages_before(client, u64::MAX) - schedule.messages_before(client, warmup);
    (0..clients).map(of).sum()
}

fn staged(engine: EngineKind, url: &str, clients: u32, spacing: Spacing) -> TestPlan {
    TestPlan {
        clients: n32(clients),
        load: Load::Open { arrivals: arrivals(spacing), burst: n32(5), max_in_flight: n32(10_000) },
        warmup: WARMUP,
        until: Until::Elapsed(LENGTH),
        threads: NonZeroUsize::new(2).expect("not 0"),
        ..plan(engine, url)
    }
}

fn stages_and_random_gaps_send_what_is_due(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    // 40, 15 and 5 messages of each.
    assert_eq!(due(4, Spacing::Even), 4 * 60);
    for spacing in [Spacing::Even, Spacing::Poisson] {
        let report = run(&staged(engine, &server.url(), 4, spacing));
        complete(&report);
        assert_eq!(report.total.measured.counts.scheduled, due(4, spacing), "{spacing}");
        let LoadRecord::Open { stages, .. } = &report.plan.groups[0].load else { panic!("it is the open model") };
        assert_eq!(stages.len(), 3);
    }
}

fn rooms_know_when_a_message_was_due(engine: EngineKind) {
    for spacing in [Spacing::Even, Spacing::Poisson] {
        let rooms = Some(RoomsOptions::default());
        let server = Reference::start_with(Options { rooms, ..Options::default() });
        let url = format!("{}/{{{{room}}}}", server.url());
        let plan = TestPlan { expect: Expect::Broadcast, ..staged(engine, &url, 6, spacing) };
        // The second room is cut over both workers.
        let rooms = Rooms { by: RoomBy::Size(n32(3)), publishers: None, own: OwnCopy::Expect, durable: false };
        let group = Group { rooms: Some(rooms), ..plan.group("main") };
        let report = run_plan(&Plan::new(plan.run(), vec![group]).expect("it fits together"));
        complete(&report);
        let tally = &report.total.measured;
        assert_eq!(tally.counts.scheduled, due(6, spacing), "{spacing}");
        assert_eq!(tally.deliveries.matched, 3 * tally.counts.sent);
        server.finish();
    }
}

/// Each of 3 clients sends 4 messages, one after the other, with a pause of 20 ms.
fn who_thinks_sends_less(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let Load::Closed { window, .. } = closed(1) else { panic!("it is the closed model") };
    let report = run(&TestPlan {
        clients: n32(3),
        load: Load::Closed { window, think: Duration::from_millis(20) },
        until: Until::Messages(NonZeroU64::new(4).expect("not 0")),
        ..plan(engine, &server.url())
    });
    complete(&report);
    let counts = &report.total.measured.counts;
    assert_eq!((counts.sent, counts.matched), (12, 12));
    assert!(report.measured_s >= 0.06, "three pauses take longer: {} s", report.measured_s);
}
