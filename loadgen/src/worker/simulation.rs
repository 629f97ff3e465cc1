//! Tests the bounds of latencies on simulated time.
//!
//! A worker runs on a simulated clock and is late in every way, with a target whose times are
//! known. Whatever happens, the target's own time lies between floor and response. So a target over
//! its threshold never passes, and one under it never misses.

use std::net::{Ipv4Addr, SocketAddr};

use hdrhistogram::Histogram;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reports::model::Latency;

use crate::{
    clock::Time,
    engine::unread_since::{PollResult, SocketPoll, UnreadSince},
    ledger::{Expectation, LedgerSink, SendTimes},
    message::{Mix, Payload},
    plan::Expect,
    worker::recorder::{Recorder, Window},
};

/// Messages of a run.
const MESSAGES: u64 = 250;

/// What may go wrong in a run.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    /// The target takes this many more nanoseconds for one message in ten.
    slow: u64,
    /// A turn of the worker takes up to this many nanoseconds of work.
    work: u64,
    /// A woken worker waits up to this long for a core, which the kernel counts.
    queued: u64,
    /// The worker is stopped now and then for up to this long, which nobody counts. It happens in
    /// waits, turns and writes.
    stopped: u64,
}

/// A message on its way.
struct Flight {
    times: SendTimes,
    left: Time,
    arrives: Time,
}

struct Simulated {
    random: StdRng,
    trouble: Trouble,
    now: u64,
    unread_since: UnreadSince,
    recorder: Recorder,
    expectation: Expectation,
    flying: Vec<Flight>,
    /// The target's own times.
    own: Histogram<u64>,
}

impl Simulated {
    fn up_to(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.random.random_range(0..most) }
    }

    /// Draws a stop.
    fn stop(&mut self) -> u64 {
        if self.random.random_bool(0.02) { self.up_to(self.trouble.stopped) } else { 0 }
    }

    fn time(&self) -> Time {
        Time::from_nanos(self.now)
    }

    fn send(&mut self, due: u64) {
        let work = self.trouble.work / 10;
        self.now += self.up_to(work);
        let times = SendTimes { due: Time::from_nanos(due), written: self.time() };
        // The bytes leave at any time within the write.
        let (before, after) = (self.stop() + self.up_to(10_000), self.stop() + self.up_to(2_000));
        let left = self.now + before;
        self.now = left + after;
        self.recorder.wrote(times.written, self.time());
        let slow = if self.random.random_bool(0.1) { self.trouble.slow } else { 0 };
        let took = 200_000 + self.up_to(400_000) + slow;
        self.flying.push(Flight { times, left: Time::from_nanos(left), arrives: Time::from_nanos(left + took) });
    }

    /// Waits until `until`, or until something arrives, as the engine does.
    fn wait(&mut self, until: u64) -> SocketPoll {
        let began = self.time();
        let first = self.flying.iter().map(|flight| flight.arrives.as_nanos()).min().unwrap_or(u64::MAX);
        let woken = self.now.max(first.min(until));
        let queued = self.up_to(self.trouble.queued);
        // A stop in a wait outlasts it, or a signal interrupts it.
        let stopped = if first <= self.now { 0 } else { self.stop() };
        let interrupted = stopped > 0 && woken + stopped < until + 2_000_000;
        self.now = woken + 1_500 + queued + stopped;
        let result = if interrupted { PollResult::Interrupted } else { PollResult::Complete };
        let ended = self.time();
        let sockets = self.flying.iter().filter(|flight| flight.arrives <= ended).count();
        let delayed = Some(queued);
        SocketPoll { began, ended, until: Some(Time::from_nanos(until)), delayed, result, sockets }
    }

    /// Polls without waiting.
    fn poll(&mut self) -> SocketPoll {
        let began = self.time();
        self.now += 1_000;
        SocketPoll { began, ended: began, until: None, delayed: None, result: PollResult::Complete, sockets: 1 }
    }

    /// Reads what the poll reported, and what came since.
    fn read(&mut self, poll: &SocketPoll) {
        self.unread_since.take(poll);
        if poll.result == PollResult::Interrupted {
            return;
        }
        self.recorder.unread_since(self.unread_since.since());
        while let Some(at) = self.flying.iter().position(|flight| flight.arrives <= poll.began.max(poll.ended)) {
            let work = self.trouble.work / 20;
            self.now += self.up_to(work) + self.stop();
            let Flight { times, left, arrives } = self.flying.swap_remove(at);
            let now = self.time();
            self.own.saturating_record(arrives.since(left));
            let local = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1).into();
            self.recorder.for_connection(&self.expectation, 0, local, now).matched(0, 1, times, false);
            assert!(
                self.unread_since.since() <= arrives,
                "{poll:?}: what came at {arrives:?} counts from {:?}",
                self.unread_since.since()
            );
        }
    }
}

