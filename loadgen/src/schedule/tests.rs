use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::plan::{Partition, Spacing, Stage};

const SECOND: u64 = 1_000_000_000;

fn schedule(clients: u32, rate: f64, burst: u32) -> Schedule {
    Schedule::new(NonZeroU32::new(clients).unwrap(), Rate::new(rate).unwrap(), NonZeroU32::new(burst).unwrap())
}

/// The clients of `worker` of `workers`.
fn share(clients: u32, worker: u32, workers: u32) -> Senders {
    let [clients, workers] = [clients, workers].map(|n| NonZeroU32::new(n).unwrap());
    Partition::new([clients], workers).share(worker, 0).into()
}

#[test]
fn known_due_times() {
    // 4 clients at 50 messages/s in bursts of 5: every 100 ms for each client, every 25 ms over
    // all.
    let s = schedule(4, 50.0, 5);
    assert_eq!(s.due(0, 0), 0);
    assert_eq!(s.due(0, 4), 0, "a burst is due together");
    assert_eq!(s.due(0, 5), 100_000_000);
    assert_eq!(s.due(1, 0), 25_000_000);
    assert_eq!(s.due(3, 9), 175_000_000);
    // 1 client at 3 messages/s: 333333333.3 ns apart, never early.
    let s = schedule(1, 3.0, 1);
    assert_eq!([s.due(0, 1), s.due(0, 2), s.due(0, 3)], [333_333_334, 666_666_667, 1_000_000_000]);
}

#[test]
fn counts_are_exact() {
    let s = schedule(1000, 50.0, 5);
    for client in [0, 1, 500, 999] {
        assert_eq!(s.messages_before(client, 0), 0);
        assert_eq!(s.messages_before(client, 1_000_000_000), 50);
        assert_eq!(s.messages_before(client, 10_000_000_000), 500);
    }
    assert_eq!(s.messages_before(0, 1), 5, "the first burst of client 0 is due at 0");
    assert_eq!(s.messages_before(1, 1), 0);
}

#[test]
fn a_number_of_messages_takes_whole_bursts() {
    // A burst every 100 ms for each client.
    let s = schedule(4, 50.0, 5);
    let lengths = [0, 1, 5, 6, 12].map(|messages| s.length_of(messages));
    assert_eq!(lengths, [0, 100_000_000, 100_000_000, 200_000_000, 300_000_000]);
}

#[test]
fn ten_million_messages_do_not_drift() {
    // 7 messages/s: the interval is no whole number of nanoseconds.
    let s = schedule(1, 7.0, 1);
    let mut last = 0;
    for k in 0..10_000_000_u64 {
        let due = s.due(0, k);
        let ideal_times_7 = u128::from(k) * 1_000_000_000;
        let due_times_7 = u128::from(due) * 7;
        assert!(due_times_7 >= ideal_times_7, "message {k} is early");
        assert!(due_times_7 < ideal_times_7 + 7, "message {k} is a nanosecond or more late");
        assert!(k == 0 || due > last);
        last = due;
    }
}

/// `clients` clients go through stages of (from, to, nanoseconds), with rates in messages a second.
fn staged(clients: u32, stages: &[(f64, f64, u64)], burst: u32, warmup: u64) -> Schedule {
    spaced(clients, stages, Spacing::Even, burst, warmup)
}

fn spaced(clients: u32, stages: &[(f64, f64, u64)], spacing: Spacing, burst: u32, warmup: u64) -> Schedule {
    let stage =
        |&(from, to, length)| Stage { from: Rate::new(from), to: Rate::new(to), length: Duration::from_nanos(length) };
    let rate = RatePlan::Stages(stages.iter().map(stage).collect());
    let [clients, burst] = [clients, burst].map(|n| NonZeroU32::new(n).unwrap());
    Schedule::of(clients, &Arrivals { rate, spacing }, burst, warmup, 7)
}

