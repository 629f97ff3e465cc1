use super::*;
use crate::model::{Anomalies, Counts, Expect, LoadRecord, Tally, sample};

fn judged(change: impl FnOnce(&mut Report)) -> Judgement {
    let mut report = sample::pass();
    change(&mut report);
    judge(&report, &[])
}

/// The verdict, and the only reason for it.
fn only(change: impl FnOnce(&mut Report)) -> (Verdict, String) {
    let mut judgement = judged(change);
    assert_eq!(judgement.reasons.len(), 1, "{:#?}", judgement.reasons);
    (judgement.verdict, judgement.reasons.remove(0))
}

#[test]
fn a_clean_run_passes_without_a_reason() {
    let judgement = judge(&sample::pass(), &["p99<1m".parse().unwrap(), "lost==0".parse().unwrap()]);
    let clean = Judgement { verdict: Verdict::Pass, reasons: vec![], limited_by: LimitedBy::Schedule };
    assert_eq!(judgement, clean);
}

#[test]
fn exit_codes_and_names() {
    let table = [
        (Verdict::Pass, 0, "pass"),
        (Verdict::Threshold, 1, "threshold"),
        (Verdict::Delivery, 4, "delivery"),
        (Verdict::Connections, 6, "connections"),
        (Verdict::Invalid, 5, "invalid"),
    ];
    assert_eq!(table.map(|(verdict, ..)| verdict), Verdict::ALL);
    for (verdict, code, name) in table {
        assert_eq!((verdict.exit_code(), verdict.name()), (code, name));
        assert_eq!(serde_json::to_value(verdict).unwrap(), name);
    }
}

#[test]
fn who_only_listens_need_not_send() {
    let silent = |report: &mut Report| {
        (report.total.measured, report.total.warmup) = Default::default();
        report.total.traffic = crate::model::Traffic::default();
    };
    let (verdict, reason) = only(silent);
    assert_eq!((verdict, reason.contains("nothing was measured")), (Verdict::Invalid, true), "{reason}");
    let judgement = judged(|report| {
        silent(report);
        report.plan.groups[0].load = LoadRecord::Listen;
    });
    assert_eq!((judgement.verdict, judgement.reasons), (Verdict::Pass, vec![]));
}

#[test]
fn each_bad_fate_is_a_delivery_violation_in_either_phase() {
    type CountField = fn(&mut Counts) -> &mut u64;
    let fates: [(&str, CountField); 3] = [
        (
            "3 of 500 000 messages lost: nothing came back until the drain of 5 s ended; --drain waits longer for replies that come later",
            |c| &mut c.lost,
        ),
        ("3 of 500 000 messages damaged: they did not come back whole", |c| &mut c.damaged),
        ("3 of 500 000 messages misrouted: they came back on another connection", |c| &mut c.misrouted),
    ];
    for (reason, fate) in fates {
        let measured = only(|r| {
            r.total.measured.counts.matched -= 3;
            r.total.measured.counts.events -= 3;
            *fate(&mut r.total.measured.counts) = 3;
        });
        assert_eq!(measured, (Verdict::Delivery, reason.to_owned()));
        let warmup = only(|r| {
            r.total.warmup.counts.matched -= 3;
            r.total.warmup.counts.events -= 3;
            *fate(&mut r.total.warmup.counts) = 3;
        });
        assert_eq!(warmup, (Verdict::Delivery, format!("warm-up: {}", reason.replace("500 000", "50 000"))));
    }
}

#[test]
fn each_anomaly_is_a_delivery_violation_in_either_phase() {
    let in_no_sum = ["reordered", "split", "gaps"];
    for (name, _) in Anomalies::default().by_name() {
        let anomalies: Anomalies = {
            let mut value = serde_json::to_value(Anomalies::default()).unwrap();
            value[name] = 1.into();
            serde_json::from_value(value).unwrap()
        };
        let events = u64::from(!in_no_sum.contains(&name));
        let measured = only(|r| {
            r.total.measured.anomalies = anomalies;
            r.total.measured.counts.events += events;
        });
        assert_eq!(measured, (Verdict::Delivery, format!("anomalies: {name} 1")));
        let warmup = only(|r| {
            r.total.warmup.anomalies = anomalies;
            r.total.warmup.counts.events += events;
        });
        assert_eq!(warmup, (Verdict::Delivery, format!("warm-up: anomalies: {name} 1")));
    }
}

