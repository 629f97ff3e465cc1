//! The start by clocks that a test moves.

use std::time::UNIX_EPOCH;

use super::*;

const MILLI: u64 = 1_000_000;

/// The run's clock and the system's clock after this many milliseconds, where the latter was set by
/// `shift` milliseconds.
fn after(millis: u64, shift: i64) -> ClockReading {
    let wall = 1_000_000_i64 + i64::try_from(millis).unwrap() + shift;
    ClockReading { own: Time::from_nanos(millis * MILLI), wall: wall_at(wall) }
}

fn wall_at(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.try_into().unwrap())
}

/// A load that begins after so many milliseconds.
fn planned_after(millis: u64) -> RunStart {
    RunStart::new(Some(Start::In(Duration::from_millis(millis))), after(0, 0).wall).unwrap()
}

/// Asks what to do until the load begins, with the system's clock set by `shift` milliseconds from
/// `set_at` on. Returns when it begins in milliseconds of the run's clock.
fn begins(start: &RunStart, connected: u64, set_at: u64, shift: i64) -> u64 {
    let mut now = connected * MILLI;
    for _ in 0..10_000 {
        let millis = now / MILLI;
        let reading = after(millis, if millis >= set_at { shift } else { 0 });
        match start.next(reading) {
            // The run looks every tenth of a second at the latest.
            StartStep::Wait { look, .. } => now += look.min(100 * MILLI),
            StartStep::Begin(time) => return time.as_nanos() / MILLI,
        }
    }
    panic!("it never begins")
}

/// The record of a load that began after so many milliseconds of the run's clock, with both clocks
/// read later.
fn recorded(start: &RunStart, begun: u64, later: ClockReading) -> StartRecord {
    start.record(later.wall_at(Time::from_nanos(begun * MILLI)), true)
}

#[test]
fn without_an_instant_the_load_begins_at_once() {
    let mut start = RunStart::new(None, UNIX_EPOCH).unwrap();
    start.connected(after(700, 0));
    assert_eq!(begins(&start, 700, u64::MAX, 0), 720);
    let record = recorded(&start, 720, after(750, 0));
    assert_eq!((record.at.as_str(), record.planned, record.error_s), ("1970-01-01T00:16:40.720000Z", None, None));
    assert!(record.ready);
}

#[test]
fn who_is_ready_begins_at_the_instant() {
    for connected in [0, 700, 4_999] {
        let mut start = planned_after(5_000);
        start.connected(after(connected, 0));
        let begun = begins(&start, connected, u64::MAX, 0);
        assert_eq!(begun, 5_000_u64.max(connected + 20), "{connected}");
        let record = recorded(&start, begun, after(begun, 0));
        assert!(record.ready, "{connected}");
        assert!((record.error_s.unwrap() - (begun - 5_000) as f64 / 1e3).abs() < 1e-9, "{record:?}");
        assert_eq!(record.planned.as_deref(), Some("1970-01-01T00:16:45.000000Z"));
    }
}

#[test]
fn who_is_not_ready_begins_as_soon_as_it_is() {
    let mut start = planned_after(5_000);
    start.connected(after(7_300, 0));
    assert_eq!(begins(&start, 7_300, u64::MAX, 0), 7_320);
    let record = recorded(&start, 7_320, after(7_400, 0));
    assert!(!record.ready && record.is_late(), "{record:?}");
    assert!((record.error_s.unwrap() - 2.32).abs() < 1e-9, "{record:?}");
}

#[test]
fn a_clock_that_is_set_while_waiting_shifts_the_start() {
    for shift in [-3_000, -1, 1, 3_000] {
        let start = planned_after(5_000);
        let begun = begins(&start, 0, 1_000, shift);
        assert_eq!(begun, 5_000_u64.checked_add_signed(-shift).unwrap(), "{shift}");
    }
    let start = planned_after(5_000);
    assert_eq!(begins(&start, 0, 1_000, 60_000), 1_020, "the instant has passed by the new time");
}

#[test]
fn a_clock_that_is_set_after_the_decision_is_an_error() {
    let mut start = planned_after(5_000);
    start.connected(after(0, 0));
    let record = recorded(&start, 5_000, after(5_010, 250));
    assert!(record.is_late() && record.ready, "{record:?}");
    let early = recorded(&start, 5_000, after(5_010, -250));
    assert!((early.error_s.unwrap() + 0.25).abs() < 1e-9, "{early:?}");
}

#[test]
fn a_load_that_did_not_begin_has_no_error() {
    let record = planned_after(5_000).record(after(2_000, 0).wall, false);
    assert_eq!((record.error_s, record.at.as_str()), (None, "1970-01-01T00:16:42.000000Z"));
}

#[test]
fn an_error_is_in_whole_microseconds() {
    let instant = wall_at(5_000);
    for (nanos, expected) in [(0, 0.0), (3, 0.0), (499, 0.0), (1_700, 0.000_002), (2_000_000_100, 2.0)] {
        let error = seconds_from(instant, instant + Duration::from_nanos(nanos));
        assert!((error - expected).abs() < 1e-12, "{nanos}: {error}");
        let error = seconds_from(instant + Duration::from_nanos(nanos), instant);
        assert!((error + expected).abs() < 1e-12 && (expected > 0.0 || error.is_sign_positive()), "{nanos}: {error}");
    }
}

#[test]
fn an_instant_that_has_passed_is_refused() {
    let now = wall_at(2_000);
    for planned in [wall_at(1_999), now] {
        let error = RunStart::new(Some(Start::At(planned)), now).unwrap_err();
        assert!(matches!(error, RunError::StartHasPassed { .. }), "{error}");
    }
    let error = RunStart::new(Some(Start::At(wall_at(500))), now).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--start-at 1970-01-01T00:00:00.500000Z: that instant has passed; it is 1970-01-01T00:00:02.000000Z by the clock of \
         this machine. Give a later one, or --start-in"
    );
    assert_eq!(RunStart::new(Some(Start::At(wall_at(2_001))), now).unwrap().planned, Some(wall_at(2_001)));
}