/// Runs once. Returns response and floor, as recorded, and the target's own times.
fn simulate(seed: u64, trouble: Trouble) -> [Histogram<u64>; 3] {
    let mut recorder = Recorder::new();
    recorder.begin(Window { from: Time::from_nanos(1), to: Time::NEVER });
    let expectation = Expectation::new(Payload::new(1, 64, Mix::Mixed), &Expect::Echo, 1);
    let mut run = Simulated {
        random: StdRng::seed_from_u64(seed),
        trouble,
        now: 1_000_000,
        unread_since: UnreadSince::default(),
        recorder,
        expectation,
        flying: Vec::new(),
        own: Latency::histogram(),
    };
    let due = |message: u64| 2_000_000 + message * 1_000_000;
    let mut next = 0;
    while next < MESSAGES || !run.flying.is_empty() {
        while next < MESSAGES && due(next) <= run.now {
            run.send(due(next));
            next += 1;
        }
        run.now += run.up_to(trouble.work) + run.stop();
        let until = if next < MESSAGES { due(next) } else { run.now + 50_000_000 };
        let poll = if run.random.random_bool(0.3) { run.poll() } else { run.wait(until.max(run.now)) };
        run.read(&poll);
    }
    let mut rows = run.recorder.take_rows(Time::from_nanos(run.now));
    rows.extend(run.recorder.last_row());
    let mut response = Latency::histogram();
    for (nanos, times) in rows.iter().flat_map(|row| &row.response) {
        response.saturating_record_n(*nanos, *times);
    }
    [response, run.recorder.floor, run.own]
}

/// Runs with each trouble alone and with all together, at thresholds around the target's own time.
fn never_wrong(runs: u64) {
    let none = Trouble { slow: 0, work: 0, queued: 0, stopped: 0 };
    let troubles = [
        none,
        Trouble { slow: 20_000_000, ..none },
        Trouble { work: 3_000_000, ..none },
        Trouble { queued: 8_000_000, ..none },
        Trouble { stopped: 300_000_000, ..none },
        Trouble { slow: 20_000_000, work: 3_000_000, queued: 8_000_000, stopped: 300_000_000 },
    ];
    let (mut decided, mut undecided) = (0_u64, 0_u64);
    for (seed, trouble) in (0..runs).zip(troubles.into_iter().cycle()) {
        let [response, floor, own] = simulate(seed, trouble);
        assert_eq!((response.len(), floor.len(), own.len()), (MESSAGES, MESSAGES, MESSAGES), "{trouble:?}");
        for quantile in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
            let [high, low, truth] = [&response, &floor, &own].map(|times| times.value_at_quantile(quantile));
            assert!(low <= truth && truth <= high, "{seed} {trouble:?} {quantile}: {low} {truth} {high}");
            for bound in [truth / 2, truth - truth / 20, truth + truth / 20, truth * 2] {
                let (holds, missed) = (high < bound, low >= bound);
                let wrong = if truth < bound { missed } else { holds };
                assert!(!wrong, "{seed} {trouble:?} {quantile}");
                // Bounds that decide nothing about a punctual generator would be useless.
                if trouble.work + trouble.queued + trouble.stopped == 0 && bound.abs_diff(truth) >= truth / 2 {
                    *if holds || missed { &mut decided } else { &mut undecided } += 1;
                }
            }
        }
    }
    println!("{runs} runs, no verdict wrong; of a generator in time, {decided} decided and {undecided} undecided");
    assert!(decided > 4 * undecided, "{decided} decided, {undecided} undecided");
}

#[test]
fn no_lateness_turns_a_verdict() {
    never_wrong(480);
}

#[test]
#[ignore = "10 000 runs"]
fn no_lateness_turns_a_verdict_in_many_runs() {
    never_wrong(10_000);
}
