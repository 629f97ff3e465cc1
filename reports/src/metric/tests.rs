use super::*;
use crate::model::sample;

fn metric(name: &str) -> Metric {
    name.parse().unwrap()
}

#[test]
fn names_have_a_short_and_a_full_form() {
    let table = [
        ("p99", "p99", "response.p99"),
        (" response.p99 ", "p99", "response.p99"),
        ("service.p99.90", "service.p99.9", "service.p99.9"),
        ("throughput", "throughput", "throughput"),
        ("efficiency", "efficiency", "efficiency"),
        ("wrong_type", "wrong_type", "wrong_type"),
        ("chat.p99", "chat.p99", "chat.response.p99"),
        ("chat.response.p99.9", "chat.p99.9", "chat.response.p99.9"),
        ("p99-readers.connect.max", "p99-readers.connect.max", "p99-readers.connect.max"),
        ("chat.throughput", "chat.throughput", "chat.throughput"),
        ("chat.lost", "chat.lost", "chat.lost"),
        ("first.p99", "first.p99", "first.p99"),
        ("deliveries.lost", "deliveries.lost", "deliveries.lost"),
        ("chat.deliveries.lost", "chat.deliveries.lost", "chat.deliveries.lost"),
        ("chat.receiver.max", "chat.receiver.max", "chat.receiver.max"),
    ];
    for (text, short, full) in table {
        assert_eq!((metric(text).to_string().as_str(), metric(text).name().as_str()), (short, full), "{text}");
        assert_eq!(metric(full), metric(text));
    }
    assert!("".parse::<Metric>().unwrap_err().to_string().starts_with("a metric is missing"));
    assert_eq!("service.p9x".parse::<Metric>().unwrap_err().column(), 10);
}

#[test]
fn a_percentile_needs_a_hundred_values_beyond_it() {
    let table = [("p50", 200), ("p90", 1_000), ("p99", 10_000), ("service.p99.9", 100_000), ("p99.99", 1_000_000)];
    for (name, least) in table {
        assert_eq!(metric(name).min_messages(), least, "{name}");
    }
    // Beyond a low percentile means below it.
    assert_eq!(metric("p1").min_messages(), 10_000);
    for name in ["max", "mean", "throughput", "lost"] {
        assert_eq!(metric(name).min_messages(), 1, "{name}");
    }
}

#[test]
fn a_compression_ratio_is_of_both_ways_or_of_one() {
    let report = sample::connected();
    let table = [
        ("compression.ratio", 51.2 / 14.4),
        ("compression.sent_ratio", 3.2),
        ("compression.received_ratio", 4.0),
        ("compression.agreed", 80.0),
        ("compression.declined", 20.0),
        ("tls.full", 10.0),
        ("tls.resumed", 90.0),
        ("redirects", 7.0),
    ];
    for (name, expected) in table {
        assert!((metric(name).measure(&report).unwrap() - expected).abs() < 1e-9, "{name}");
        assert!(!metric(name).is_on_time());
    }
    assert_eq!(metric("compression.ratio").measure(&sample::pass()), None, "nothing was compressed");
    assert_eq!(metric("tls.full").measure(&sample::pass()), Some(0.0));
}

#[test]
fn efficiency_leaves_spinning_out() {
    let mut report = sample::pass();
    report.total.traffic.matched_in_window = 340_000;
    report.generator.cpu_s = 9.9;
    report.generator.spin_s = 6.5;
    // 340 000 messages in 9.9 s - 6.5 s = 3.4 s of work.
    let efficiency = metric("efficiency");
    assert!((efficiency.measure(&report).unwrap() - 100_000.0).abs() < 1e-6);
    report.generator.spin_s = 9.9;
    assert_eq!(efficiency.measure(&report), None);
}

#[test]
fn each_metric_has_a_better_direction_and_a_unit() {
    let lower = [
        "p99",
        "connect.max",
        "stdev",
        "lost",
        "dropped",
        "duplicated",
        "died",
        "undetermined",
        "deliveries.lost",
        "gaps",
    ];
    let higher =
        ["throughput", "sent_rate", "efficiency", "matched", "sent", "scheduled", "events", "deliveries.matched"];
    assert!(lower.iter().all(|name| metric(name).better() == Better::Lower));
    assert!(higher.iter().all(|name| metric(name).better() == Better::Higher));
    assert_eq!(metric("p99").show(617_000.0), "617 µs");
    assert_eq!(metric("efficiency").show(49_998.4), "49 998/s");
    assert_eq!(metric("lost").show(1_234.0), "1 234");
    assert_eq!(metric("p99").unit().key(), "ns");
}

#[test]
fn a_metric_rests_on_its_own_values() {
    let report = sample::pass();
    for (name, values) in [("p99", 500_000), ("connect.p50", 100), ("throughput", 499_980), ("sent_rate", 500_000)] {
        assert_eq!(metric(name).values(&report), values, "{name}");
    }
}
