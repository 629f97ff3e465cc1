//! The open model against the reference server: everything that is due is sent, and comes back.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::{
    message::Mix,
    plan::{EngineKind, Expect, Group, Load, Messages, SizeQuantile, SizeQuantiles, SizeRange, Sizes, Target, Until},
};
use reports::{Verdict, judge, model::MessagesRecord};
use server::Reply;

use crate::rig::{Reference, TestPlan, complete, n32, open, plan, rate, run, run_plan};

on_each_engine!(
    every_kind_size_and_burst_comes_back,
    messages_of_several_sizes_come_back,
    both_phases_schedule_rate_times_duration_times_clients,
    a_number_of_messages_is_kept_to_and_cuts_the_last_burst,
    reads_and_writes_are_counted,
    a_reply_that_is_always_the_same_matches_whatever_is_sent,
    another_reply_than_the_expected_one_is_damage,
    without_a_target_a_run_has_its_own_server,
    the_server_of_the_run_takes_messages_of_any_planned_size,
    connections_open_no_faster_than_planned,
    the_same_seed_makes_the_same_run_id,
    messages_too_small_for_a_header_are_counted,
    who_only_listens_keeps_the_connections_and_passes
);

/// Kinds, sizes and bursts. Lengths of 126 and of 65 536 change how a frame's header says them.
const SHAPES: &[(Mix, u32, u32)] = &[
    (Mix::Text, 53, 1),
    (Mix::Binary, 28, 5),
    (Mix::Mixed, 53, 50),
    (Mix::Mixed, 64, 1),
    (Mix::Text, 125, 5),
    (Mix::Binary, 126, 5),
    (Mix::Mixed, 127, 5),
    (Mix::Text, 1000, 50),
    (Mix::Binary, 65_535, 1),
    (Mix::Mixed, 65_536, 5),
    (Mix::Text, 70_000, 5),
];

fn every_kind_size_and_burst_comes_back(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for &(mix, size, burst) in SHAPES {
        let messages = 2 * u64::from(burst);
        let rate = 10.0 * f64::from(burst);
        let plan = TestPlan {
            clients: n32(3),
            load: open(rate, burst),
            until: Until::Messages(NonZeroU64::new(messages).expect("not 0")),
            mix,
            size,
            ..plan(engine, &server.url())
        };
        let report = run(&plan);
        complete(&report);
        assert_eq!(report.total.measured.counts.scheduled, 3 * messages, "{mix} {size} {burst}");
        assert_eq!(report.total.measured.counts.events, report.total.measured.counts.matched);
        let bytes = report.total.measured.counts.sent * u64::from(size);
        // What was sent late, after the measured phase, is not in its traffic.
        let sent = report.total.traffic.sent_in_window * u64::from(size);
        assert!(report.total.traffic.sent_bytes == sent && sent <= bytes, "{mix} {size} {burst}");
        assert!(report.total.traffic.received_bytes <= bytes);
        assert_eq!(report.total.connections.opened, 3);
        assert_eq!(report.total.connections.died, 0);
    }
    let stats = server.finish();
    assert_eq!((stats.accepted, stats.protocol_errors, stats.broken), (3 * SHAPES.len() as u64, 0, 0));
}

