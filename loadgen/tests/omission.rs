//! Coordinated omission (Gil Tene, "How NOT to Measure Latency", 2013): what is due while nothing
//! moves must be counted with all of its wait. The generator's pure parts, on times that are made
//! up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
};

use loadgen::{
    clock::Time,
    ledger::{Expectation, Ledger, MessageEvent, SendTimes},
    message::{Mix, Payload},
    plan::{Expect, Rate},
    recorder::{Recorder, Window},
    schedule::Schedule,
};

const MILLISECOND: u64 = 1_000_000;

/// Messages, one due each millisecond.
const MESSAGES: u64 = 1000;

/// From the 200th to the 600th millisecond nothing moves.
const STALL: std::ops::Range<u64> = 200 * MILLISECOND..600 * MILLISECOND;

/// How long a message takes that nothing holds up.
const SWIFT: u64 = MILLISECOND / 10;

/// When something happens that would happen at `nanos` without the stall.
fn held_up(nanos: u64) -> u64 {
    if STALL.contains(&nanos) { STALL.end } else { nanos }
}

/// How many values are at least so many milliseconds.
type AtLeast = Box<dyn Fn(u64) -> u64>;

/// Response and service times of a run whose messages are written and answered at the times that
/// `written` (of when it was due) and `came` (of when it was written) say.
fn play(written: fn(u64) -> u64, came: fn(u64) -> u64) -> (AtLeast, AtLeast) {
    let schedule = Schedule::new(NonZeroU32::MIN, Rate::new(1000.0).expect("a rate"), NonZeroU32::MIN);
    let terms = Expectation::new(Payload::new(1, 64, Mix::Mixed), &Expect::Echo, 1);
    let (mut ledger, mut recorder) = (Ledger::new(0), Recorder::new());
    recorder.begin(Window { from: Time::from_nanos(0), to: Time::from_nanos(MESSAGES * MILLISECOND) });
    // What happens, in its order: a message is written, or it came.
    let mut happenings = Vec::new();
    for sequence in 0..MESSAGES {
        let due = schedule.due(0, sequence);
        let at = written(due);
        happenings.extend([(at, false, sequence, due), (came(at), true, sequence, due)]);
    }
    happenings.sort_unstable();
    let mut bytes = vec![0; 64];
    for (at, arrival, sequence, due) in happenings {
        let at = Time::from_nanos(at);
        if arrival {
            terms.payload().encode(0, sequence, &mut bytes);
            let event = MessageEvent { kind: terms.payload().kind(sequence), bytes: &bytes };
            let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 1)).into();
            ledger.received(&terms, event, &mut recorder.for_connection(&terms, 0, local, at));
        } else {
            let times = SendTimes { due: Time::from_nanos(due), written: at };
            ledger.sent(times);
            recorder.sent(times, 1, 64, 1);
        }
    }
    let rows: Vec<_> = recorder.take_rows(Time::from_nanos(2000 * MILLISECOND));
    assert_eq!(recorder.measured.counts.matched, MESSAGES);
    let response = move |least| {
        let values = rows.iter().flat_map(|row| &row.response);
        values.filter(|(nanos, _)| *nanos >= least * MILLISECOND).map(|(_, times)| times).sum()
    };
    let service = move |least| recorder.service.count_between(least * MILLISECOND, u64::MAX);
    (Box::new(response), Box::new(service))
}

/// 400 messages were due in the stall, the first 400 ms and the last 1 ms before its end: so many
/// waited this long.
fn is_even(times: &AtLeast) {
    for least in [1, 50, 100, 200, 300, 390] {
        // Within a value or two: what a histogram of three digits takes for one.
        let (found, expected) = (times(least), 401 - least);
        assert!(found.abs_diff(expected) <= 2, "{found} of at least {least} ms, not {expected}");
    }
    assert_eq!(times(402), 0);
}

#[test]
fn a_stalled_generator_shows_in_response_times_only() {
    let (response, service) = play(held_up, |written| written + SWIFT);
    is_even(&response);
    assert_eq!(service(1), 0, "the target was as swift as ever");
}

#[test]
fn a_stalled_target_shows_in_both_times() {
    let (response, service) = play(|due| due, |written| held_up(written + SWIFT));
    is_even(&response);
    is_even(&service);
}
