use super::*;
use crate::model::{GroupMeasurement, Latency, sample};

fn holds(text: &str, report: &Report) -> bool {
    text.parse::<Threshold>().unwrap().holds(report)
}

#[test]
fn each_comparison_at_below_and_above_its_bound() {
    let mut report = sample::pass();
    report.total.measured.counts.lost = 10;
    let table = [
        ("<", [false, false, true]),
        ("<=", [false, true, true]),
        (">", [true, false, false]),
        (">=", [true, true, false]),
        ("==", [false, true, false]),
    ];
    for (op, expected) in table {
        for (bound, expected) in [9, 10, 11].into_iter().zip(expected) {
            assert_eq!(holds(&format!("lost{op}{bound}"), &report), expected, "10 {op} {bound}");
        }
    }
}

#[test]
fn each_metric_reads_its_own_number() {
    let mut report = sample::pass();
    report.total.latency = Latency::default();
    for value in 1..=1000 {
        report.total.latency.response.record(value).unwrap();
        report.total.latency.service.record(value + 1).unwrap();
        report.total.latency.send_lag.record(value + 2).unwrap();
        report.total.latency.connect.record(value + 3).unwrap();
    }
    report.measured_s = 2.0;
    report.total.traffic.matched_in_window = 90;
    report.total.traffic.sent_in_window = 100;
    report.total.connections.failed = 3;
    report.total.connections.died = 4;
    report.total.measured.anomalies.wrong_type = 5;
    report.total.measured.counts.undetermined = 6;
    let table = [
        ("p50==500ns", true),
        ("response.p50==500ns", true),
        ("service.p50==501ns", true),
        ("send_lag.p50==502ns", true),
        ("connect.p50==503ns", true),
        ("p99.9==999ns", true),
        ("p99.99==1us", true),
        ("p0.1==1ns", true),
        ("min==1ns", true),
        ("max==1us", true),
        ("mean>500ns", true),
        ("mean<501ns", true),
        ("stdev>288ns", true),
        ("stdev<289ns", true),
        ("throughput==45", true),
        ("sent_rate==50", true),
        ("failed==3", true),
        ("died==4", true),
        ("wrong_type==5", true),
        ("undetermined==6", true),
    ];
    for (text, expected) in table {
        assert_eq!(holds(text, &report), expected, "{text}");
    }
}

/// Ten messages. The generator read one of them up to 9 ms late, so the slowest took 1 ms to 10
/// ms.
fn read_late() -> Report {
    let mut report = sample::pass();
    report.total.latency = Latency::default();
    for histogram in
        [&mut report.total.latency.response, &mut report.total.latency.service, &mut report.total.latency.floor]
    {
        histogram.record_n(500_000, 9).unwrap();
    }
    report.total.latency.response.record(10_000_000).unwrap();
    report.total.latency.service.record(10_000_000).unwrap();
    report.total.latency.floor.record(1_000_000).unwrap();
    report
}

#[test]
fn a_threshold_between_the_bounds_is_undecided() {
    let report = read_late();
    let table = [
        ("max<11ms", Some(true)),
        ("max<5ms", None),
        ("max<=900us", Some(false)),
        ("max>900us", Some(true)),
        ("max>=5ms", None),
        ("max>11ms", Some(false)),
        ("max==5ms", None),
        ("max==11ms", Some(false)),
        ("service.max<5ms", None),
        ("service.max<900us", Some(false)),
        ("p50<600us", Some(true)),
        ("p50<400us", Some(false)),
    ];
    for (text, expected) in table {
        let decision = text.parse::<Threshold>().unwrap().decide(&report);
        let holds = match &decision {
            Decision::Holds => Some(true),
            Decision::Missed(_) => Some(false),
            Decision::Undecided(_) => None,
        };
        assert_eq!(holds, expected, "{text}: {decision:?}");
    }
    let Decision::Undecided(why) = "max<5ms".parse::<Threshold>().unwrap().decide(&report) else { panic!("decided") };
    assert!(why.starts_with("generator: threshold max<5ms is undecided: it is between 1.00 ms (floor, "), "{why}");
    assert!(why.contains("and 10.0 ms, ") && why.contains("--duration"), "{why}");
}

#[test]
fn response_alone_decides_in_rooms() {
    let report = sample::rooms();
    assert!(holds("p99<11ms", &report) && holds("first.p99<2100us", &report) && holds("chat.last.p50<11ms", &report));
    let missed: Threshold = "p99<5ms".parse().unwrap();
    let reason = missed.failure(&report).unwrap();
    assert!(
        reason.ends_with("delays of the generator are in it, as not all deliveries in rooms have a floor"),
        "{reason}"
    );
    assert!(holds("deliveries.lost==4", &report) && holds("deliveries.expected==50k", &report));
    assert!(!holds("service.p99<1s", &report), "it was not measured");
}

#[test]
fn messages_over_the_cap_count_as_the_slowest() {
    let mut report = read_late();
    report.total.measured.dropped.in_flight_cap = 1;
    let failure = "max<1m".parse::<Threshold>().unwrap().failure(&report).unwrap();
    assert!(failure.starts_with("threshold max<60s missed: 1 of 500 000 messages were not sent"), "{failure}");
    assert!(holds("p50<600us", &report));
}

