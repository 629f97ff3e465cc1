use std::net::{Ipv4Addr, SocketAddr};

use reports::model::{CompressedTraffic, Counts, EvidenceKind, IntervalConnections};

use super::*;
use crate::{
    ledger::{Fate, Finding, LedgerSink as _, Subject},
    message::{Mix, Payload},
    plan::Expect,
};

/// The measured phase is the seconds 1 to 3.
const WINDOW: Window = Window { from: at(1_000), to: at(3_000) };
const LOCAL: Endpoint = Endpoint::Ip(SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1));

const fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

/// Due and written at once.
const fn times(millis: u64) -> SendTimes {
    SendTimes { due: at(millis), written: at(millis) }
}

fn expectation() -> Expectation {
    Expectation::new(Payload::new(1, 64, Mix::Mixed), &Expect::Echo, 8)
}

fn recorder() -> Recorder {
    let mut recorder = Recorder::new();
    recorder.begin(WINDOW);
    recorder
}

/// Message 0, due at `due` and written `lag` later, came back at `came`. All in milliseconds.
fn matched(recorder: &mut Recorder, due: u64, lag: u64, came: u64) {
    let times = SendTimes { due: at(due), written: at(due + lag) };
    recorder.for_connection(&expectation(), 0, LOCAL, at(came)).matched(0, 1, times, false);
}

#[test]
fn a_message_belongs_to_the_phase_in_which_it_was_due() {
    let mut recorder = recorder();
    // The last nanosecond of the warm-up and the first of the measured phase. The reply comes in
    // the measured phase.
    let last = SendTimes { due: Time::from_nanos(999_999_999), written: at(1_000) };
    for (times, messages) in [(last, 3), (times(1_000), 2)] {
        recorder.sent(times, messages, 64 * messages, 1);
        recorder.for_connection(&expectation(), 0, LOCAL, at(1_500)).matched(0, 1, times, false);
        recorder.for_connection(&expectation(), 0, LOCAL, at(1_500)).fate(Fate::Lost, 1, times);
    }
    let counts = |sent| Counts { scheduled: sent, sent, matched: 1, lost: 1, events: 1, ..Counts::default() };
    assert_eq!((recorder.warmup.counts, recorder.measured.counts), (counts(3), counts(2)));
    // Both were written, and came, in the measured phase.
    assert_eq!((recorder.writes, recorder.traffic.sent_bytes), (CallTally { calls: 2, messages: 5, max: 3 }, 320));
    assert_eq!(recorder.traffic.matched_in_window, 2);
    let row = recorder.last_row().expect("a second in which messages were sent");
    assert_eq!((row.second, row.sent, row.matched, row.response), (0, 5, 2, vec![(500_170_751, 1)]));
    assert_eq!((recorder.send_lag.len(), recorder.service.len()), (2, 1), "the warm-up is in no histogram");
}

/// A server takes 1 ms a message, one at a time, with 500 in flight. So each second has a thousand
/// matches. In the first measured second, half of them were due in the warm-up.
#[test]
fn what_comes_in_the_window_counts_whenever_it_was_due() {
    let mut recorder = recorder();
    for came in 0..4_000 {
        matched(&mut recorder, u64::saturating_sub(came, 500), 0, came);
    }
    assert_eq!(recorder.traffic.matched_in_window, 2_000, "two seconds");
    assert_eq!(recorder.measured.counts.matched, 2_500, "due from 1 000 ms on");
    let mut rows = recorder.take_rows(at(3_999));
    rows.extend(recorder.last_row());
    assert_eq!(rows.iter().map(|row| row.matched).collect::<Vec<_>>(), [1_000; 3], "and one of the drain");
    let times: u64 = rows.iter().flat_map(|row| &row.response).map(|(_, times)| times).sum();
    assert_eq!((times, recorder.service.len()), (2_500, 2_500), "only the measured phase is in a histogram");
}

#[test]
fn compressed_bytes_count_in_the_window() {
    let mut recorder = recorder();
    let read = ReadBatch { calls: 1, bytes: 40, messages: 2, payload: 128, controls: 0 };
    for millis in [999, 1_000, 2_999, 3_000] {
        recorder.sent_compressed(at(millis), 100, 30);
        recorder.read_compressed(at(millis), read);
    }
    let expected =
        CompressedTraffic { sent_bytes: 200, sent_frame_bytes: 60, received_bytes: 256, received_frame_bytes: 80 };
    assert_eq!(recorder.traffic.compressed, expected);
}

