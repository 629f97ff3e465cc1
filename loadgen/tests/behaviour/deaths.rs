//! Connections that end before the run does.

use std::{num::NonZeroU64, time::Duration};

use loadgen::{
    message::Mix,
    plan::{EngineKind, Until},
};
use reports::{Render, Report, Verdict, judge, model::EvidenceKind, render::Text};

use crate::rig::{Behaviour, ConnectionRecord, ScriptedServer, TestPlan, close_frame, closed, n32, open, plan, run};

on_each_engine!(
    a_reset,
    an_end_without_a_close,
    a_close_of_the_server_is_answered_and_told_by_its_code,
    a_hostile_reason_is_made_visible,
    every_offence_against_the_protocol_ends_the_connection,
    when_half_of_the_connections_die_the_run_goes_on,
    a_close_after_everything_was_answered_is_no_death,
    a_close_is_a_death_where_more_was_planned_or_it_complains,
    an_end_before_the_load_begins_is_a_death_that_is_reported,
    binary_that_comes_back_as_text_ends_the_connection
);

/// Echoes before the end.
pub(crate) const AFTER: u64 = 5;

/// Messages of a client that does not live to send them all, however slow the machine is: twelve
/// seconds of them.
const PLANNED: u64 = 2400;

/// A run of one client whose connection ends after [`AFTER`] echoes, and what the server saw of it.
fn die(engine: EngineKind, behaviour: Behaviour) -> (Report, ConnectionRecord) {
    let server = ScriptedServer::start(behaviour);
    let until = Until::Messages(NonZeroU64::new(PLANNED).expect("not 0"));
    let report = run(&TestPlan { until, ..plan(engine, &server.url()) });
    (report, server.finish().remove(0))
}

fn says(bytes: &[u8]) -> Behaviour {
    Behaviour::SendsInstead { after: AFTER, bytes: bytes.to_vec() }
}

/// One connection died of `kind`; what was in flight is undetermined, and the rest was not sent.
fn died(report: &Report, kind: &str) {
    let connections = &report.total.connections;
    assert_eq!((connections.opened, connections.died), (1, 1), "{kind}");
    assert_eq!(connections.errors.iter().map(|(kind, n)| (kind.as_str(), *n)).collect::<Vec<_>>(), [(kind, 1)]);
    let (counts, dropped) = (&report.total.measured.counts, &report.total.measured.dropped);
    assert!(counts.scheduled < PLANNED, "nobody was left to send to, so the run ended: {kind}, {counts:?}");
    assert_eq!(connections.details.keys().map(String::as_str).collect::<Vec<_>>(), [kind]);
    assert_eq!(counts.undetermined, counts.sent - counts.matched, "{kind}");
    assert!(counts.undetermined > 0, "{kind}: {counts:?}");
    assert_eq!(dropped.dead_connection, counts.dropped, "{kind}: {dropped:?}");
    assert!(report.total.measured.anomalies.is_clean(), "{kind}: {:?}", report.total.measured.anomalies);
    let judgement = judge(report, &[]);
    assert_eq!(judgement.verdict, Verdict::Connections, "{kind}: {judgement:?}");
    assert!(judgement.reasons.iter().any(|reason| reason.contains(&format!("{kind} 1"))), "{judgement:?}");
    let evidence: Vec<_> =
        report.total.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Died).collect();
    assert_eq!(evidence.len(), 1, "{kind}");
    assert!(evidence[0].detail.as_ref().is_some_and(|detail| !detail.is_empty()), "{kind}");
}

fn a_reset(engine: EngineKind) {
    let (report, _) = die(engine, Behaviour::Resets { after: AFTER });
    died(&report, "reset");
    assert!(report.total.measured.counts.matched <= AFTER);
}

fn an_end_without_a_close(engine: EngineKind) {
    let (report, _) = die(engine, Behaviour::EndsTcp { after: AFTER });
    died(&report, "eof");
    assert_eq!(report.total.measured.counts.matched, AFTER);
}

