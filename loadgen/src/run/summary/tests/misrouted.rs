use reports::model::{EvidenceKind, MisroutedRecord, MissingFate, MissingRecord, Unresolved};

use super::*;
use crate::worker::MissingMessage;

#[test]
fn a_message_that_came_elsewhere_was_misrouted() {
    let (mut sender, mut receiver) = (outcome(), outcome());
    let times = SendTimes { due: WINDOW.from, written: WINDOW.from };
    let expectation = expectation();
    for sequence in [5, 6, 7] {
        sender.groups[0].recorder.sent(times, 1, 64, 1);
        let cause = if sequence == 7 { CloseCause::Died } else { CloseCause::Drained };
        sender.groups[0].recorder.for_connection(&expectation, 0, LOCAL, WINDOW.to).fate(cause.fate(), sequence, times);
        sender.groups[0].missing.push(MissingMessage { client: 0, sequence, measured: true, cause, guessed: false });
    }
    // Message 6 was lost for good, and 9 also came where it belonged.
    for sequence in [5, 7, 9] {
        let subject = Subject { sequence: Some(sequence), times: None };
        let mut sink = receiver.groups[0].recorder.for_connection(&expectation, 1, LOCAL, WINDOW.to);
        sink.finding(Finding::Misrouted { owner: 0 }, subject, b"");
    }
    let report = summarize(&plan(), context(Timeline::new(2, 1)), vec![receiver, sender]);
    let counts = report.total.measured.counts;
    assert_eq!((counts.misrouted, counts.lost, counts.undetermined), (2, 1, 0));
    assert_eq!(report.total.measured.anomalies.misrouted_events, 3);
    assert_eq!(reports::identities(&report.total.measured), Ok(()));
    let lost: Vec<_> = report.total.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Lost).collect();
    assert_eq!(lost.len(), 1, "what was misrouted is not shown as lost");
    assert_eq!(lost[0].sequence, Some(6));
    let unresolved = report.unresolved;
    let lost = MissingRecord { client: 0, sequence: 6, fate: MissingFate::Lost, measured: true };
    assert_eq!((unresolved.missing, unresolved.missing_not_kept), (vec![lost], 0));
    assert_eq!(unresolved.misrouted, [MisroutedRecord { client: 0, sequence: 9 }], "another process may miss it");
}

#[test]
fn a_misrouted_message_was_not_the_one_that_came_cut() {
    // Message 3 of the warm-up came truncated beyond recognition, and was taken for
    // message 5 of the measured phase.
    let (mut sender, mut receiver) = (outcome(), outcome());
    let (expectation, early) = (expectation(), Time::from_nanos(WINDOW.from.as_nanos() - 1));
    for (sequence, due, guessed) in [(3, early, false), (5, WINDOW.from, true)] {
        let times = SendTimes { due, written: due };
        sender.groups[0].recorder.sent(times, 1, 64, 1);
        let fate = if guessed { Fate::Damaged } else { Fate::Lost };
        let mut sink = sender.groups[0].recorder.for_connection(&expectation, 0, LOCAL, WINDOW.to);
        sink.fate(fate, sequence, times);
        sender.groups[0].missing.push(MissingMessage {
            client: 0,
            sequence,
            measured: guessed,
            cause: CloseCause::Drained,
            guessed,
        });
    }
    let subject = Subject { sequence: Some(5), times: None };
    // It came there twice, which says nothing more about message 3.
    for _ in 0..2 {
        let mut sink = receiver.groups[0].recorder.for_connection(&expectation, 1, LOCAL, WINDOW.to);
        sink.finding(Finding::Misrouted { owner: 0 }, subject, b"");
    }
    let report = summarize(&plan(), context(Timeline::new(2, 1)), vec![receiver, sender]);
    let (measured, warmup) = (report.total.measured.counts, report.total.warmup.counts);
    assert_eq!((measured.misrouted, measured.damaged, measured.lost), (1, 0, 0));
    assert_eq!((warmup.misrouted, warmup.damaged, warmup.lost), (0, 1, 0));
    assert!([&report.total.measured, &report.total.warmup].iter().all(|tally| reports::identities(tally).is_ok()));
    assert!(
        report.total.evidence.iter().all(|evidence| evidence.kind != EvidenceKind::Lost),
        "{:?}",
        report.total.evidence
    );
    assert_eq!(report.unresolved.missing, [], "each has its fate");
    assert_eq!(report.unresolved.misrouted, [MisroutedRecord { client: 0, sequence: 5 }]);
}