#[test]
fn stages_spread_the_clients_evenly() {
    // 2 clients in bursts of 2, so t² bursts of both by second t, after a warm-up without any.
    // Then 4 bursts a second.
    let s = staged(2, &[(0.0, 4.0, 2 * SECOND), (4.0, 4.0, SECOND)], 2, SECOND);
    let due = |client, k| s.due(client, k).checked_sub(SECOND);
    assert_eq!(
        [0, 1, 2, 3, 4, 6].map(|k| due(0, k).unwrap()),
        [0, 0, 1_414_213_563, 1_414_213_563, 2 * SECOND, 2 * SECOND + SECOND / 2]
    );
    assert_eq!([0, 2, 4].map(|k| due(1, k).unwrap()), [SECOND, 1_732_050_808, 2 * SECOND + SECOND / 4]);
    assert_eq!([s.due(0, 8), s.due(1, 8)], [u64::MAX; 2], "the stages are over");
    let before = |client, time| s.messages_before(client, time);
    assert_eq!([0, SECOND, SECOND + 1, 3 * SECOND + 1].map(|time| before(0, time)), [0, 0, 2, 6]);
    assert_eq!([4 * SECOND, u64::MAX].map(|time| before(1, time)), [8; 2]);
}

#[test]
fn the_warm_up_holds_the_starting_rate() {
    let s = staged(1, &[(2.0, 2.0, SECOND), (2.0, 0.0, SECOND)], 1, 2 * SECOND);
    assert_eq!([0, 1, 3, 4, 5].map(|k| s.due(0, k)), [0, SECOND / 2, 3 * SECOND / 2, 2 * SECOND, 5 * SECOND / 2]);
    // Then t - t²/2 message by second t.
    assert_eq!((s.due(0, 6), s.due(0, 7)), (3 * SECOND, u64::MAX));
}

#[test]
fn ten_million_messages_follow_their_stages() {
    let stages = [(0, 300_000, 4 * SECOND), (300_000, 300_000, SECOND), (300_000, 100_000, SECOND / 2)];
    let s = staged(10, &stages.map(|(from, to, length)| (f64::from(from), f64::from(to), length)), 1, 0);
    // What is due in a stage by `time`, times 2 * length * SECOND.
    let due_by = |&(from, to, length): &(i32, i32, u64), time: u64| {
        let [from, to, length, time] = [i128::from(from), i128::from(to), i128::from(length), i128::from(time)];
        10 * (2 * from * time * length + (to - from) * time * time)
    };
    let (mut slot, mut last, mut begin, mut before) = (0_u64, 0, 0, 0_i128);
    for stage in &stages {
        let scale = 2 * i128::from(stage.2) * i128::from(SECOND);
        let whole = due_by(stage, stage.2) / scale;
        while i128::from(slot) < before + whole {
            let due = s.slot_due(slot);
            let wanted = (i128::from(slot) - before) * scale;
            assert!(due_by(stage, due - begin) >= wanted, "message {slot} is early");
            assert!(due == begin || due_by(stage, due - begin - 1) < wanted, "message {slot} is a nanosecond late");
            assert!(due >= last);
            (last, slot) = (due, slot + 1);
        }
        (begin, before) = (begin + stage.2, before + whole);
    }
    assert_eq!((slot, s.slot_due(slot)), (10_000_000, u64::MAX));
}

#[test]
fn a_message_limit_cuts_the_last_burst() {
    let s = schedule(2, 50.0, 5);
    let warmup = 1_000_000_000;
    let agenda = |worker| Agenda::new(s.clone(), &share(2, worker, 2), warmup + s.length_of(7), Some((7, warmup)));
    for worker in 0..2 {
        let mut agenda = agenda(worker);
        let (mut before, mut after) = (0, Vec::new());
        while let Some(burst) = agenda.peek() {
            if burst.due < warmup {
                before += burst.messages;
            } else {
                after.push(burst.messages);
            }
            agenda.advance();
        }
        assert_eq!((before, after), (50, vec![5, 2]));
    }
}

#[test]
fn cut_drops_what_is_later() {
    let mut agenda = Agenda::new(schedule(1, 10.0, 1), &share(1, 0, 1), 10_000_000_000, None);
    agenda.cut(250_000_000);
    let mut due = Vec::new();
    while let Some(burst) = agenda.peek() {
        due.push(burst.due);
        agenda.advance();
    }
    assert_eq!(due, [0, 100_000_000, 200_000_000]);
}

#[test]
fn a_burst_due_at_the_end_is_off_the_agenda() {
    let agenda = |end| Agenda::new(schedule(1, 10.0, 1), &share(1, 0, 1), end, None);
    let mut cut = agenda(10_000_000_000);
    let mut short = agenda(100_000_000);
    cut.advance();
    cut.cut(100_000_001);
    assert_eq!(cut.peek().map(|burst| burst.due), Some(100_000_000));
    cut.cut(100_000_000);
    short.advance();
    assert_eq!((cut.peek(), short.peek()), (None, None));
}