#[test]
fn broken_books_are_invalid_in_either_phase() {
    let (verdict, reason) = only(|r| r.total.measured.counts.scheduled += 1);
    assert_eq!(verdict, Verdict::Invalid);
    assert_eq!(
        reason,
        "the books do not balance, a bug of the generator: scheduled = sent + dropped does not hold: 500 001 is not 500 000"
    );
    let (verdict, reason) = only(|r| r.total.warmup.counts.events += 1);
    assert_eq!(verdict, Verdict::Invalid);
    assert!(reason.starts_with("warm-up: the books do not balance"), "{reason}");
}

#[test]
fn a_busy_generator_is_invalid_in_the_open_model_only() {
    let busy = |r: &mut Report| r.generator.busiest_worker = 0.97;
    assert_eq!(
        only(busy),
        (Verdict::Invalid, "generator: a worker was busy 97.0 % of the time; the limit is 95 %".to_owned())
    );
    let closed = judged(|r| {
        busy(r);
        r.plan.groups[0].load = LoadRecord::closed(16);
    });
    assert_eq!((closed.verdict, closed.limited_by), (Verdict::Pass, LimitedBy::Generator));
}

#[test]
fn a_slow_target_is_a_result() {
    let judgement = judged(|r| {
        r.total.measured.counts.scheduled += 400_000;
        r.total.measured.counts.dropped = 400_000;
        r.total.measured.dropped.in_flight_cap = 400_000;
    });
    assert_eq!((judgement.verdict, judgement.limited_by), (Verdict::Pass, LimitedBy::Target));
    assert!(judgement.reasons.is_empty());
}

#[test]
fn missing_connections_are_named() {
    let (verdict, reason) = only(|r| {
        r.total.connections.opened = 97;
        r.total.connections.failed = 3;
        r.total.connections.died = 2;
        r.total.connections.errors = [("refused".to_owned(), 3), ("reset".to_owned(), 2)].into();
    });
    assert_eq!(verdict, Verdict::Connections);
    assert_eq!(
        reason,
        "of 100 connections, 3 failed and 2 died (refused 3, reset 2); the load that was planned was not the load applied"
    );
}

#[test]
fn connections_that_failed_are_told_from_those_that_died() {
    let failed = only(|r| {
        r.total.connections.failed = 3;
        r.total.connections.errors = [("refused".to_owned(), 3)].into();
    });
    let died = only(|r| r.total.connections.died = 2);
    let planned = "the load that was planned was not the load applied";
    assert_eq!(failed, (Verdict::Connections, format!("of 100 connections, 3 failed (refused 3); {planned}")));
    assert_eq!(died, (Verdict::Connections, format!("of 100 connections, 2 died (no cause known); {planned}")));
}

#[test]
fn what_this_system_refuses_is_no_fault_of_the_target() {
    for kind in ["no_port", "source_address", "no_descriptor", "timeout_stopped"] {
        let (verdict, reason) = only(|r| {
            (r.total.connections.opened, r.total.connections.failed) = (97, 3);
            r.total.connections.errors = [(kind.to_owned(), 3)].into();
        });
        assert_eq!(verdict, Verdict::Invalid);
        assert_eq!(
            reason,
            format!(
                "generator: of 100 connections, 3 could not be opened by this system ({kind} 3); the load that was planned was \
                 not the load applied"
            )
        );
    }
    for kind in ["refused", "timeout", "http_503", "tls", "reset", "closed_1013", "a kind of a later version"] {
        let (verdict, _) = only(|r| {
            (r.total.connections.opened, r.total.connections.failed) = (97, 3);
            r.total.connections.errors = [(kind.to_owned(), 3)].into();
        });
        assert_eq!(verdict, Verdict::Connections, "{kind}");
    }
}