#[test]
fn a_message_may_go_astray_to_another_group() {
    // Client 0 is of the first group, client 1 of the second.
    let (mut outcome, expectation) = (outcome_of(2), expectation());
    let times = SendTimes { due: WINDOW.from, written: WINDOW.from };
    let missing = |client, sequence| MissingMessage {
        client,
        sequence,
        measured: true,
        cause: CloseCause::Drained,
        guessed: false,
    };
    for client in [0, 1] {
        let group = &mut outcome.groups[client as usize];
        for sequence in [3, 4] {
            group.recorder.sent(times, 1, 64, 1);
            group.recorder.for_connection(&expectation, client, LOCAL, WINDOW.to).fate(Fate::Lost, sequence, times);
            group.missing.push(missing(client, sequence));
        }
        let subject = Subject { sequence: Some(3), times: None };
        let mut sink = group.recorder.for_connection(&expectation, client, LOCAL, WINDOW.to);
        sink.finding(Finding::Misrouted { owner: 1 - client }, subject, b"");
    }
    let report = summarize(&plan_of(2), context(Timeline::new(1, 2)), vec![outcome]);
    let measurements = report.groups.iter().map(|group| &group.measurement).chain([&report.total]);
    for (measurement, groups) in measurements.zip([1, 1, 2]) {
        let counts = measurement.measured.counts;
        assert_eq!((counts.misrouted, counts.lost), (groups, groups));
        assert_eq!(measurement.measured.anomalies.misrouted_events, groups);
        assert_eq!(reports::identities(&measurement.measured), Ok(()));
        let lost = measurement.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Lost);
        assert!(lost.clone().all(|evidence| evidence.sequence == Some(4)), "3 is not shown as lost");
        assert_eq!(lost.count() as u64, groups);
    }
}

#[test]
fn what_is_not_kept_is_counted() {
    let (mut outcome, expectation) = (outcome(), expectation());
    let group = &mut outcome.groups[0];
    let more = Unresolved::KEPT as u64 + 5;
    for sequence in (0..more).rev() {
        group.missing.push(MissingMessage {
            client: 0,
            sequence,
            measured: false,
            cause: CloseCause::Died,
            guessed: false,
        });
        let subject = Subject { sequence: Some(sequence), times: None };
        let mut sink = group.recorder.for_connection(&expectation, 0, LOCAL, WINDOW.to);
        sink.finding(Finding::Misrouted { owner: 1 }, subject, b"");
    }
    (group.missing.cut, group.recorder.misrouted.cut) = (10, 20);
    let unresolved = summarize(&plan(), context(Timeline::new(1, 1)), vec![outcome]).unresolved;
    assert_eq!((unresolved.missing.len(), unresolved.missing_not_kept), (Unresolved::KEPT, 15));
    assert_eq!((unresolved.misrouted.len(), unresolved.misrouted_not_kept), (Unresolved::KEPT, 25));
    let first = MissingRecord { client: 0, sequence: 0, fate: MissingFate::Undetermined, measured: false };
    assert_eq!((unresolved.missing[0], unresolved.missing[0].sequence), (first, 0), "the first are kept");
    assert_eq!(unresolved.misrouted[0], MisroutedRecord { client: 1, sequence: 0 });
}