#[test]
fn what_is_sent_in_the_window_counts_whenever_it_was_due() {
    let mut recorder = recorder();
    let sent = |recorder: &mut Recorder, due, written| {
        recorder.sent(SendTimes { due: at(due), written: at(written) }, 1, 64, 1);
    };
    sent(&mut recorder, 900, 999);
    sent(&mut recorder, 900, 1_000);
    sent(&mut recorder, 2_950, 2_999);
    sent(&mut recorder, 2_950, 3_000); // The generator was late.
    assert_eq!((recorder.warmup.counts.sent, recorder.measured.counts.sent), (2, 2));
    assert_eq!((recorder.writes.messages, recorder.writes.calls, recorder.traffic.sent_bytes), (2, 2, 128));
    assert_eq!(recorder.send_lag.len(), 2, "of those that were due in it");
}

#[test]
fn a_run_stopped_in_its_warm_up_has_no_rates_or_seconds() {
    let mut recorder = recorder();
    matched(&mut recorder, 100, 0, 200);
    recorder.end_window(Window { from: at(500), to: at(500) });
    matched(&mut recorder, 400, 0, 600);
    recorder.for_connection(&expectation(), 0, LOCAL, at(600)).finding(Finding::Unexpected, Subject::default(), b"");
    assert_eq!((recorder.warmup.counts.matched, recorder.traffic), (2, Traffic::default()));
    assert_eq!((recorder.take_rows(at(5_000)), recorder.last_row()), (Vec::new(), None));
}

#[test]
fn what_was_found_in_the_warm_up_is_in_no_second() {
    let mut recorder = recorder();
    for when in [0, 999, 1_000] {
        recorder.for_connection(&expectation(), 0, LOCAL, at(when)).finding(
            Finding::Unexpected,
            Subject::default(),
            b"",
        );
    }
    assert_eq!(recorder.last_row().map(|row| row.anomalies), Some(1));
}