#[test]
fn a_standstill_leaves_a_low_rate_undecided() {
    let mut report = sample::pass();
    let (low, high): (Threshold, Threshold) = ("throughput>=40k".parse().unwrap(), "throughput>=60k".parse().unwrap());
    assert_eq!(low.decide(&report), Decision::Holds);
    assert!(matches!(high.decide(&report), Decision::Missed(_)));
    report.generator.stopped_s = 2.0;
    assert_eq!(low.decide(&report), Decision::Holds);
    assert!(matches!(high.decide(&report), Decision::Undecided(_)));
}

#[test]
fn a_group_is_judged_by_what_it_measured() {
    let mut report = sample::pass();
    let thresholds = ["max<11ms", "chat.max<11ms", "chat.max<5ms", "slow.lost==0", "slow.lost==1", "xyz.lost==0"];
    let decide = |report: &Report| thresholds.map(|text| holds(text, report));
    assert_eq!(decide(&report), [true, true, true, true, false, true], "one group is the total");
    let mut slow = report.total.clone();
    slow.measured.counts.lost = 1;
    let group = |name: &str, measurement| GroupMeasurement { name: name.to_owned(), measurement };
    report.groups = vec![group("chat", read_late().total), group("slow", slow)];
    assert_eq!(decide(&report), [true, true, false, false, true, false]);
    let decision = |text: &str| text.parse::<Threshold>().unwrap().decide(&report);
    assert_eq!(decision("slow.lost==0"), Decision::Missed("threshold slow.lost==0 missed: it is 1".to_owned()));
    let Decision::Undecided(why) = decision("chat.max<5ms") else { panic!("decided") };
    assert!(why.starts_with("generator: threshold chat.max<5ms is undecided: it is between 1.00 ms"), "{why}");
    let Decision::Missed(why) = decision("xyz.lost==0") else { panic!("held") };
    assert_eq!(why, "threshold xyz.lost==0 missed: nothing was measured for it");
}

#[test]
fn what_was_not_measured_never_passes() {
    let mut report = sample::pass();
    report.total.latency = Latency::default();
    report.measured_s = 0.0;
    for text in ["p99<5ms", "p99>0ns", "mean==0ns", "max>=0ns", "connect.min<=1m", "throughput<1m", "sent_rate>=0"] {
        let threshold: Threshold = text.parse().unwrap();
        assert!(!threshold.holds(&report), "{text}");
        assert!(threshold.failure(&report).unwrap().ends_with("nothing was measured for it"));
    }
}

#[test]
fn a_failure_names_the_figure() {
    let mut report = sample::pass();
    report.total.latency.response = Latency::histogram();
    report.total.latency.response.record(7_310_000).unwrap();
    report.total.latency.floor = report.total.latency.response.clone();
    report.total.measured.counts.dropped = 1234;
    report.measured_s = 10.0;
    report.total.traffic.matched_in_window = 489_990;
    let failure = |text: &str| text.parse::<Threshold>().unwrap().failure(&report);
    assert_eq!(failure("p99<5ms").unwrap(), "threshold p99<5ms missed: it is 7.31 ms");
    assert_eq!(failure("dropped <= 10").unwrap(), "threshold dropped<=10 missed: it is 1 234");
    assert_eq!(failure("throughput>=49k").unwrap(), "threshold throughput>=49000 missed: it is 48 999");
    assert_eq!(failure("p99<8ms"), None);
}

#[test]
fn a_failure_has_digits_enough_to_be_seen() {
    let mut report = sample::pass();
    report.total.latency.response = Latency::histogram();
    report.total.latency.response.record(7_310_000).unwrap();
    report.total.latency.floor = report.total.latency.response.clone();
    // 999.67 a second, which is 1 000 where digits are not needed.
    report.measured_s = 3.0;
    report.total.traffic.matched_in_window = 2_999;
    let failure = |text: &str| text.parse::<Threshold>().unwrap().failure(&report);
    assert_eq!(failure("throughput>=1000").unwrap(), "threshold throughput>=1000 missed: it is 999.7");
    assert_eq!(failure("p99<7.31ms").unwrap(), "threshold p99<7.31ms missed: it is 7.311 ms");
}

#[test]
fn what_the_rest_of_a_run_may_make_good_is_no_miss_yet() {
    let mut report = sample::pass();
    let sent = report.total.measured.counts.sent;
    let missed = |text: &str, report: &Report| text.parse::<Threshold>().unwrap().is_missed_so_far(report);
    for (text, is_missed) in [
        ("p99<1ns".to_owned(), true),
        ("p99<1m".to_owned(), false),
        ("throughput>=1m".to_owned(), true),
        // More will be sent.
        (format!("sent>{sent}"), false),
        (format!("sent>={}", sent + 1), false),
        (format!("sent=={}", sent + 1), false),
        (format!("sent=={sent}"), false),
        (format!("sent=={}", sent - 1), true),
        (format!("sent<{sent}"), true),
        ("lost==0".to_owned(), false),
    ] {
        assert_eq!(missed(&text, &report), is_missed, "{text}");
    }
    report.total.latency.response = Latency::histogram();
    assert!(!missed("p99<1ns", &report), "nothing was measured yet");
    assert!("p99<1ns".parse::<Threshold>().unwrap().failure(&report).is_some(), "at the end that is a miss");
}
