mod merged;
mod misrouted;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use proptest::prelude::*;
use reports::model::{Calls, Connections, Counts, Latency, LoadRecord, Tally, Traffic};

use super::*;
use crate::{
    ledger::{CloseCause, Expectation, Fate, Finding, LedgerSink, SendTimes, Subject},
    message::Payload,
    plan::{Arrivals, EngineKind, Expect, Load, Order, Rate, RunOptions, Sizes},
    run::timeline::Timeline,
    secrets::Secrets,
    transport::{Endpoint, Phases},
    worker::{GroupOutcome, StopTotals, recorder::Window},
};

const SECOND: u64 = 1_000_000_000;
const WINDOW: Window = Window { from: Time::from_nanos(SECOND), to: Time::from_nanos(4 * SECOND) };
const LOCAL: Endpoint = Endpoint::Ip(SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1));

fn expectation() -> Expectation {
    Expectation::new(Payload::new(1, 64, Mix::Mixed), &Expect::Echo, 8)
}

fn plan() -> Plan {
    plan_of(1)
}

/// A plan of groups that are called `g0`, `g1` and so on.
fn plan_of(groups: usize) -> Plan {
    let load = Load::Closed { window: NonZeroU32::MIN, think: Duration::ZERO };
    let group = |n| Group { name: format!("g{n}").parse().unwrap(), load: load.clone(), ..Group::default() };
    Plan::new(RunOptions::default(), (0..groups).map(group).collect()).unwrap()
}

fn target(url: &str, embedded: bool) -> TargetRecord {
    TargetRecord { url: url.to_owned(), more_urls: Vec::new(), embedded }
}

fn context(timeline: Timeline) -> RunContext {
    RunContext {
        targets: vec![target("ws://127.0.0.1/", true); 2],
        run_id: 1,
        threads: NonZeroUsize::MIN,
        started_at: SystemTime::UNIX_EPOCH,
        start: None,
        interrupted: false,
        stopped_on_miss: None,
        stolen: None,
        seconds: timeline.finish(&mut ()),
        lookups: Vec::new(),
        membership: None,
    }
}

/// The outcome of a worker with a client of one group.
fn outcome() -> WorkerOutcome {
    outcome_of(1)
}

/// The outcome of a worker with a client of each of so many groups.
fn outcome_of(groups: usize) -> WorkerOutcome {
    let mut groups = GroupOutcome::of_groups(&vec![1; groups], 1);
    for group in &mut groups {
        group.recorder.begin(WINDOW);
    }
    WorkerOutcome { groups, window: WINDOW, cpu: 0, spun: 0, stopped: StopTotals::default(), rooms: None }
}

/// A message of a worker: when it was due, how late it was written, how long it took. All in
/// nanoseconds.
#[derive(Clone, Debug)]
struct SimulatedMessage {
    due: u64,
    lag: u64,
    service: u64,
    worker: usize,
    group: usize,
    whole: bool,
}

/// The report of `workers` workers, where worker `w` has the messages with `worker % workers == w`.
/// Group `g` has those with `group % groups == g`.
fn report(messages: &[SimulatedMessage], workers: usize, groups: usize) -> Report {
    let (expectation, mut outcomes) = (expectation(), Vec::new());
    outcomes.resize_with(workers, || outcome_of(groups));
    // In the order of time, as a recorder's time does not run backwards.
    let mut happenings: Vec<(u64, bool, &SimulatedMessage)> = Vec::new();
    for message in messages {
        let written = message.due + message.lag;
        happenings.extend([(written, false, message), (written + message.service, true, message)]);
    }
    happenings.sort_by_key(|(at, came, _)| (*at, *came));
    for (sequence, (at, came, message)) in (0..).zip(happenings) {
        let recorder = &mut outcomes[message.worker % workers].groups[message.group % groups].recorder;
        let (at, due) = (Time::from_nanos(at), Time::from_nanos(message.due));
        let times = SendTimes { due, written: due.plus(message.lag) };
        if !came {
            recorder.sent(times, 1, 64, 1);
            continue;
        }
        let mut sink = recorder.for_connection(&expectation, 0, LOCAL, at);
        if message.whole {
            sink.matched(sequence, 1, times, false);
        } else {
            let subject = Subject { sequence: Some(sequence), times: Some(times) };
            sink.finding(Finding::Corrupted, subject, b"wrong");
            sink.fate(Fate::Damaged, sequence, times);
        }
    }
    let mut timeline = Timeline::new(workers, groups);
    for outcome in &mut outcomes {
        for (group, GroupOutcome { recorder, .. }) in outcome.groups.iter_mut().enumerate() {
            let mut rows = recorder.take_rows(Time::from_nanos(8 * SECOND));
            rows.extend(recorder.last_row());
            for row in rows {
                timeline.add(group, row, &mut ());
            }
        }
    }
    summarize(&plan_of(groups), context(timeline), outcomes)
}