fn a_close_of_the_server_is_answered_and_told_by_its_code(engine: EngineKind) {
    for (bytes, kind, answer) in [
        (close_frame(1000, ""), "closed_1000", Some(1000)),
        (close_frame(1001, "bye"), "closed_1001", Some(1001)),
        (close_frame(1011, "oops"), "closed_1011", Some(1011)),
        (close_frame(4321, ""), "closed_4321", Some(4321)),
        (vec![0x88, 0], "closed_1005", None),
    ] {
        let (report, seen) = die(engine, says(&bytes));
        died(&report, kind);
        assert_eq!(report.total.measured.counts.matched, AFTER, "{kind}");
        assert_eq!(seen.closed, answer, "{kind}");
    }
}

fn a_hostile_reason_is_made_visible(engine: EngineKind) {
    let reason = "\u{1b}[2J\u{1b}]0;title\u{7} \u{202e}evil\u{2066} \r\nPASS every message came back";
    let (report, _) = die(engine, says(&close_frame(1011, reason)));
    died(&report, "closed_1011");
    let death = report.total.evidence.iter().find(|evidence| evidence.kind == EvidenceKind::Died).expect("evidence");
    let detail = death.detail.clone().expect("a detail");
    assert!(detail.contains("1011") && detail.contains("evil"), "{detail}");
    let mut page = Vec::new();
    Text::default().render(&report, &judge(&report, &[]), &mut page).expect("memory");
    let page = String::from_utf8(page).expect("UTF-8");
    let hostile =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!detail.contains(|c| hostile(c) || c == '\n'), "{detail:?}");
    assert!(!page.contains(hostile), "{page:?}");
    assert!(!page.lines().any(|line| line.starts_with("PASS")), "{page}");
}

const LONG_PING: [u8; 130] = {
    let mut frame = [0; 130];
    (frame[0], frame[1], frame[3]) = (0x89, 126, 126);
    frame
};

/// What the server says, the kind of death, and the code that it gets.
pub(crate) const OFFENCES: &[(&str, &[u8], &str, u16)] = &[
    ("a frame of a tebibyte", &[0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0], "message_too_big", 1009),
    ("a frame of the largest length", &[0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255], "message_too_big", 1009),
    ("text that is not UTF-8", &[0x81, 2, 0xc3, 0x28], "invalid_utf8", 1007),
    ("text that ends within a character", &[0x81, 1, 0xc3], "invalid_utf8", 1007),
    ("a reserved bit", &[0xc1, 1, b'x'], "protocol_error", 1002),
    ("a reserved opcode", &[0x83, 0], "protocol_error", 1002),
    ("a reserved control opcode", &[0x8b, 0], "protocol_error", 1002),
    ("a masked frame", &[0x81, 0x81, 1, 2, 3, 4, b'x'], "protocol_error", 1002),
    ("a ping in fragments", &[0x09, 0], "protocol_error", 1002),
    ("a ping of 126 bytes", &LONG_PING, "protocol_error", 1002),
    ("a continuation of nothing", &[0x80, 0], "protocol_error", 1002),
    ("a message within a message", &[0x01, 0, 0x81, 0], "protocol_error", 1002),
];

fn every_offence_against_the_protocol_ends_the_connection(engine: EngineKind) {
    for &(name, bytes, kind, code) in OFFENCES {
        let (report, seen) = die(engine, says(bytes));
        died(&report, kind);
        assert_eq!(report.total.measured.counts.matched, AFTER, "{name}");
        assert_eq!(seen.closed, Some(code), "{name}");
    }
}

fn when_half_of_the_connections_die_the_run_goes_on(engine: EngineKind) {
    let server = ScriptedServer::start_each(|index| match index % 2 {
        0 => Behaviour::EndsTcp { after: AFTER },
        _ => Behaviour::Echo,
    });
    let report = run(&TestPlan { clients: n32(6), ..plan(engine, &server.url()) });
    let (counts, dropped) = (&report.total.measured.counts, &report.total.measured.dropped);
    assert_eq!((report.total.connections.opened, report.total.connections.died), (6, 3));
    assert_eq!(counts.scheduled, 6 * 24);
    assert_eq!(counts.matched, 3 * AFTER + (3 * 24 - dropped.behind_schedule));
    assert_eq!(counts.undetermined, counts.sent - counts.matched);
    assert!(dropped.dead_connection > 0);
    assert_eq!(judge(&report, &[]).verdict, Verdict::Connections);
}