#[test]
fn attempts_count_in_their_second_and_clients_at_its_end() {
    let mut recorder = recorder();
    recorder.present(PresenceCounts { open: 3, opening: 2, away: 0 });
    // Before the measured phase.
    recorder.attempted(at(999));
    recorder.attempt_failed(at(999), "refused");
    recorder.attempted(at(1_999));
    recorder.present(PresenceCounts { open: 1, opening: 1, away: 3 });
    recorder.attempted(at(2_000));
    recorder.attempted(at(2_001));
    recorder.attempt_failed(at(2_002), "timeout");
    recorder.attempt_failed(at(2_003), "timeout");
    let mut rows = recorder.take_rows(at(4_000));
    assert_eq!(recorder.last_row(), None, "clients that are there are no news");
    recorder.attempt_failed(at(5_000), "refused");
    rows.extend(recorder.last_row());
    let said = |row: &SecondRow| {
        let IntervalConnections { open, opening, away, attempts, failed } = row.connections.clone();
        (row.second, [open, opening, away], attempts, failed.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(
        rows.iter().map(said).collect::<Vec<_>>(),
        [
            (0, [1, 1, 3], 1, vec![]),
            (1, [1, 1, 3], 2, vec![("timeout".to_owned(), 2)]),
            (2, [1, 1, 3], 0, vec![]),
            (4, [1, 1, 3], 0, vec![("refused".to_owned(), 1)]),
        ]
    );
    assert_eq!(recorder.attempts, 4, "those before are counted, too");
}

#[test]
fn a_late_reply_counts_for_latency_but_not_for_throughput() {
    let mut recorder = recorder();
    matched(&mut recorder, 2_500, 0, 2_999);
    matched(&mut recorder, 2_500, 0, 3_000);
    assert_eq!((recorder.measured.counts.matched, recorder.traffic.matched_in_window), (2, 1));
    recorder.last_row();
    assert_eq!(recorder.service.len(), 2);
}

#[test]
fn a_window_that_ends_early_takes_less() {
    let mut recorder = recorder();
    recorder.end_window(Window { to: at(2_000), ..WINDOW });
    matched(&mut recorder, 1_500, 0, 1_999);
    matched(&mut recorder, 1_500, 0, 2_000);
    assert_eq!(recorder.traffic.matched_in_window, 1);
}

#[test]
fn drops_are_counted_by_cause_in_either_phase() {
    let mut recorder = recorder();
    for (due, many) in [(at(0), 1), (at(1_000), 10)] {
        recorder.dropped(due, many, DropCause::InFlightCap);
        recorder.dropped(due, 2 * many, DropCause::DeadConnection);
        recorder.dropped(due, 4 * many, DropCause::BehindSchedule);
    }
    for (tally, many) in [(recorder.warmup, 1), (recorder.measured, 10)] {
        let (in_flight_cap, dead_connection, behind_schedule) = (many, 2 * many, 4 * many);
        let dropped = Dropped { in_flight_cap, dead_connection, behind_schedule, away: 0 };
        assert_eq!(tally.dropped, dropped);
        assert_eq!((tally.counts.scheduled, tally.counts.dropped, tally.counts.sent), (7 * many, 7 * many, 0));
    }
}

#[test]
fn reads_in_the_window_count_if_they_brought_messages() {
    let mut recorder = recorder();
    let read = |messages, controls| ReadBatch { calls: 1, bytes: 100, messages, payload: 10, controls };
    recorder.read(Time::from_nanos(999_999_999), read(5, 0)); // In the warm-up.
    recorder.read(at(1_000), read(3, 1));
    recorder.read(at(1_000), read(0, 1)); // Only a ping,
    recorder.read(at(1_000), read(0, 1)); // and another.
    recorder.read(at(1_000), read(0, 0)); // A part of a message.
    assert_eq!(recorder.reads, CallTally { calls: 2, messages: 3, max: 3 });
    assert_eq!(recorder.traffic.received_bytes, 20);
    recorder.read(at(3_000), read(9, 0)); // In the drain.
    assert_eq!(recorder.reads, CallTally { calls: 2, messages: 3, max: 3 });
    assert_eq!(recorder.traffic.received_bytes, 20);
}

#[test]
fn most_messages_a_call_is_at_least_the_mean() {
    let mut calls = CallTally::default();
    calls.add(2, 7);
    assert_eq!(calls, CallTally { calls: 2, messages: 7, max: 4 });
    calls.add(0, 9);
    assert_eq!(calls, CallTally { calls: 2, messages: 16, max: 4 }, "what no call carried says nothing of a call");
    calls.merge(CallTally { calls: 3, messages: 5, max: 5 });
    assert_eq!(calls, CallTally { calls: 5, messages: 21, max: 5 });
}

#[test]
fn each_second_has_a_row_of_what_happened_in_it() {
    let mut recorder = recorder();
    recorder.sent(times(1_000), 3, 192, 1);
    matched(&mut recorder, 1_000, 0, 1_999);
    recorder.for_connection(&expectation(), 0, LOCAL, at(2_000)).matched(1, 1, times(1_000), true);
    assert_eq!(recorder.take_rows(at(2_999)).len(), 1, "the second under way is not over");
    let unexpected = |recorder: &mut Recorder, when| {
        recorder.for_connection(&expectation(), 0, LOCAL, at(when)).finding(
            Finding::Unexpected,
            Subject::default(),
            b"surprise",
        );
    };
    unexpected(&mut recorder, 4_000);
    unexpected(&mut recorder, 4_999);
    let rows = recorder.take_rows(at(4_000));
    let counted: Vec<_> = rows.iter().map(|row| (row.second, row.sent, row.matched, row.anomalies)).collect();
    assert_eq!(recorder.measured.anomalies.reordered, 1);
    assert_eq!(counted, [(1, 0, 1, 1), (2, 0, 0, 0)], "a second in which nothing happened has a row, too");
    let last = recorder.last_row().expect("something was found in it");
    assert_eq!((last.second, last.anomalies), (3, 2));
    assert_eq!(recorder.last_row(), None, "nothing came after it");
}

#[test]
fn equal_latencies_in_a_row_are_recorded_as_often_as_they_came() {
    let mut recorder = recorder();
    // Equal response and service times first. Then only the service time differs, then only the
    // response time.
    for (due, lag, came) in [(1_000, 1, 1_002), (1_001, 1, 1_003), (1_002, 0, 1_004), (1_002, 1, 1_005)] {
        matched(&mut recorder, due, lag, came);
    }
    let row = recorder.last_row().expect("four messages");
    let times_of = |millis: u64| {
        let of = |&(nanos, times): &(u64, u64)| (nanos.abs_diff(millis * 1_000_000) < 1_000).then_some(times);
        row.response.iter().filter_map(of).sum::<u64>()
    };
    assert_eq!((times_of(2), times_of(3), row.response.len()), (3, 1, 2));
    let service = |millis: u64| recorder.service.count_at(millis * 1_000_000);
    assert_eq!((service(1), service(2)), (2, 2));
}

#[test]
fn each_finding_and_fate_has_a_counter_of_its_own() {
    let mut recorder = recorder();
    let subject = Subject { sequence: Some(7), times: Some(times(500)) };
    let findings = [
        Finding::Duplicated,
        Finding::Coalesced,
        Finding::Truncated,
        Finding::Corrupted,
        Finding::WrongType,
        Finding::Misrouted { owner: 3 },
        Finding::Unexpected,
    ];
    for (often, finding) in (1..).zip(findings) {
        for _ in 0..often {
            recorder.for_connection(&expectation(), 0, LOCAL, at(1_500)).finding(finding, subject, b"");
        }
    }
    let anomalies = recorder.warmup.anomalies;
    let counted = [anomalies.duplicated, anomalies.coalesced, anomalies.truncated, anomalies.corrupted];
    assert_eq!(counted, [1, 2, 3, 4]);
    assert_eq!([anomalies.wrong_type, anomalies.misrouted_events, anomalies.unexpected], [5, 6, 7]);
    assert_eq!(recorder.warmup.counts.events, 28);
    assert_eq!(recorder.misrouted.kept, [Misroute { owner: 3, sequence: 7 }; 6]);

    // Without a known message, it counts in the measured phase.
    recorder.for_connection(&expectation(), 0, LOCAL, at(1_500)).finding(
        Finding::Split { earlier: 2 },
        Subject::default(),
        b"",
    );
    assert_eq!((recorder.measured.anomalies.split, recorder.measured.anomalies.split_pieces), (1, 3));
    assert_eq!(recorder.measured.counts.events, 3);

    for (often, fate) in [(1, Fate::Lost), (2, Fate::Damaged), (3, Fate::Undetermined)] {
        (0..often).for_each(|_| recorder.for_connection(&expectation(), 0, LOCAL, at(1_500)).fate(fate, 7, times(500)));
    }
    let counts = recorder.warmup.counts;
    assert_eq!((counts.lost, counts.damaged, counts.undetermined), (1, 2, 3));
}

#[test]
fn the_memory_for_misrouted_messages_is_bounded() {
    let mut recorder = recorder();
    recorder.misrouted.kept = vec![Misroute { owner: 1, sequence: 0 }; MISROUTED_KEPT - 1];
    for sequence in 0..2 {
        let subject = Subject { sequence: Some(sequence), times: None };
        recorder.for_connection(&expectation(), 0, LOCAL, at(1_500)).finding(
            Finding::Misrouted { owner: 2 },
            subject,
            b"",
        );
    }
    assert_eq!((recorder.misrouted.kept.len(), recorder.misrouted.cut), (MISROUTED_KEPT, 1), "and it is said");
    assert_eq!(recorder.measured.anomalies.misrouted_events, 2);
}

#[test]
fn everything_kept_as_evidence_is_told() {
    let mut recorder = recorder();
    let expectation = expectation();
    recorder.for_connection(&expectation, 4, LOCAL, at(1_500)).matched(1, 1, times(1_000), true);
    recorder.for_connection(&expectation, 4, LOCAL, at(1_500)).fate(Fate::Lost, 2, times(1_250));
    recorder.for_connection(&expectation, 4, LOCAL, at(1_500)).finding(
        Finding::Unexpected,
        Subject::default(),
        b"surprise",
    );
    recorder.died(&expectation, 4, LOCAL, at(2_000), "reset".to_owned());
    let kept: Vec<_> = recorder.evidence.into_kept().into_iter().map(|one| (one.kind, one.client, one.at_s)).collect();
    let expected = [
        (EvidenceKind::Reordered, 0.5),
        (EvidenceKind::Lost, 0.25),
        (EvidenceKind::Unexpected, 0.5),
        (EvidenceKind::Died, 1.0),
    ];
    assert_eq!(kept, expected.map(|(kind, at_s)| (kind, 4, at_s)));
}

#[test]
fn evidence_shows_what_should_have_come_where_that_is_known() {
    let expected = |expect: &Expect| {
        let (expectation, mut recorder) = (Expectation::new(Payload::new(1, 64, Mix::Mixed), expect, 8), recorder());
        let subject = Subject { sequence: Some(1), times: Some(times(1_000)) };
        recorder.for_connection(&expectation, 4, LOCAL, at(1_500)).finding(Finding::Corrupted, subject, b"yeah");
        let evidence = recorder.evidence.into_kept().remove(0);
        (evidence.expected, evidence.first_difference)
    };
    let mut message = [0; 64];
    expectation().payload().encode(4, 1, &mut message);
    assert_eq!(expected(&Expect::Echo), (Some(reports::escape(&message, 96)), Some(0)));
    assert_eq!(expected(&Expect::Reply("yes".to_owned())), (Some("yes".to_owned()), Some(2)));
    assert_eq!(expected(&Expect::Count), (None, None));
}