fn message() -> impl Strategy<Value = SimulatedMessage> {
    // Values repeat, as they do for messages that travel together.
    let nanos = prop_oneof![Just(0), Just(20_000), 0..SECOND];
    (0..4 * SECOND, nanos.clone(), nanos, 0..4_usize, 0..3_usize, prop::bool::weighted(0.9)).prop_map(
        |(due, lag, service, worker, group, whole)| SimulatedMessage { due, lag, service, worker, group, whole },
    )
}

proptest! {
    // Each case makes a dozen histograms of 220 KB.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn workers_report_together_what_one_would_report(
        messages in prop::collection::vec(message(), 0..120), workers in 2..5_usize,
    ) {
        let (one, several) = (report(&messages, 1, 1), report(&messages, workers, 1));
        prop_assert_eq!(one.total.measured, several.total.measured);
        prop_assert_eq!(one.total.warmup, several.total.warmup);
        prop_assert_eq!(one.total.traffic, several.total.traffic);
        prop_assert_eq!(&one.total.latency, &several.total.latency);
        prop_assert_eq!(&one.total.intervals, &several.total.intervals);
        prop_assert_eq!(one.total.wire.writes, several.total.wire.writes);
        for tally in [&several.total.measured, &several.total.warmup] {
            prop_assert_eq!(reports::identities(tally), Ok(()));
        }
        // That is what happened.
        let measured = messages.iter().filter(|m| m.due >= SECOND).count() as u64;
        prop_assert_eq!(several.total.measured.counts.sent, measured);
        let matched: Vec<_> = messages.iter().filter(|m| m.due >= SECOND && m.whole).collect();
        prop_assert_eq!(several.total.measured.counts.matched, matched.len() as u64);
        prop_assert_eq!(several.total.latency.response.len(), matched.len() as u64);
        let slowest = matched.iter().map(|m| m.lag + m.service).max().unwrap_or(0);
        prop_assert!(several.total.latency.response.equivalent(several.total.latency.response.max(), slowest));
        // Traffic is what happened in the window, whenever it was due. The window is three seconds,
        // so three rows hold it.
        let window = WINDOW.from.as_nanos()..WINDOW.to.as_nanos();
        let sent = messages.iter().filter(|m| window.contains(&(m.due + m.lag))).count() as u64;
        let came = |m: &&SimulatedMessage| m.whole && window.contains(&(m.due + m.lag + m.service));
        let came = messages.iter().filter(came).count() as u64;
        let Traffic { matched_in_window, sent_in_window, sent_bytes, .. } = several.total.traffic;
        prop_assert_eq!((matched_in_window, sent_in_window, sent_bytes), (came, sent, 64 * sent));
        prop_assert_eq!((several.total.wire.writes.calls, several.total.wire.writes.largest), (sent, sent.min(1)));
        let rows = || several.total.intervals.iter().filter(|row| row.at_s < 3.0);
        prop_assert_eq!(rows().map(|row| row.matched).sum::<u64>(), came);
        prop_assert_eq!(rows().map(|row| row.sent).sum::<u64>(), sent);
    }

    #[test]
    fn groups_add_up_to_the_total(
        messages in prop::collection::vec(message(), 0..120), workers in 1..3_usize, groups in 2..4_usize,
    ) {
        let (one, several) = (report(&messages, workers, 1).total, report(&messages, workers, groups));
        prop_assert_eq!(several.groups.len(), groups);
        prop_assert_eq!(several.groups[1].name.as_str(), "g1");
        let total = &several.total;
        // It does not matter to the total in what groups the clients are.
        prop_assert_eq!((total.measured, total.warmup, total.traffic), (one.measured, one.warmup, one.traffic));
        prop_assert_eq!((&total.latency, &total.intervals), (&one.latency, &one.intervals));
        prop_assert_eq!((total.wire, total.evidence.len()), (one.wire, one.evidence.len()));
        // What is added up is added bucket by bucket.
        let mut sum = Measurement::default();
        for GroupMeasurement { measurement: group, .. } in &several.groups {
            sum.connections += &group.connections;
            sum.measured += group.measured;
            sum.warmup += group.warmup;
            sum.traffic += group.traffic;
            sum.latency += &group.latency;
            for tally in [&group.measured, &group.warmup] {
                prop_assert_eq!(reports::identities(tally), Ok(()));
            }
        }
        prop_assert_eq!((sum.measured, sum.warmup, sum.traffic), (total.measured, total.warmup, total.traffic));
        prop_assert_eq!((&sum.latency, &sum.connections), (&total.latency, &total.connections));
        for second in &total.intervals {
            let of_groups = several.groups.iter().flat_map(|group| &group.measurement.intervals);
            let rows: Vec<_> = of_groups.filter(|row| row.at_s.total_cmp(&second.at_s).is_eq()).collect();
            prop_assert_eq!(rows.iter().map(|row| row.matched).sum::<u64>(), second.matched);
            prop_assert_eq!(rows.iter().map(|row| row.sent).sum::<u64>(), second.sent);
            prop_assert_eq!(rows.iter().map(|row| row.anomalies).sum::<u64>(), second.anomalies);
        }
    }
}