fn a_close_after_everything_was_answered_is_no_death(engine: EngineKind) {
    for (load, code) in [(open(200.0, 4), Some(1000)), (closed(2), Some(1001)), (closed(4), None)] {
        let bytes = code.map_or_else(|| vec![0x88, 0], |code| close_frame(code, "done"));
        let server = ScriptedServer::start(Behaviour::SendsAfterTheFirst { bytes });
        let one = Until::Messages(NonZeroU64::MIN);
        let report = run(&TestPlan { load, until: one, clients: n32(2), ..plan(engine, &server.url()) });
        let connections = &report.total.connections;
        assert_eq!((connections.opened, connections.died), (2, 0), "{code:?}: {connections:?}");
        assert_eq!((report.total.measured.counts.sent, report.total.measured.counts.matched), (2, 2), "{code:?}");
        // A machine that is too slow for the schedule makes it invalid.
        assert!(matches!(judge(&report, &[]).verdict, Verdict::Pass | Verdict::Invalid), "{code:?}");
    }
}

fn a_close_is_a_death_where_more_was_planned_or_it_complains(engine: EngineKind) {
    let once = |code| Behaviour::SendsAfterTheFirst { bytes: close_frame(code, "done") };
    let long = Until::Elapsed(Duration::from_secs(600));
    let several = Until::Messages(NonZeroU64::new(3).expect("not 0"));
    for (until, code) in [(several, 1000), (long, 1000), (Until::Messages(NonZeroU64::MIN), 1011)] {
        for load in [open(200.0, 1), closed(1)] {
            let server = ScriptedServer::start(once(code));
            let report = run(&TestPlan { load: load.clone(), until, ..plan(engine, &server.url()) });
            assert_eq!(report.total.connections.died, 1, "{until:?}, {code}, {load:?}: {:?}", report.total.connections);
            assert_eq!(judge(&report, &[]).verdict, Verdict::Connections, "{until:?}, {code}, {load:?}");
            assert!(report.measured_s < 60.0, "nobody is left, so it ends: {} s", report.measured_s);
        }
    }
}

fn an_end_before_the_load_begins_is_a_death_that_is_reported(engine: EngineKind) {
    for (bytes, found) in [(Vec::new(), 0), ([0x81, 7].iter().chain(b"welcome").copied().collect(), 1)] {
        let server = ScriptedServer::start(Behaviour::SendsAtOnce {
            bytes: [bytes, close_frame(1013, "server is full")].concat(),
        });
        let report = run(&plan(engine, &server.url()));
        assert_eq!((report.total.connections.opened, report.total.connections.died), (1, 1));
        let said = report.total.connections.details.get("closed_1013").expect("what it said");
        assert!(said.contains("server is full"), "{said}");
        let unexpected = report.total.warmup.anomalies.unexpected + report.total.measured.anomalies.unexpected;
        assert_eq!(unexpected, found);
        let verdict = if found > 0 { Verdict::Delivery } else { Verdict::Connections };
        assert_eq!(judge(&report, &[]).verdict, verdict);
    }
}

fn binary_that_comes_back_as_text_ends_the_connection(engine: EngineKind) {
    for size in [64, 100_000] {
        let server = ScriptedServer::start(Behaviour::AnswersAsText);
        let report = run(&TestPlan { mix: Mix::Binary, size, ..plan(engine, &server.url()) });
        assert_eq!(report.total.connections.errors.get("invalid_utf8"), Some(&1), "{:?}", report.total.connections);
        let (counts, anomalies) = (&report.total.measured.counts, &report.total.measured.anomalies);
        let shown = engine == EngineKind::Lean;
        assert_eq!((counts.damaged, anomalies.wrong_type), (shown.into(), shown.into()), "{size}: {anomalies:?}");
        assert_eq!(counts.undetermined, counts.sent - counts.damaged);
        let verdict = if shown { Verdict::Delivery } else { Verdict::Connections };
        assert_eq!(judge(&report, &[]).verdict, verdict);
    }
}
