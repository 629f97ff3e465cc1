//! Servers that break delivery: each breach is counted, to the message, and shown.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::{
    message::Mix,
    plan::{Arrivals, EngineKind, Load, Until},
};
use reports::{
    Verdict, judge,
    model::{Anomalies, Counts, EvidenceKind},
};

use crate::rig::{Alteration, Behaviour, ScriptedServer, TestPlan, closed, n32, open, plan, rate, run};

on_each_engine!(
    every_breach_is_counted_and_shown,
    text_that_is_spoiled_is_found,
    evidence_shows_what_was_expected_what_came_and_in_what_read,
    a_duplicate_that_comes_when_the_run_is_over_is_still_seen,
    a_message_on_another_connection_is_misrouted,
    breaches_of_the_warm_up_count_too,
    a_run_ends_though_the_server_never_stops_sending,
    a_closed_run_ends_though_the_server_never_stops_sending,
    what_is_due_beyond_the_in_flight_cap_is_dropped,
    a_server_that_does_not_read_is_not_fed_without_end
);

/// Longer than an echo takes, and not much longer: some of these servers let it pass every time.
pub(crate) const DRAIN: Duration = Duration::from_secs(1);

pub(crate) struct DeliveryBreach {
    pub(crate) behaviour: Behaviour,
    pub(crate) mix: Mix,
    /// The fates of `n` messages, `n` being a multiple of four, and the number of events.
    counts: fn(n: u64) -> Counts,
    anomalies: fn(n: u64) -> Anomalies,
    /// Kind of the evidence, and the sequence of the first.
    evidence: (&'static str, u64),
}

pub(crate) const CASES: &[DeliveryBreach] = &[
    DeliveryBreach {
        behaviour: Behaviour::NeverAnswers,
        mix: Mix::Mixed,
        counts: |n| Counts { lost: n, ..Counts::default() },
        anomalies: |_| Anomalies::default(),
        evidence: ("lost", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::DropsEveryThird,
        mix: Mix::Mixed,
        counts: |n| Counts { matched: n - n / 3, lost: n / 3, events: n - n / 3, ..Counts::default() },
        anomalies: |_| Anomalies::default(),
        evidence: ("lost", 2),
    },
    DeliveryBreach {
        behaviour: Behaviour::Duplicates,
        mix: Mix::Mixed,
        counts: |n| Counts { matched: n, events: 2 * n, ..Counts::default() },
        anomalies: |n| Anomalies { duplicated: n, ..Anomalies::default() },
        evidence: ("duplicated", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::Coalesces,
        mix: Mix::Text,
        counts: |n| Counts { damaged: n, events: n / 2, ..Counts::default() },
        anomalies: |n| Anomalies { coalesced: n / 2, ..Anomalies::default() },
        evidence: ("coalesced", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::Coalesces,
        mix: Mix::Mixed,
        counts: |n| Counts { damaged: n, events: n / 2, ..Counts::default() },
        anomalies: |n| Anomalies { coalesced: n / 2, ..Anomalies::default() },
        evidence: ("coalesced", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::Splits,
        mix: Mix::Mixed,
        counts: |n| Counts { damaged: n, events: 2 * n, ..Counts::default() },
        anomalies: |n| Anomalies { split: n, split_pieces: 2 * n, ..Anomalies::default() },
        evidence: ("split", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::Truncates,
        mix: Mix::Mixed,
        counts: |n| Counts { damaged: n, events: n, ..Counts::default() },
        anomalies: |n| Anomalies { truncated: n, ..Anomalies::default() },
        evidence: ("truncated", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::Reorders,
        mix: Mix::Mixed,
        counts: |n| Counts { matched: n, events: n, ..Counts::default() },
        anomalies: |n| Anomalies { reordered: n / 4 * 3, ..Anomalies::default() },
        evidence: ("reordered", 2),
    },
    DeliveryBreach {
        behaviour: Behaviour::AnswersAsBinary,
        mix: Mix::Mixed,
        counts: |n| Counts { matched: n / 2, damaged: n / 2, events: n, ..Counts::default() },
        anomalies: |n| Anomalies { wrong_type: n / 2, ..Anomalies::default() },
        evidence: ("wrong_type", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::Corrupts,
        mix: Mix::Binary,
        counts: |n| Counts { damaged: n, events: n, ..Counts::default() },
        anomalies: |n| Anomalies { corrupted: n, ..Anomalies::default() },
        evidence: ("corrupted", 0),
    },
    DeliveryBreach {
        behaviour: Behaviour::EchoAndGreeting,
        mix: Mix::Mixed,
        counts: |n| Counts { matched: n, events: 2 * n, ..Counts::default() },
        anomalies: |n| Anomalies { unexpected: n, ..Anomalies::default() },
        evidence: ("unexpected", u64::MAX),
    },
];

fn every_breach_is_counted_and_shown(engine: EngineKind) {
    for case in CASES {
        let server = ScriptedServer::start(case.behaviour.clone());
        let report = run(&TestPlan { mix: case.mix, drain: DRAIN, ..plan(engine, &server.url()) });
        let name = &case.behaviour;
        let counts = report.total.measured.counts;
        let n = counts.sent;
        assert!(n > 0, "{name:?}");
        let Counts { scheduled, sent, dropped, .. } = counts;
        assert_eq!(counts, Counts { scheduled, sent, dropped, ..(case.counts)(n) }, "{name:?}");
        assert_eq!(report.total.measured.anomalies, (case.anomalies)(n), "{name:?}");
        assert_eq!(server.finish()[0].messages, n, "{name:?}");

        let judgement = judge(&report, &[]);
        assert_eq!(judgement.verdict, Verdict::Delivery, "{name:?}: {judgement:?}");
        let (kind, sequence) = case.evidence;
        let word = if kind == "corrupted" { "damaged" } else { kind };
        assert!(judgement.reasons.iter().any(|reason| reason.contains(word)), "{name:?}: {judgement:?}");

        let first = report.total.evidence.iter().find(|evidence| evidence.kind.name() == kind);
        let first = first.unwrap_or_else(|| panic!("{name:?}: {:?}", report.total.evidence));
        assert_eq!(first.client, 0);
        assert_eq!(first.sequence, Some(sequence).filter(|&sequence| sequence != u64::MAX), "{name:?}");
        assert_eq!(first.peer, server_address(&report.target.url), "{name:?}");
        assert!(report.total.evidence.iter().filter(|evidence| evidence.kind.name() == kind).count() <= 10, "{name:?}");
    }
}

/// Servers that handle most text well. Between payload and ledger there are more of them, in
/// `loadgen/tests/alterations`.
const ALTERATIONS: &[(&str, Alteration)] = &[
    ("escapes HTML", |text| String::from_utf8_lossy(text).replace('&', "&amp;").replace('<', "&lt;").into_bytes()),
    ("trims", |text| String::from_utf8_lossy(text).trim().to_owned().into_bytes()),
    ("makes LF of CR LF", |text| String::from_utf8_lossy(text).replace("\r\n", "\n").into_bytes()),
    ("ends at NUL", |text| text.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
    ("decodes pieces of 64 bytes", |text| {
        text.chunks(64).map(String::from_utf8_lossy).collect::<String>().into_bytes()
    }),
    ("has no room outside of the BMP", |text| {
        String::from_utf8_lossy(text).replace(|c| c > '\u{ffff}', "?").into_bytes()
    }),
];

fn text_that_is_spoiled_is_found(engine: EngineKind) {
    for (name, alter) in ALTERATIONS {
        let server = ScriptedServer::start(Behaviour::Alters(*alter));
        let until = Until::Messages(NonZeroU64::new(256).unwrap());
        let load = Load::Closed { window: n32(64), think: Duration::ZERO };
        let report =
            run(&TestPlan { mix: Mix::Text, size: 256, load, until, drain: DRAIN, ..plan(engine, &server.url()) });
        // A text that begins with NUL may come back as nothing at all, and is lost.
        let Counts { sent, damaged, matched, lost, .. } = report.total.measured.counts;
        assert!(damaged > 0 && matched + damaged + lost == sent, "{name}: {:?}", report.total.measured);
        assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery, "{name}");
    }
}

fn server_address(url: &str) -> &str {
    url.trim_start_matches("ws://").trim_end_matches('/')
}

fn evidence_shows_what_was_expected_what_came_and_in_what_read(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::Corrupts);
    let report = run(&TestPlan { mix: Mix::Binary, ..plan(engine, &server.url()) });
    let first = &report.total.evidence[0];
    assert_eq!((first.received_bytes, first.first_difference), (Some(64), Some(63)));
    let (expected, received) = (first.expected.as_ref().expect("known"), first.received.as_ref().expect("it came"));
    assert_ne!(expected, received);
    assert!(expected.starts_with("lg1"), "{expected}");
    let read = first.read.expect("it came with a read");
    assert!(read.frames >= 1 && read.bytes >= 66, "{read:?}");
}

fn a_duplicate_that_comes_when_the_run_is_over_is_still_seen(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::OnceMoreAtTheEnd);
    let report = run(&plan(engine, &server.url()));
    let counts = report.total.measured.counts;
    assert_eq!(counts.matched, counts.sent);
    assert_eq!(report.total.measured.anomalies, Anomalies { duplicated: 1, ..Anomalies::default() });
    assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
}

fn a_message_on_another_connection_is_misrouted(engine: EngineKind) {
    for threads in [1, 2] {
        let server = ScriptedServer::start(Behaviour::Misroutes);
        let plan = TestPlan {
            clients: n32(2),
            threads: NonZeroUsize::new(threads).expect("not 0"),
            drain: DRAIN,
            ..plan(engine, &server.url())
        };
        let report = run(&plan);
        let counts = report.total.measured.counts;
        let n = counts.sent;
        let Counts { scheduled, sent, dropped, .. } = counts;
        let expected = Counts { scheduled, sent, dropped, misrouted: n, events: n, ..Counts::default() };
        assert_eq!(counts, expected, "{threads} threads");
        assert_eq!(report.total.measured.anomalies, Anomalies { misrouted_events: n, ..Anomalies::default() });
        assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
        assert!(
            report.total.evidence.iter().all(|evidence| evidence.kind == EvidenceKind::Misrouted),
            "{:?}",
            report.total.evidence
        );
        let first = &report.total.evidence[0];
        assert_eq!(first.detail.as_deref(), Some(format!("sent by client {}", 1 - first.client).as_str()));
    }
}

fn breaches_of_the_warm_up_count_too(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::Duplicates);
    let report = run(&TestPlan { warmup: Duration::from_millis(100), ..plan(engine, &server.url()) });
    let warmup = &report.total.warmup;
    assert!(warmup.counts.sent > 0);
    assert!(warmup.anomalies.duplicated > 0, "{warmup:?}");
    let total = warmup.anomalies.duplicated + report.total.measured.anomalies.duplicated;
    assert_eq!(total, warmup.counts.sent + report.total.measured.counts.sent);
    let judgement = judge(&report, &[]);
    assert!(judgement.reasons.iter().any(|reason| reason.starts_with("warm-up: anomalies")), "{judgement:?}");
}

/// A run against a server that never stops talking ends all the same.
fn talked_down(engine: EngineKind, load: Load) {
    let server = ScriptedServer::start(Behaviour::FloodsGreetings);
    let until = Until::Elapsed(Duration::from_millis(100));
    // So many that one of them always has something to say.
    let clients = n32(8);
    let report =
        run(&TestPlan { clients, load, until, drain: Duration::from_millis(100), ..plan(engine, &server.url()) });
    assert!(report.total.measured.anomalies.unexpected > 0);
    assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
    server.finish();
}

fn a_run_ends_though_the_server_never_stops_sending(engine: EngineKind) {
    talked_down(engine, open(200.0, 4));
}

fn a_closed_run_ends_though_the_server_never_stops_sending(engine: EngineKind) {
    talked_down(engine, closed(4));
}

fn what_is_due_beyond_the_in_flight_cap_is_dropped(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::NeverAnswers);
    let load = Load::Open { arrivals: Arrivals::even(rate(200.0)), burst: n32(4), max_in_flight: n32(6) };
    let report = run(&TestPlan { load, drain: Duration::from_millis(100), ..plan(engine, &server.url()) });
    let (counts, dropped) = (report.total.measured.counts, report.total.measured.dropped);
    assert_eq!((counts.sent, counts.lost), (6, 6), "a burst and a half");
    assert_eq!(dropped.in_flight_cap + dropped.behind_schedule, 18);
    assert!(dropped.in_flight_cap > 0);
    assert_eq!(server.finish()[0].messages, 6);
}

fn a_server_that_does_not_read_is_not_fed_without_end(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::NeverReads);
    let plan = TestPlan {
        load: open(1000.0, 10),
        until: Until::Messages(NonZeroU64::new(400).expect("not 0")),
        size: 65_536,
        drain: Duration::from_millis(200),
        ..plan(engine, &server.url())
    };
    let report = run(&plan);
    let counts = report.total.measured.counts;
    assert_eq!(counts.scheduled, 400);
    assert!(counts.sent > 0 && counts.lost == counts.sent, "{counts:?}");
    assert!(
        report.total.measured.dropped.in_flight_cap > 0,
        "sockets do not hold 25 MiB: {:?}",
        report.total.measured.dropped
    );
    assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
    server.finish();
}
