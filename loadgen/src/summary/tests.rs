use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ledger::{Book, Fate, Finding, Subject, Terms, Times};
use crate::payload::{Mix, Payload};
use crate::plan::{Connect, Expect, Rate};
use crate::recorder::Window;
use crate::timeline::Timeline;

const SECOND: u64 = 1_000_000_000;
const WINDOW: Window = Window { from: Time::from_nanos(SECOND), to: Time::from_nanos(4 * SECOND) };
const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

fn terms() -> Terms {
    Terms { payload: Payload::new(1, 64, Mix::Mixed), expect: Expect::Echo, clients: 8 }
}

fn plan() -> Plan {
    let one = NonZeroU32::MIN;
    Plan {
        target: plan::Target::Embedded { threads: NonZeroUsize::MIN },
        clients: one,
        load: plan::Load::Closed { window: one },
        warmup: Duration::from_secs(1),
        until: Until::Elapsed(Duration::from_secs(3)),
        drain: Duration::from_secs(1),
        size: 64,
        mix: Mix::Mixed,
        expect: Expect::Echo,
        connect: Connect {
            rate: Rate::new(1.0).unwrap(),
            timeout: Duration::from_secs(1),
            headers: Vec::new(),
            insecure: false,
        },
        threads: NonZeroUsize::MIN,
        seed: 1,
    }
}

fn frame(timeline: Timeline) -> Frame {
    let (intervals, response) = timeline.finish();
    Frame {
        target: Target { url: "ws://127.0.0.1/".to_owned(), embedded: true },
        run_id: 1,
        thresholds: Vec::new(),
        started_at: SystemTime::UNIX_EPOCH,
        interrupted: false,
        intervals,
        response,
    }
}

fn outcome() -> Outcome {
    let mut outcome = Outcome::new(1);
    outcome.window = WINDOW;
    outcome.recorder.begin(WINDOW);
    outcome
}

/// A message of a worker: when it was due, how late it was written, how long it took; all in nanoseconds.
#[derive(Clone, Debug)]
struct Message {
    due: u64,
    lag: u64,
    service: u64,
    worker: usize,
    whole: bool,
}

/// What `workers` workers report together, when worker `w` has the messages with `worker % workers == w`.
fn report(messages: &[Message], workers: usize) -> Report {
    let (terms, mut outcomes) = (terms(), Vec::new());
    outcomes.resize_with(workers, outcome);
    // In the order in which it happens: a recorder's time does not run backwards.
    let mut happenings: Vec<(u64, bool, &Message)> = Vec::new();
    for message in messages {
        let written = message.due + message.lag;
        happenings.extend([(written, false, message), (written + message.service, true, message)]);
    }
    happenings.sort_by_key(|(at, came, _)| (*at, *came));
    for (sequence, (at, came, message)) in (0..).zip(happenings) {
        let recorder = &mut outcomes[message.worker % workers].recorder;
        let (at, due) = (Time::from_nanos(at), Time::from_nanos(message.due));
        let times = Times { due, written: due.plus(message.lag) };
        if !came {
            recorder.sent(times, 1, 64, 1);
            continue;
        }
        let mut book = recorder.book(&terms, 0, LOCAL, at);
        if message.whole {
            book.matched(sequence, times, false);
        } else {
            let subject = Subject { sequence: Some(sequence), times: Some(times) };
            book.finding(Finding::Corrupted, subject, b"wrong");
            book.fate(Fate::Damaged, sequence, times);
        }
    }
    let mut timeline = Timeline::new(workers);
    for outcome in &mut outcomes {
        for row in outcome.recorder.take_rows(Time::from_nanos(8 * SECOND)) {
            timeline.add(row);
        }
        outcome.recorder.last_row().into_iter().for_each(|row| timeline.add(row));
    }
    summarize(&plan(), frame(timeline), outcomes)
}

fn message() -> impl Strategy<Value = Message> {
    // Values repeat, as they do for messages that travel together.
    let nanos = prop_oneof![Just(0), Just(20_000), 0..SECOND];
    (0..4 * SECOND, nanos.clone(), nanos, 0..4_usize, prop::bool::weighted(0.9))
        .prop_map(|(due, lag, service, worker, whole)| Message { due, lag, service, worker, whole })
}

