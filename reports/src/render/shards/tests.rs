use super::*;
use crate::model::{CutRooms, MissingFate, NumberRange, OpenDeliveries, sample};

/// Facts as lines.
fn lines(report: &Report) -> Vec<String> {
    facts(report).into_iter().map(|fact| format!("{}: {}", fact.name, fact.text)).collect()
}

fn doubtful(report: &Report) -> Vec<&'static str> {
    facts(report).into_iter().filter(|fact| fact.tone == Tone::Doubtful).map(|fact| fact.name).collect()
}

#[test]
fn a_run_of_one_process_has_nothing_to_say() {
    assert_eq!(facts(&sample::pass()), []);
}

#[test]
fn a_shard_says_which_part_it_is() {
    let report = sample::shard();
    assert_eq!(
        lines(&report),
        [
            "shard: 2 of 4, with 25 of 100 clients: a part of the run, and loadgen merge makes the whole of all parts",
            "start: 1.20 ms after 2026-01-02T03:04:05.000000Z",
            "clock: 31.0 µs behind when last measured, 900 µs off at most",
        ]
    );
    assert_eq!(doubtful(&report), [""; 0]);
    assert_eq!(lines(&sample::shard_of(4))[2], "clock: the system does not tell how far it is off");
}

#[test]
fn a_merged_result_says_how_far_apart_its_shards_began() {
    let report = sample::merged();
    assert_eq!(
        lines(&report),
        [
            "shards: 4",
            "start: within 40.9 ms of each other, the last 41.2 ms after 2026-01-02T03:04:05.000000Z",
            "clocks: 900 µs off at most; not kept in step: shard 3; not told: shard 4",
            "machines: shard 3 ran on Other CPU 9000, 16 cores, Linux 6.6.1, loadgen 0.1.0",
        ]
    );
    assert_eq!(doubtful(&report), ["clocks"]);
}

#[test]
fn shards_that_are_missing_late_or_stopped_are_named() {
    let mut report = sample::merged();
    report.partial = true;
    report.shards.remove(1);
    let [first, _, last] = report.shards.as_mut_slice() else { panic!("three are left") };
    (first.start.ready, first.interrupted, first.measured_s) = (false, true, 3.5);
    last.start.error_s = Some(1.25);
    let lines = lines(&report);
    assert_eq!(lines[0], "shards: 3 merged; 1 of 4 shards missing: 2");
    assert_eq!(
        lines[2..5],
        [
            "late: shard 4 1.25 s",
            "not ready: shard 1: not every connection had been tried at the planned instant",
            "stopped: shard 1 after 3.50 s",
        ]
    );
    assert_eq!(doubtful(&report), ["shards", "late", "not ready", "stopped", "clocks"]);
}

#[test]
fn deliveries_that_other_shards_may_explain_are_counted() {
    let mut report = sample::shard();
    let open = |numbers, receivers| OpenDeliveries {
        sender: 70,
        room: 0,
        sequences: NumberRange { first: 5, numbers },
        measured: true,
        fate: MissingFate::Lost,
        group: 0,
        receivers,
        receiver: 30,
        due_ns: 0,
    };
    let rooms = CutRooms { open: vec![open(3, 4), open(1, 1)], open_not_kept: 7, ..CutRooms::default() };
    report.unresolved.rooms = Some(Box::new(rooms));
    let expected = "open: 20 deliveries did not come, and their senders are on other shards";
    assert_eq!(lines(&report).last().unwrap(), expected);
}

#[test]
fn many_shards_take_no_more_room() {
    let mut report = sample::merged();
    let shard = report.shards.remove(0);
    let of = |number: u32| {
        let mut shard = ShardRecord { number, of: 1000, ..shard.clone() };
        (shard.start.error_s, shard.environment.kernel) = (Some(2.0), format!("Linux {number}"));
        shard
    };
    report.shards = (1..=1000).map(of).collect();
    let lines = lines(&report);
    assert_eq!(lines[2], "late: shard 1 2 s, shard 2 2 s, shard 3 2 s, shard 4 2 s, shard 5 2 s, 995 more");
    assert!(lines[4].ends_with("; and others on 995 more kinds"), "{}", lines[4]);
}

#[test]
fn a_lone_process_says_when_it_began() {
    let mut report = sample::pass();
    let start = sample::shard().start.unwrap();
    report.start = Some(StartRecord { error_s: Some(-0.0005), ready: false, ..start.clone() });
    assert_eq!(
        lines(&report)[..2],
        [
            "start: 500 µs before 2026-01-02T03:04:05.000000Z",
            "not ready: not every connection had been tried at the planned instant",
        ]
    );
    report.start = Some(StartRecord { error_s: Some(0.2), ..start.clone() });
    assert_eq!(doubtful(&report), ["start"]);
    // Without an instant nothing was to be ready.
    report.start = Some(StartRecord { planned: None, error_s: None, ready: false, ..start });
    assert_eq!(lines(&report), ["clock: 31.0 µs behind when last measured, 900 µs off at most"]);
}

#[test]
fn shards_that_counted_by_themselves_have_no_common_instant() {
    let mut report = sample::merged();
    report.shards[1].start.planned = Some("2026-01-02T03:04:05.001200Z".to_owned());
    assert_eq!(lines(&report)[1], "start: within 40.9 ms of each other");
    let mut report = sample::shard();
    report.shards[0].start.error_s = Some(-4e-9);
    assert_eq!(lines(&report)[1], "start: at 2026-01-02T03:04:05.000000Z");
}

#[test]
fn starts_that_are_no_instants_have_no_spread() {
    let mut report = sample::merged();
    report.shards[2].start.at = "soon".to_owned();
    assert!(facts(&report).iter().all(|fact| fact.name != "start"));
}
