//! Members of rooms that lose their connections all the time, at a reference server that keeps
//! messages for them or not.

use std::{num::NonZeroUsize, time::Duration};

use loadgen::plan::{
    Capture, Dialogue, EngineKind, Expect, Group, Jitter, Load, Messages, OwnCopy, Plan, Reconnect, RoomBy, Rooms,
    SessionLength, Sessions, Until,
};
use reports::{
    Report, Verdict, judge,
    model::{Deliveries, Tally},
};
use server::{Fault, FaultKind, Faults, Options, RoomsOptions};

use crate::rig::{Reference, TestPlan, at_once, n32, open, plan, run_plan};

on_each_engine!(
    what_is_due_while_away_need_not_come,
    a_server_that_keeps_nothing_loses_what_is_due_while_away,
    a_server_that_replays_loses_nothing,
    losses_are_told_from_what_was_in_flight,
    everyone_comes_and_goes
);

/// Much longer than a delivery takes. Runs in which one is missing wait for so long.
const DRAIN: Duration = Duration::from_secs(2);

/// Messages a second of the one that speaks.
const RATE: f64 = 100.0;
const LISTENERS: u32 = 12;

/// One speaks and stays. Others listen, and lose their connections every 300 ms for 50 ms or more.
struct Talk {
    durable: bool,
    threads: usize,
}

impl Talk {
    fn run(&self, engine: EngineKind, server: &Reference, dialogue: Dialogue) -> Report {
        let after = if dialogue.captures.is_empty() { "" } else { "?after={{last}}" };
        let speaking = TestPlan {
            load: open(RATE, 1),
            until: Until::Elapsed(Duration::from_millis(1_500)),
            expect: Expect::Broadcast,
            drain: DRAIN,
            threads: NonZeroUsize::new(self.threads).expect("not 0"),
            ..plan(engine, &format!("{}/talk", server.url()))
        };
        let listening = TestPlan {
            clients: n32(LISTENERS),
            load: Load::Listen,
            dialogue,
            ..TestPlan { target: plan(engine, &format!("{}/talk{after}", server.url())).target, ..speaking.clone() }
        };
        let speakers = self.group("speaker", &speaking, 1);
        let wait = Duration::from_millis(50);
        let sessions = Sessions {
            drop: Some(Duration::from_millis(300)),
            reconnect: Some(Reconnect { min: wait, max: wait, jitter: Jitter::None }),
            ..Sessions::default()
        };
        let listeners = Group { sessions, ..self.group("listeners", &listening, 0) };
        run_plan(&Plan::new(speaking.run(), vec![speakers, listeners]).expect("it fits together"))
    }

    fn group(&self, name: &str, plan: &TestPlan, publishers: u32) -> Group {
        let messages = Messages::Templates(["{{mark}}".parse().expect("a template")].into());
        let by = RoomBy::Size(plan.clients);
        let rooms = Rooms { by, publishers: Some(publishers), own: OwnCopy::Refuse, durable: self.durable };
        Group { messages, rooms: Some(rooms), ..plan.group(name) }
    }
}

fn server(replay: u32, faults: &[(FaultKind, f64)], own: server::OwnCopy) -> Reference {
    let rooms = Some(RoomsOptions { own, replay, ..RoomsOptions::default() });
    let faults = Faults::new(faults.iter().copied()).expect("chances");
    Reference::start_with(Options { rooms, faults, seed: 7, ..Options::default() })
}

/// Nothing is wrong with a run, except that the machine may have been too slow for it.
fn passes(report: &Report) {
    assert!(report.total.measured.anomalies.is_clean(), "{:?}", report.total.measured.anomalies);
    let judgement = judge(report, &[]);
    assert!(matches!(judgement.verdict, Verdict::Pass | Verdict::Invalid), "{judgement:?}");
}

/// What came to the listeners. There were some cuts.
fn heard(report: &Report) -> Tally {
    let listeners = &report.groups[1].measurement;
    assert!(listeners.sessions.cut_by_plan >= u64::from(LISTENERS), "{:?}", listeners.sessions);
    listeners.measured
}

fn what_is_due_while_away_need_not_come(engine: EngineKind) {
    at_once([1, 3], |threads| {
        let report =
            Talk { durable: false, threads }.run(engine, &server(0, &[], server::OwnCopy::Refuse), Dialogue::default());
        passes(&report);
        let Deliveries { expected, matched, lost, undetermined, .. } = heard(&report).deliveries;
        assert_eq!((lost, undetermined), (0, 0));
        assert!(matched > 0 && expected < u64::from(LISTENERS) * report.total.measured.counts.sent);
    });
}