proptest! {
    // Each case makes a dozen histograms of 220 KB.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn workers_report_together_what_one_would_report(
        messages in prop::collection::vec(message(), 0..120), workers in 2..5_usize,
    ) {
        let (one, several) = (report(&messages, 1), report(&messages, workers));
        prop_assert_eq!(one.measured, several.measured);
        prop_assert_eq!(one.warmup, several.warmup);
        prop_assert_eq!(one.traffic, several.traffic);
        prop_assert_eq!(&one.latency, &several.latency);
        prop_assert_eq!(&one.intervals, &several.intervals);
        prop_assert_eq!(one.wire.writes, several.wire.writes);
        for tally in [&several.measured, &several.warmup] {
            prop_assert_eq!(reports::identities(tally), Ok(()));
        }
        // And that is what happened.
        let measured = messages.iter().filter(|m| m.due >= SECOND).count() as u64;
        prop_assert_eq!((several.traffic.sent_bytes, several.measured.counts.sent), (64 * measured, measured));
        let matched: Vec<_> = messages.iter().filter(|m| m.due >= SECOND && m.whole).collect();
        prop_assert_eq!(several.measured.counts.matched, matched.len() as u64);
        prop_assert_eq!(several.latency.response.len(), matched.len() as u64);
        let slowest = matched.iter().map(|m| m.lag + m.service).max().unwrap_or(0);
        prop_assert!(several.latency.response.equivalent(several.latency.response.max(), slowest));
        prop_assert_eq!(several.intervals.iter().map(|row| row.matched).sum::<u64>(), matched.len() as u64);
    }
}

#[test]
fn a_message_that_came_elsewhere_was_misrouted() {
    let (mut sender, mut receiver) = (outcome(), outcome());
    let times = Times { due: WINDOW.from, written: WINDOW.from };
    let terms = terms();
    for sequence in [5, 6, 7] {
        sender.recorder.sent(times, 1, 64, 1);
        let died = sequence == 7;
        let fate = if died { Fate::Undetermined } else { Fate::Lost };
        sender.recorder.book(&terms, 0, LOCAL, WINDOW.to).fate(fate, sequence, times);
        sender.missing.push(Missing { client: 0, sequence, measured: true, died });
    }
    // Message 6 was lost for good; 9 had come where it belonged as well.
    for sequence in [5, 7, 9] {
        let subject = Subject { sequence: Some(sequence), times: None };
        let mut book = receiver.recorder.book(&terms, 1, LOCAL, WINDOW.to);
        book.finding(Finding::Misrouted { owner: 0 }, subject, b"");
    }
    let report = summarize(&plan(), frame(Timeline::new(2)), vec![receiver, sender]);
    let counts = report.measured.counts;
    assert_eq!((counts.misrouted, counts.lost, counts.undetermined), (2, 1, 0));
    assert_eq!(report.measured.anomalies.misrouted_events, 3);
    assert_eq!(reports::identities(&report.measured), Ok(()));
    let lost: Vec<_> = report.evidence.iter().filter(|evidence| evidence.kind == "lost").collect();
    assert_eq!(lost.len(), 1, "what was misrouted is not shown as lost");
    assert_eq!(lost[0].sequence, Some(6));
}

#[test]
fn the_first_of_each_kind_are_kept() {
    let evidence = |kind: &str, at_s| Evidence { kind: kind.to_owned(), at_s, ..Evidence::default() };
    let mut many: Vec<_> = (0..15).map(|n| evidence("lost", f64::from(15 - n))).collect();
    many.push(evidence("died", 99.0));
    let kept = first_of_each_kind(many);
    assert_eq!(kept.len(), KEPT + 1);
    assert_eq!(kept.iter().filter(|evidence| evidence.kind == "died").count(), 1);
    assert!((kept[0].at_s - 1.0).abs() < 1e-9, "the earliest come first");
}