fn messages_of_several_sizes_come_back(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let quantile = |share_ppm, size| SizeQuantile { share_ppm, size };
    let quantiles = SizeQuantiles::new(&[quantile(500_000, 200), quantile(990_000, 8192)]).expect("they rise");
    let range = SizeRange::new(53, 300).expect("a range");
    for (sizes, expect) in [
        (Sizes::Edges, Expect::Echo),
        (Sizes::Edges, Expect::Count),
        (Sizes::Range(range), Expect::Echo),
        (Sizes::Quantiles(quantiles), Expect::Echo),
    ] {
        let plan = TestPlan {
            clients: n32(2),
            load: open(200.0, 5),
            until: Until::Messages(NonZeroU64::new(70).expect("not 0")),
            expect,
            ..plan(engine, &server.url())
        };
        let mixed = |group: &mut Group| group.messages = Messages::Generated { sizes: sizes.clone(), mix: Mix::Mixed };
        let plan = plan.to_plan().with(|_, groups| groups.iter_mut().for_each(mixed));
        let report = run_plan(&plan.expect("it fits together"));
        complete(&report);
        assert_eq!(report.total.measured.counts.matched, 140, "{sizes}");
        let MessagesRecord::Generated { size_bytes, sizes: said, .. } = &report.plan.groups[0].messages else {
            panic!("generated")
        };
        assert_eq!((*size_bytes, said.as_deref()), (sizes.largest().into(), Some(sizes.to_string().as_str())));
    }
    let stats = server.finish();
    assert_eq!((stats.protocol_errors, stats.broken), (0, 0));
}

fn both_phases_schedule_rate_times_duration_times_clients(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for threads in [1, 2, 3] {
        let plan = TestPlan {
            clients: n32(8),
            load: open(50.0, 5),
            warmup: Duration::from_millis(200),
            until: Until::Elapsed(Duration::from_millis(400)),
            threads: NonZeroUsize::new(threads).expect("not 0"),
            ..plan(engine, &server.url())
        };
        let report = run(&plan);
        complete(&report);
        assert_eq!(report.total.measured.counts.scheduled, 160, "50/s x 0.4 s x 8, {threads} threads");
        assert_eq!(report.total.warmup.counts.scheduled, 80, "50/s x 0.2 s x 8, {threads} threads");
        assert_eq!(report.generator.threads as usize, threads);
        assert!((report.measured_s - 0.4).abs() < 1e-9);
        assert!(!report.interrupted);
    }
}

fn a_number_of_messages_is_kept_to_and_cuts_the_last_burst(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for messages in [1, 4, 5, 6, 23] {
        let plan = TestPlan {
            clients: n32(3),
            load: open(250.0, 5),
            warmup: Duration::from_millis(60),
            until: Until::Messages(NonZeroU64::new(messages).expect("not 0")),
            threads: NonZeroUsize::new(2).expect("not 0"),
            ..plan(engine, &server.url())
        };
        let report = run(&plan);
        complete(&report);
        assert_eq!(report.total.measured.counts.scheduled, 3 * messages);
        assert_eq!(report.plan.run.messages_per_client, Some(messages));
        assert_eq!(report.plan.run.duration_s, None);
        assert!(report.total.warmup.counts.sent > 0);
    }
}

fn reads_and_writes_are_counted(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let plan = TestPlan { clients: n32(4), load: open(250.0, 5), ..plan(engine, &server.url()) };
    let report = run(&plan);
    complete(&report);
    let (wire, counts) = (&report.total.wire, &report.total.measured.counts);
    assert!(wire.writes.calls > 0 && wire.writes.calls <= counts.sent, "a write carries a message at least: {wire:?}");
    // Besides messages there is the answer to the Close of each client.
    assert!(wire.reads.calls > 0 && wire.reads.calls <= counts.events + 4, "{wire:?}");
    for calls in [wire.reads, wire.writes] {
        assert!(calls.largest >= 1 && calls.messages > 0 && calls.mean() <= calls.largest as f64, "{wire:?}");
    }
    assert!(wire.writes.largest <= 5, "bursts are written one by one: {wire:?}");
    assert!(report.generator.peak_rss_bytes > 0);
    assert!((0.0..=1.0).contains(&report.generator.busiest_worker));
    assert!(report.generator.spin_s <= report.generator.cpu_s, "{:?}", report.generator);
    assert!(report.generator.stolen.is_some_and(|share| (0.0..=1.0).contains(&share)), "{:?}", report.generator);
}