fn a_server_that_keeps_nothing_loses_what_is_due_while_away(engine: EngineKind) {
    at_once([1, 3], |threads| {
        let report =
            Talk { durable: true, threads }.run(engine, &server(0, &[], server::OwnCopy::Refuse), Dialogue::default());
        let Deliveries { expected, replayed, lost, lost_away, undetermined, .. } = heard(&report).deliveries;
        assert_eq!(expected, u64::from(LISTENERS) * report.total.measured.counts.sent);
        assert_eq!(undetermined, 0);
        // Messages lie on a grid, so each time away is known to within one of them.
        let away = &report.groups[1].measurement.latency.away;
        let seconds = away.iter_recorded().map(|of| of.count_at_value() as f64 * of.value_iterated_to() as f64 / 1e9);
        let due = seconds.sum::<f64>() * RATE;
        // The server knows a little earlier than the client that it is back.
        let missed = (lost_away + replayed) as f64;
        assert!((missed - due).abs() <= away.len() as f64 + due / 100.0, "{missed} of {due} in {}", away.len());
        assert!(lost >= lost_away && !away.is_empty());
        assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
    });
}

fn a_server_that_replays_loses_nothing(engine: EngineKind) {
    at_once([1, 3], |threads| {
        let pattern = "(lg1:[0-9a-f:]+)".parse().expect("a pattern");
        let captures = vec![Capture { name: "last".to_owned(), pattern }];
        let resuming = Dialogue { captures, ..Dialogue::default() };
        let report =
            Talk { durable: true, threads }.run(engine, &server(1_000, &[], server::OwnCopy::Refuse), resuming);
        passes(&report);
        let Deliveries { expected, matched, replayed, undetermined_by_plan, .. } = heard(&report).deliveries;
        assert_eq!(expected, u64::from(LISTENERS) * report.total.measured.counts.sent);
        // Who is away at the end may still have been replayed it.
        assert_eq!((matched + undetermined_by_plan, replayed > 0), (expected, true));
        assert_eq!(report.groups[1].measurement.latency.replayed.len(), replayed);
    });
}

/// The server drops some deliveries, and duplicates others.
fn losses_are_told_from_what_was_in_flight(engine: EngineKind) {
    let server = server(0, &[(FaultKind::Drop, 0.05), (FaultKind::Duplicate, 0.05)], server::OwnCopy::Refuse);
    let report = Talk { durable: false, threads: 2 }.run(engine, &server, Dialogue::default());
    let heard = heard(&report);
    let stats = server.finish();
    let done = |kind: FaultKind| stats.faults.iter().filter(|fault: &&Fault| fault.kind == kind).count() as u64;
    let Deliveries { lost, undetermined, undetermined_by_plan, .. } = heard.deliveries;
    // What was dropped is lost, if a later message came before the cut.
    assert!(lost > 0 && lost <= done(FaultKind::Drop), "{lost} of {}", done(FaultKind::Drop));
    assert!(lost + undetermined_by_plan >= done(FaultKind::Drop).saturating_sub(heard.other_events.history));
    assert!((1..=done(FaultKind::Duplicate)).contains(&heard.anomalies.duplicated));
    assert_eq!((undetermined, judge(&report, &[]).verdict), (0, Verdict::Delivery));
}

/// All publish, for sessions of a few messages. Rooms are cut over three workers.
fn everyone_comes_and_goes(engine: EngineKind) {
    at_once([1, 3], |threads| {
        let server = server(0, &[], server::OwnCopy::Expect);
        let plan = TestPlan {
            clients: n32(9),
            load: open(50.0, 2),
            until: Until::Elapsed(Duration::from_millis(1_500)),
            expect: Expect::Broadcast,
            drain: DRAIN,
            threads: NonZeroUsize::new(threads).expect("not 0"),
            ..plan(engine, &format!("{}/{{{{room}}}}", server.url()))
        };
        let wait = Duration::from_millis(20);
        let sessions = Sessions {
            session: Some(SessionLength::Elapsed(Duration::from_millis(200))),
            drop: Some(Duration::from_millis(700)),
            reconnect: Some(Reconnect { min: wait, max: wait, jitter: Jitter::Full }),
            ..Sessions::default()
        };
        let messages = Messages::Templates(["{{mark}}".parse().expect("a template")].into());
        let rooms = Rooms { by: RoomBy::Size(n32(3)), publishers: None, own: OwnCopy::Expect, durable: false };
        let group = Group { sessions, messages, rooms: Some(rooms), ..plan.group("main") };
        let report = run_plan(&Plan::new(plan.run(), vec![group]).expect("it fits together"));
        passes(&report);
        let Tally { deliveries, counts, dropped, .. } = report.total.measured;
        assert_eq!((deliveries.lost, deliveries.undetermined, counts.lost), (0, 0, 0));
        assert!(deliveries.matched > counts.sent && dropped.away > 0);
        let by_rooms = report.total.rooms.kept.iter().map(|room| room.deliveries.undetermined_by_plan);
        assert_eq!(by_rooms.sum::<u64>(), deliveries.undetermined_by_plan);
    });
}