#[test]
fn what_workers_counted_is_added_up() {
    let tally = |sent| Tally { counts: Counts { sent, ..Counts::default() }, ..Tally::default() };
    let traffic = |sent_bytes| Traffic { sent_bytes, ..Traffic::default() };
    let connections = |requested| Connections { requested, ..Connections::default() };
    let worker = |unit: u64| {
        let mut outcome = outcome_of(2);
        for (group, unit) in outcome.groups.iter_mut().zip([unit, 1000 * unit]) {
            (group.recorder.measured, group.recorder.warmup) = (tally(unit), tally(2 * unit));
            (group.recorder.traffic, group.connections) = (traffic(3 * unit), connections(4 * unit));
        }
        outcome
    };
    let report = summarize(&plan_of(2), context(Timeline::new(2, 2)), vec![worker(1), worker(10)]);
    let measurements = report.groups.iter().map(|group| &group.measurement).chain([&report.total]);
    for (measurement, unit) in measurements.zip([11, 11_000, 11_011]) {
        assert_eq!((measurement.measured, measurement.warmup), (tally(unit), tally(2 * unit)));
        let all = Traffic { sent_in_window: 0, ..traffic(3 * unit) };
        assert_eq!((measurement.traffic, &measurement.connections), (all, &connections(4 * unit)));
    }
}