#[test]
fn of_both_the_targets_part_outranks_and_each_is_told() {
    let judgement = judged(|r| {
        (r.total.connections.opened, r.total.connections.failed, r.total.connections.died) = (95, 5, 1);
        r.total.connections.errors =
            [("no_port", 3), ("refused", 2), ("reset", 1)].map(|(kind, n)| (kind.to_owned(), n)).into();
    });
    assert_eq!(judgement.verdict, Verdict::Connections);
    let starts = [
        "of 100 connections, 2 failed and 1 died (refused 2, reset 1); ",
        "generator: of 100 connections, 3 could not be opened by this system (no_port 3); ",
    ];
    assert_eq!(judgement.reasons.len(), starts.len());
    for (reason, start) in judgement.reasons.iter().zip(starts) {
        assert!(reason.starts_with(start), "{reason}");
    }
}

#[test]
fn verdicts_outrank_each_other_as_their_codes_do() {
    let mut report = sample::violation();
    let threshold = ["max<1ns".parse().unwrap()];
    report.total.connections.died = 1;
    report.generator.busiest_worker = 0.99;
    assert_eq!(judge(&report, &threshold).verdict, Verdict::Delivery);
    let mut report = sample::pass();
    report.total.connections.died = 1;
    report.generator.busiest_worker = 0.99;
    assert_eq!(judge(&report, &threshold).verdict, Verdict::Connections);
    report.total.connections.died = 0;
    assert_eq!(judge(&report, &threshold).verdict, Verdict::Invalid);
    report.generator.busiest_worker = 0.5;
    assert_eq!(judge(&report, &threshold).verdict, Verdict::Threshold);
}

#[test]
fn a_server_that_does_not_echo_is_told_from_one_that_loses() {
    fn silent(r: &mut Report) {
        for tally in [&mut r.total.measured, &mut r.total.warmup] {
            tally.counts.lost = tally.counts.matched;
            tally.counts.matched = 0;
            tally.counts.events = 0;
        }
    }
    fn answers(r: &mut Report) {
        silent(r);
        (r.total.measured.anomalies.unexpected, r.total.measured.counts.events) = (500_000, 500_000);
    }
    let hint = |change: fn(&mut Report)| judged(change).reasons.iter().any(|reason| reason.contains("--expect count"));
    assert!(hint(answers));
    assert!(!hint(silent), "nothing came at all");
    assert!(!hint(|r| r.total.measured.anomalies.unexpected = 1), "it does echo");
    assert!(!hint(|r| {
        answers(r);
        r.plan.groups[0].expect = Expect::Count;
    }));
}

#[test]
fn undetermined_messages_are_neither_pass_nor_loss() {
    let judgement = judged(|r| {
        r.total.measured.counts.matched -= 40;
        r.total.measured.counts.events -= 40;
        r.total.measured.counts.undetermined = 40;
    });
    assert_eq!((judgement.verdict, judgement.limited_by), (Verdict::Connections, LimitedBy::Target));
    assert_eq!(
        judgement.reasons,
        ["40 of 500 000 messages undetermined: in flight when their connection died, neither passed nor lost"]
    );
}

#[test]
fn nothing_measured_is_not_a_pass() {
    let (verdict, reason) = only(|r| r.total.measured = Tally::default());
    assert_eq!(
        (verdict, reason.as_str()),
        (Verdict::Invalid, "nothing was measured: 0 messages sent in the measured phase")
    );
}

#[test]
fn a_shard_without_senders_need_not_send() {
    let nothing_sent = |change: fn(&mut Report)| {
        let mut report = sample::shard();
        report.total.measured = Tally::default();
        change(&mut report);
        judge(&report, &[]).reasons.iter().any(|reason| reason.contains("nothing was measured"))
    };
    assert!(!nothing_sent(|_| {}), "all that publish are on other shards");
    assert!(nothing_sent(|report| report.partial = false));
    assert!(nothing_sent(|report| report.total.measured.counts.scheduled = 1));
    let closed = |report: &mut Report| {
        report.plan.groups[0].load = LoadRecord::Closed { window: 1, think_s: 0.0 };
    };
    assert!(nothing_sent(closed));
}

