use super::*;
use crate::model::{GroupMeasurement, GroupRecord, Tally, sample};

fn judged(change: impl FnOnce(&mut Report)) -> Judgement {
    let mut report = sample::rooms();
    change(&mut report);
    judge(&report, &[])
}

/// Nothing was lost or duplicated.
fn clean(report: &mut Report) {
    let Tally { counts, anomalies, deliveries, .. } = &mut report.total.measured;
    (counts.matched, counts.lost, counts.events, anomalies.duplicated) = (5_000, 0, 50_000, 0);
    (deliveries.messages, deliveries.matched, deliveries.lost) = (5_000, 50_000, 0);
}

#[test]
fn lost_and_damaged_deliveries_are_delivery_violations() {
    let judgement = judged(|_| {});
    assert_eq!(judgement.verdict, Verdict::Delivery);
    assert_eq!(
        judgement.reasons[..2],
        [
            "4 of 50 000 deliveries lost, of 2 messages: they did not come until the drain of 5 s ended; --drain waits \
             longer for replies that come later",
            "anomalies: duplicated 1"
        ]
    );
    assert_eq!(judged(clean).verdict, Verdict::Pass);
    let judgement = judged(|report| {
        clean(report);
        let Tally { counts, deliveries, anomalies, .. } = &mut report.total.measured;
        (counts.matched, counts.damaged, counts.events) = (4_999, 1, 49_999);
        (deliveries.messages, deliveries.matched, deliveries.damaged) = (4_999, 49_998, 2);
        anomalies.corrupted = 1;
    });
    assert_eq!(judgement.verdict, Verdict::Delivery);
    assert_eq!(judgement.reasons[0], "2 of 50 000 deliveries damaged: they did not come whole");
}

#[test]
fn deliveries_to_a_dead_connection_are_about_connections() {
    let judgement = judged(|report| {
        clean(report);
        let Tally { counts, deliveries, .. } = &mut report.total.measured;
        (counts.matched, counts.undetermined, counts.events) = (4_990, 10, 49_990);
        (deliveries.messages, deliveries.matched, deliveries.undetermined) = (4_990, 49_990, 10);
    });
    assert_eq!(judgement.verdict, Verdict::Connections);
    assert!(judgement.reasons[0].starts_with("10 of 50 000 deliveries undetermined: "), "{:?}", judgement.reasons);
}

#[test]
fn events_that_were_set_aside_are_in_the_sum() {
    let report = sample::dialogue();
    assert_eq!(judge(&report, &["ignored==40".parse().unwrap(), "first.p50<1ms".parse().unwrap()]).reasons, [""; 0]);
}

#[test]
fn groups_with_and_without_rooms_balance_each_by_itself() {
    let mut report = sample::rooms();
    let (rooms, echo) = (report.total.clone(), sample::pass().total);
    let with = |name: &str, measurement| GroupMeasurement { name: name.to_owned(), measurement };
    report.total.measured += echo.measured;
    report.total.warmup += echo.warmup;
    report.total.connections += &echo.connections;
    report.groups = vec![with("rooms", rooms), with("echo", echo)];
    let plan = |name: &str, report: Report| GroupRecord { name: name.to_owned(), ..report.plan.groups[0].clone() };
    report.plan.groups = vec![plan("rooms", sample::rooms()), plan("echo", sample::pass())];
    assert_eq!(invalid(&report), Vec::<String>::new());
    report.groups[0].measurement.measured.deliveries.lost += 1;
    assert!(invalid(&report)[0].starts_with("rooms: the books do not balance"), "{:?}", invalid(&report));
}