#[test]
fn openings_are_told_by_phase_and_group() {
    let worker = || {
        let mut outcome = outcome_of(2);
        for (group, unit) in outcome.groups.iter_mut().zip([1, 100]) {
            group.openings.connect.add(10 * unit);
            group.openings.add_phases(Phases {
                tcp: unit,
                tls: (unit > 1).then_some(2 * unit),
                upgrade: 3 * unit,
                ..Phases::default()
            });
        }
        outcome
    };
    let context = RunContext { lookups: vec![None, Some(7)], ..context(Timeline::new(2, 2)) };
    let report = summarize(&plan_of(2), context, vec![worker(), worker()]);
    let lengths_and_most = |measurement: &Measurement| {
        let Latency { connect, connect_tcp, connect_tls, connect_upgrade, .. } = &measurement.latency;
        [connect, connect_tcp, connect_tls, connect_upgrade].map(|times| (times.len(), times.max()))
    };
    let [first, second] = [0, 1].map(|group| &report.groups[group].measurement);
    assert_eq!(lengths_and_most(first), [(2, 10), (2, 1), (0, 0), (2, 3)]);
    assert_eq!(lengths_and_most(second), [(2, 1000), (2, 100), (2, 200), (2, 300)]);
    assert_eq!(lengths_and_most(&report.total), [(4, 1000), (4, 100), (2, 200), (4, 300)]);
    let lookups = [first, second, &report.total].map(|measurement| measurement.connections.dns_ns);
    assert_eq!(lookups, [None, Some(7), Some(7)]);
}

#[test]
fn secrets_are_hidden_in_every_group() {
    let (mut outcome, expectation) = (outcome_of(2), expectation());
    for group in &mut outcome.groups {
        group.connections.failed += 1;
        group.attempt_failed(Time::default(), "http_403", "no swordfish");
        let mut sink = group.recorder.for_connection(&expectation, 0, LOCAL, WINDOW.from);
        sink.finding(Finding::Unexpected, Subject::default(), b"hello swordfish");
    }
    let mut report = summarize(&plan_of(2), context(Timeline::new(1, 2)), vec![outcome]);
    Secrets::of_arguments(&["-H".to_owned(), "X-Key: swordfish".to_owned()]).redact_report(&mut report);
    for measurement in report.groups.iter().map(|group| &group.measurement).chain([&report.total]) {
        assert_eq!(measurement.connections.details["http_403"], "no ***");
        assert_eq!(measurement.evidence[0].received.as_deref(), Some("hello ***"));
    }
}

#[test]
fn what_a_call_carried_is_told_over_all_workers() {
    let (mut one, mut other) = (outcome(), outcome());
    one.groups[0].recorder.reads.add(1, 7);
    other.groups[0].recorder.reads.add(3, 3);
    let wire = summarize(&plan(), context(Timeline::new(2, 1)), vec![one, other]).total.wire;
    assert_eq!(wire.reads, Calls { calls: 4, messages: 10, largest: 7 });
    assert_eq!(wire.writes, Calls::default(), "no call carried nothing");
}

#[test]
fn the_busiest_worker_is_the_one_that_spun_least() {
    let window = |seconds| Window { from: WINDOW.from, to: WINDOW.from.plus(seconds * SECOND) };
    let worker = |seconds, cpu, spun| WorkerOutcome { window: window(seconds), cpu, spun, ..outcome() };
    // Busy for a quarter of four seconds, and for an eighth of two.
    let workers = vec![worker(4, 3 * SECOND, 2 * SECOND), worker(2, 2 * SECOND, 7 * SECOND / 4)];
    let report = summarize(&plan(), context(Timeline::new(2, 1)), workers);
    let generator = report.generator;
    // All of them are exact in binary.
    assert_eq!((generator.cpu_s, generator.spin_s), (5.0, 3.75));
    assert_eq!((generator.busiest_worker, report.measured_s), (0.25, 4.0));
    assert!(generator.peak_rss_bytes > 0, "this process takes memory");

    let busiest = |workers| summarize(&plan(), context(Timeline::new(2, 1)), workers).generator.busiest_worker;
    let measured_nothing = worker(0, SECOND, 0);
    let two_clocks_disagree = worker(1, SECOND + 1, 0);
    let busy = (busiest(vec![measured_nothing, worker(1, SECOND / 2, 0)]), busiest(vec![two_clocks_disagree]));
    assert_eq!(busy, (0.5, 1.0));
}