#[test]
fn all_reasons_are_listed_and_the_outranking_come_first() {
    let mut report = sample::pass();
    report.total.measured.counts.dropped = 1;
    report.generator.busiest_worker = 0.99;
    report.total.measured.counts.lost = 1;
    let thresholds = ["dropped==0".parse().unwrap(), "max<1ns".parse().unwrap(), "lost==1".parse().unwrap()];
    let judgement = judge(&report, &thresholds);
    assert_eq!(judgement.verdict, Verdict::Delivery);
    let begins =
        ["1 of 500 000 messages lost", "the books", "generator: ", "threshold dropped==0", "threshold max<1ns"];
    assert_eq!(judgement.reasons.len(), begins.len());
    for (reason, begin) in judgement.reasons.iter().zip(begins) {
        assert!(reason.starts_with(begin), "{reason}");
    }

    report.total.measured.counts.lost = 0;
    assert_eq!(judge(&report, &thresholds).verdict, Verdict::Invalid);
    report.generator.busiest_worker = 0.5;
    report.total.measured.counts.dropped = 0;
    assert_eq!(judge(&report, &thresholds).verdict, Verdict::Threshold);
    assert_eq!(judge(&report, &[]).verdict, Verdict::Pass);
}

#[test]
fn an_interruption_is_said_and_changes_no_verdict() {
    let (verdict, reason) = only(|r| {
        r.interrupted = true;
        r.measured_s = 3.25;
    });
    assert_eq!((verdict, reason.as_str()), (Verdict::Pass, "interrupted: 3.25 s of 10 s measured"));
    let (_, reason) = only(|r| {
        r.interrupted = true;
        r.plan.run.duration_s = None;
    });
    assert_eq!(reason, "interrupted: 10 s measured");
}

#[test]
fn a_generator_is_at_fault_only_where_nothing_else_is() {
    assert!(!is_generators_fault(&sample::pass()));
    let mut report = sample::pass();
    report.generator.busiest_worker = 0.99;
    assert_eq!(judge(&report, &[]).verdict, Verdict::Invalid);
    assert!(is_generators_fault(&report));
    report.total.connections.died = 1;
    assert!(!is_generators_fault(&report), "a server that hangs up is no slow generator");
    assert!(!is_generators_fault(&sample::connections()));
}

#[test]
fn reasons_name_the_group_that_they_are_about() {
    let mut report = sample::two_groups();
    report.groups[1].measurement.connections.died = 1;
    report.groups[1].measurement.connections.errors = [("reset".to_owned(), 1)].into();
    report.total.connections.died = 1;
    let judgement = judge(&report, &[]);
    assert_eq!(judgement.verdict, Verdict::Delivery);
    assert_eq!(judgement.reasons.len(), 2, "{:?}", judgement.reasons);
    assert!(judgement.reasons[0].starts_with("chat: 2 of 450 000 messages lost: "), "{:?}", judgement.reasons);
    assert!(judgement.reasons[1].starts_with("slow: of 10 connections, 1 died (reset 1); "), "{:?}", judgement.reasons);
    // What no group explains is told of the total.
    report.groups.iter_mut().for_each(|group| group.measurement = Measurement::default());
    let reasons = judge(&report, &[]).reasons;
    assert!(reasons[0].starts_with("2 of 500 000 messages lost: "), "{reasons:?}");
    assert!(reasons[1].starts_with("of 100 connections, 1 died "), "{reasons:?}");
}

#[test]
fn a_miss_that_stopped_a_run_fails_it_even_if_made_good() {
    let mut report = sample::pass();
    report.stopped_on_miss = Some(StoppedOnMiss { threshold: "p99<5ms".to_owned(), at_s: 4.0 });
    report.measured_s = 4.1;
    let judgement = judge(&report, &[]);
    assert_eq!(judgement.verdict, Verdict::Threshold);
    assert_eq!(
        judgement.reasons,
        ["stopped at 4 s, as threshold p99<5ms was missed for too long (--stop-on-miss): 4.10 s of 10 s measured"]
    );
}
