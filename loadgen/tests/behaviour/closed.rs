//! The closed model: a reply lets the next send go.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::plan::{EngineKind, Until};
use reports::{LimitedBy, Throughput, Verdict, judge};
use server::Reply;

use crate::rig::{
    Behaviour, FixedCapacityServer, Reference, ScriptedServer, TestPlan, closed, complete, n32, plan, run,
};

on_each_engine!(
    a_window_is_kept_full_until_the_time_is_over,
    a_number_of_messages_is_kept_to_whatever_the_window,
    throughput_counts_replies_that_were_due_in_the_warm_up,
    nothing_more_is_in_flight_than_the_window_holds,
    a_run_of_n_messages_ends_despite_a_lost_message,
    a_run_of_n_messages_ends_despite_pings,
    a_run_of_n_messages_ends_despite_a_dead_connection,
    a_run_of_n_messages_ends_despite_pushes
);

fn a_window_is_kept_full_until_the_time_is_over(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for window in [1, 16] {
        let plan = TestPlan {
            clients: n32(3),
            load: closed(window),
            warmup: Duration::from_millis(50),
            until: Until::Elapsed(Duration::from_millis(150)),
            threads: NonZeroUsize::new(2).expect("not 0"),
            ..plan(engine, &server.url())
        };
        let report = run(&plan);
        complete(&report);
        let judgement = judge(&report, &[]);
        assert_eq!(judgement.verdict, Verdict::Pass, "no schedule that could be missed: {judgement:?}");
        assert!(matches!(judgement.limited_by, LimitedBy::Target | LimitedBy::Generator));
        assert_eq!(report.total.measured.counts.dropped, 0);
        assert!(report.total.measured.counts.sent >= u64::from(window) * 3);
        assert!(report.total.wire.writes.largest <= window.into());
    }
}

fn a_number_of_messages_is_kept_to_whatever_the_window(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for (window, messages) in [(1, 20), (16, 100), (16, 5), (7, 20)] {
        for warmup in [Duration::ZERO, Duration::from_millis(30)] {
            let plan = TestPlan {
                clients: n32(3),
                load: closed(window),
                warmup,
                until: Until::Messages(NonZeroU64::new(messages).expect("not 0")),
                ..plan(engine, &server.url())
            };
            let report = run(&plan);
            complete(&report);
            assert_eq!(report.total.measured.counts.sent, 3 * messages, "window {window}, warm-up {warmup:?}");
        }
    }
}

/// A server that takes a millisecond a message, one at a time, has 200 in flight all the time. So
/// half of what comes in 400 ms was due in the warm-up, and without it the throughput would be 500
/// a second.
fn throughput_counts_replies_that_were_due_in_the_warm_up(engine: EngineKind) {
    let server = FixedCapacityServer::start(Duration::from_millis(1), Duration::ZERO);
    let plan = TestPlan {
        clients: n32(10),
        load: closed(20),
        warmup: Duration::from_millis(300),
        until: Until::Elapsed(Duration::from_millis(400)),
        ..plan(engine, &server.url())
    };
    let report = run(&plan);
    complete(&report);
    let throughput = Throughput::of(&report).matched_per_s.expect("a measured phase");
    // What a busy machine delays before the phase or at its end moves the rate, by less than this.
    assert!((700.0..1_300.0).contains(&throughput), "{throughput}");
    server.finish();
}

fn nothing_more_is_in_flight_than_the_window_holds(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::NeverAnswers);
    let plan = TestPlan {
        load: closed(3),
        until: Until::Elapsed(Duration::from_millis(100)),
        drain: Duration::from_millis(100),
        ..plan(engine, &server.url())
    };
    let report = run(&plan);
    assert_eq!((report.total.measured.counts.sent, report.total.measured.counts.lost), (3, 3));
    assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
    assert_eq!(server.finish()[0].messages, 3);
}

fn a_run_of_n_messages_ends_despite_a_lost_message(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::DropsEveryThird);
    let plan = TestPlan {
        load: closed(4),
        until: Until::Messages(NonZeroU64::new(6).expect("not 0")),
        drain: Duration::from_millis(200),
        ..plan(engine, &server.url())
    };
    let report = run(&plan);
    let counts = report.total.measured.counts;
    assert_eq!((counts.sent, counts.matched, counts.lost), (6, 4, 2));
    assert_eq!(server.finish()[0].messages, 6);
}

fn a_run_of_n_messages_ends_despite_pings(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::PingsOnly);
    let plan = TestPlan { load: closed(4), drain: Duration::from_millis(200), ..plan(engine, &server.url()) };
    let report = run(&plan);
    assert_eq!((report.total.measured.counts.sent, report.total.measured.counts.lost), (4, 4));
    assert!(server.finish()[0].pongs.len() > 1, "it did ping");
}

fn a_run_of_n_messages_ends_despite_a_dead_connection(engine: EngineKind) {
    let server = ScriptedServer::start_each(|index| match index {
        0 => Behaviour::EndsTcp { after: 3 },
        _ => Behaviour::Echo,
    });
    let plan = TestPlan { clients: n32(2), load: closed(2), ..plan(engine, &server.url()) };
    let report = run(&plan);
    assert_eq!(report.total.connections.died, 1);
    assert_eq!(report.total.measured.counts.matched, 24 + 3);
    assert_eq!(judge(&report, &[]).verdict, Verdict::Connections);
}

fn a_run_of_n_messages_ends_despite_pushes(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::PushesOnly);
    let plan = TestPlan { load: closed(4), drain: Duration::from_millis(200), ..plan(engine, &server.url()) };
    let report = run(&plan);
    assert_eq!((report.total.measured.counts.sent, report.total.measured.counts.lost), (4, 4));
    assert!(report.total.measured.anomalies.unexpected > 0, "it did push");
    server.finish();
}