#[test]
fn evidence_names_the_peer_of_its_worker() {
    let (mut one, mut other) = (outcome(), outcome());
    let expectation = expectation();
    for (outcome, port) in [(&mut one, 10), (&mut other, 20)] {
        outcome.groups[0].peer = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into());
        let mut sink = outcome.groups[0].recorder.for_connection(&expectation, 0, LOCAL, WINDOW.from);
        sink.finding(Finding::Unexpected, Subject::default(), b"welcome");
    }
    let report = summarize(&plan(), context(Timeline::new(2, 1)), vec![one, other]);
    let peers: Vec<_> = report.total.evidence.iter().map(|evidence| evidence.peer.as_str()).collect();
    assert_eq!(peers, ["127.0.0.1:10", "127.0.0.1:20"]);
}

#[test]
fn the_result_says_what_was_asked_for() {
    let n = |n| NonZeroU32::new(n).unwrap();
    let group = Group {
        clients: n(3),
        load: Load::Open { arrivals: Arrivals::even(Rate::new(0.5).unwrap()), burst: n(5), max_in_flight: n(7) },
        messages: Messages::Generated { sizes: Sizes::Fixed(100), mix: Mix::Text },
        expect: Expect::Reply("yes".to_owned()),
        ..Group::default()
    };
    let run = RunOptions {
        until: Until::Elapsed(Duration::from_secs(3)),
        warmup: Duration::from_millis(1500),
        drain: Duration::from_secs(2),
        connect_rate: Rate::new(1.0).unwrap(),
        thresholds: vec!["p99<5ms".parse().unwrap()],
        ..RunOptions::default()
    };
    let open = Plan::new(run, vec![group]).unwrap();
    let threads = NonZeroUsize::new(2).unwrap();
    let said = summarize(&open, RunContext { threads, ..context(Timeline::new(0, 1)) }, vec![]);
    let expected = PlanRecord {
        run: RunRecord {
            duration_s: Some(3.0),
            messages_per_client: None,
            warmup_s: 1.5,
            drain_s: 2.0,
            connect_rate: 1.0,
            engine: EngineKind::Lean,
            threads: 2,
            thresholds: vec!["p99<5ms".to_owned()],
            only_delivery: false,
        },
        groups: vec![GroupRecord {
            name: "main".to_owned(),
            target: None,
            clients: 3,
            load: LoadRecord::open(0.5, 5, 7),
            messages: MessagesRecord::Generated { size_bytes: 100, sizes: None, payload: PayloadKind::Text },
            expect: Expect::Reply("yes".to_owned()),
            order: Order::Keep,
            until: None,
            batched: false,
            dialogue: None,
            rooms: None,
            connect: None,
            sessions: None,
            wire_shape: None,
            ping_s: None,
            read_bytes_per_s: None,
        }],
    };
    assert_eq!(said.plan, expected);
    assert_eq!((said.generator.threads, said.started_at.as_str()), (2, "1970-01-01T00:00:00Z"));

    let until = Until::Messages(NonZeroU64::new(9).unwrap());
    let closed =
        summarize(&plan().with(|run, _| run.until = until).unwrap(), context(Timeline::new(0, 1)), vec![]).plan;
    assert_eq!((&closed.groups[0].load, closed.run.duration_s), (&LoadRecord::closed(1), None));
    assert_eq!(closed.run.messages_per_client, Some(9));
}

#[test]
fn a_group_has_a_target_in_the_plan_if_it_is_not_the_runs() {
    let named = |name: &str| Group { name: name.parse().unwrap(), ..Group::default() };
    let plan = Plan::new(RunOptions::default(), vec![named("a"), named("b")]).unwrap();
    let other = target("ws://other/", false);
    let mut context = context(Timeline::new(0, 2));
    context.targets[1] = other.clone();
    let said = summarize(&plan, context, vec![]).plan;
    assert_eq!([&said.groups[0].target, &said.groups[1].target], [&None, &Some(other)]);
}