fn a_reply_that_is_always_the_same_matches_whatever_is_sent(engine: EngineKind) {
    let text = r#"{"a":1,"b":2}"#;
    let server = Reference::start(Reply::Text(text.to_owned()));
    for expect in [Expect::Reply(text.to_owned()), Expect::Count] {
        for mix in [Mix::Text, Mix::Binary, Mix::Mixed] {
            let report = run(&TestPlan { expect: expect.clone(), mix, ..plan(engine, &server.url()) });
            complete(&report);
            assert_eq!(report.plan.groups[0].expect.to_string(), expect.to_string());
        }
    }
}

fn another_reply_than_the_expected_one_is_damage(engine: EngineKind) {
    let server = Reference::start(Reply::Text("no".to_owned()));
    let short = Duration::from_millis(200);
    for (expect, corrupted) in [(Expect::Reply("yes".to_owned()), true), (Expect::Echo, false)] {
        let report = run(&TestPlan { expect, drain: short, ..plan(engine, &server.url()) });
        let (counts, found) = (&report.total.measured.counts, &report.total.measured.anomalies);
        assert_eq!(counts.matched, 0);
        if corrupted {
            assert_eq!((counts.damaged, found.corrupted), (counts.sent, counts.sent));
        } else {
            assert_eq!((counts.lost, found.unexpected), (counts.sent, counts.sent));
        }
        assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
    }
}

fn without_a_target_a_run_has_its_own_server(engine: EngineKind) {
    let target = Target::Embedded;
    let plan = TestPlan { target, clients: n32(5), ..plan(engine, "ws://unused") };
    let report = run(&plan);
    complete(&report);
    assert!(report.target.embedded);
    assert!(report.target.url.starts_with("ws://127.0.0.1:"), "{}", report.target.url);
}

fn the_server_of_the_run_takes_messages_of_any_planned_size(engine: EngineKind) {
    let target = Target::Embedded;
    let (load, until) =
        (Load::Closed { window: n32(2), think: Duration::ZERO }, Until::Messages(NonZeroU64::new(2).unwrap()));
    let plan = TestPlan {
        target,
        clients: n32(1),
        load,
        until,
        size: 20 << 20,
        mix: Mix::Binary,
        ..plan(engine, "ws://unused")
    };
    let report = run(&plan);
    assert_eq!((report.total.measured.counts.sent, report.total.measured.counts.matched), (2, 2));
}

fn connections_open_no_faster_than_planned(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let mut plan = TestPlan { clients: n32(5), ..plan(engine, &server.url()) };
    plan.connect_rate = rate(20.0);
    let started = std::time::Instant::now();
    complete(&run(&plan));
    assert!(started.elapsed() >= Duration::from_millis(200), "the fifth is due 4/20 s after the first");
}

fn the_same_seed_makes_the_same_run_id(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let id = |seed| run(&TestPlan { seed, ..plan(engine, &server.url()) }).environment.run_id;
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
}

fn messages_too_small_for_a_header_are_counted(engine: EngineKind) {
    for (size, mix) in [(0, Mix::Mixed), (1, Mix::Binary), (52, Mix::Text)] {
        let server = Reference::start(Reply::Echo);
        let report = run(&TestPlan { size, mix, expect: Expect::Count, ..plan(engine, &server.url()) });
        let counts = report.total.measured.counts;
        assert_eq!((counts.sent, counts.matched, counts.events), (24, 24, 24), "{size} bytes");
        assert!(report.total.measured.anomalies.is_clean(), "{size} bytes");
        assert_eq!(server.finish().faults.len(), 0);
    }
}

fn who_only_listens_keeps_the_connections_and_passes(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let until = Until::Elapsed(Duration::from_millis(200));
    let report = run(&TestPlan { clients: n32(5), load: Load::Listen, until, ..plan(engine, &server.url()) });
    assert_eq!((report.total.connections.opened, report.total.connections.died), (5, 0));
    assert_eq!((report.total.measured.counts.scheduled, report.total.measured.counts.events), (0, 0));
    let judgement = judge(&report, &[]);
    let only_the_machine = judgement.reasons.iter().all(|reason| reason.starts_with("generator: "));
    assert!(only_the_machine, "{judgement:?}");
    assert_eq!(server.finish().messages, 0);
}