#[test]
fn only_some_clients_may_send() {
    // The schedule spreads its 2 clients, of which this worker has the second, in slot 7.
    let schedule = schedule(2, 10.0, 1);
    let bursts = |some: &[(u32, usize)]| {
        let mut agenda = Agenda::new(schedule.clone(), &Senders::Some(some.into()), 250_000_000, None);
        let next = || {
            let burst = agenda.peek()?;
            agenda.advance();
            Some((burst.client, burst.due / 1_000_000))
        };
        std::iter::from_fn(next).collect::<Vec<_>>()
    };
    assert_eq!(bursts(&[(1, 7)]), [(1, 50), (1, 150)]);
    assert_eq!(bursts(&[(0, 2), (1, 7)]), [(0, 0), (1, 50), (0, 100), (1, 150), (0, 200)]);
    assert_eq!(bursts(&[]), []);
    let senders = Senders::Some([(0, 2), (4, 7)].into());
    assert_eq!((senders.count(), senders.slot(0), senders.slot(4)), (2, 2, 7));
}

#[test]
fn a_worker_without_clients_has_an_empty_agenda() {
    assert_eq!(Agenda::new(schedule(1, 10.0, 1), &share(1, 1, 2), 1_000_000_000, None).peek(), None);
}

fn any_stages() -> impl Strategy<Value = Vec<(f64, f64, u64)>> {
    let rate = || prop_oneof![Just(0.0), 0.001..2_000.0];
    prop::collection::vec((rate(), rate(), 1..SECOND), 1..5)
}

proptest! {
    #[test]
    fn the_agendas_of_all_workers_are_the_schedule(
        clients in 1_u32..20, workers in 1_u32..5, room in prop::option::of(1_u32..7), burst in 1_u32..7,
        micro in 1_000_u64..2_000_000_000, millis in 0_u64..3_000, stages in prop::option::of(any_stages()),
        spacing in prop::sample::select(vec![Spacing::Even, Spacing::Poisson]),
    ) {
        // Few enough bursts to keep the test quick.
        let grid = schedule(clients, micro as f64 / 1e6, burst);
        let end = (millis * 1_000_000).min(grid.slot_due(2_000));
        let s = match stages {
            None if spacing == Spacing::Even => grid,
            None => spaced(clients, &[(micro as f64 / 1e6, micro as f64 / 1e6, end.max(1))], spacing, burst, 0),
            Some(stages) => spaced(clients, &stages, spacing, burst, millis * 100_000),
        };
        let mut sent = vec![0_u64; clients as usize];
        let [of_group, on] = [clients, workers].map(|n| NonZeroU32::new(n).unwrap());
        let partition = Partition::with_rooms([(of_group, room.and_then(NonZeroU32::new))], on);
        for worker in 0..workers {
            let mut agenda = Agenda::new(s.clone(), &partition.share(worker, 0).into(), end, None);
            let mut last = 0;
            while let Some(b) = agenda.peek() {
                prop_assert!(b.due >= last && b.due < end);
                prop_assert_eq!(partition.worker(b.client), worker);
                prop_assert_eq!(b.due, s.due(b.client, sent[b.client as usize]));
                last = b.due;
                sent[b.client as usize] += u64::from(b.messages);
                agenda.advance();
            }
        }
        for client in 0..clients {
            prop_assert_eq!(sent[client as usize], s.messages_before(client, end));
        }
    }

    #[test]
    fn never_early_and_less_than_a_nanosecond_late(
        clients in 1_u32..100_000, micro in 1_u64..10_000_000_000, burst in 1_u32..1_000, slot in 0_u64..10_000_000,
    ) {
        let rate = Rate::new(micro as f64 / 1e6).unwrap();
        let s = Schedule::new(NonZeroU32::new(clients).unwrap(), rate, NonZeroU32::new(burst).unwrap());
        let due = u128::from(s.slot_due(slot));
        prop_assume!(due < u128::from(u64::MAX));
        let scale = u128::from(rate.micro()) * u128::from(clients);
        let ideal = u128::from(slot) * u128::from(burst) * 1_000_000_000_000_000;
        prop_assert!(due * scale >= ideal);
        prop_assert!(due * scale < ideal + scale);
        prop_assert_eq!(s.slots_before(s.slot_due(slot)) <= slot, true);
        prop_assert!(s.slots_before(s.slot_due(slot) + 1) > slot);
    }
}
