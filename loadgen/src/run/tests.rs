//! A generator that is starved of time says so, and blames the target for nothing.

use std::{
    net::IpAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use frames::Payloads;
use reports::{Judgement, LimitedBy, Render, Verdict, identities, judge, render::Text};

use super::*;
use crate::{
    clock::{Clock as _, RealClock, Time},
    engine::{Engine, EventSink},
    message::MessageKind,
    plan::{Arrivals, Connect, Group, Load, Rate, RunOptions, Until},
    schedule::pacer::Wait,
    transport::Route,
};

/// How long the worker's thread is blocked, in nanoseconds.
const BLOCK: u64 = 400_000_000;

/// The block begins after this many bursts, a third of the run.
const BURSTS_BEFORE: u64 = 100;

/// The real engine on a thread that may be blocked once. Notes how long the worker was away from
/// waiting.
struct Starved<E> {
    engine: E,
    clock: RealClock,
    /// Bursts until the block.
    left: Option<u64>,
    /// Since when the worker could have worked: its wait was over, or something woke it.
    awake: Time,
    /// The longest time away, in nanoseconds.
    away: Arc<AtomicU64>,
}

impl<E: Engine> Engine for Starved<E> {
    fn open(&mut self, slot: usize, route: &Rc<Route>, client: u32, source: Option<IpAddr>) {
        self.engine.open(slot, route, client, source);
    }

    fn abort(&mut self, slot: usize) {
        self.engine.abort(slot);
    }

    fn set_reading(&mut self, slot: usize, reading: bool) {
        self.engine.set_reading(slot, reading);
    }

    fn wait(&mut self, wait: Wait) {
        if self.left == Some(0) {
            self.left = None;
            thread::sleep(Duration::from_nanos(BLOCK));
        }
        let before = self.clock.now();
        self.away.fetch_max(before.since(self.awake), Ordering::Relaxed);
        self.engine.wait(wait);
        self.awake = match wait {
            Wait::Poll => before,
            Wait::Until(time) => time.max(before).min(self.clock.now()),
        };
    }

    fn begin_turn(&mut self) {
        self.engine.begin_turn();
    }

    fn next_ready(&mut self) -> Option<usize> {
        self.engine.next_ready()
    }

    fn unread_since(&self) -> Time {
        self.engine.unread_since()
    }

    fn receive(&mut self, slot: usize, sink: &mut impl EventSink) {
        self.engine.receive(slot, sink);
    }

    fn queue(
        &mut self,
        slot: usize,
        messages: impl ExactSizeIterator<Item = (MessageKind, usize)> + Clone,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        self.engine.queue(slot, messages, fill);
    }

    fn flush(&mut self, slot: usize) -> u64 {
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.engine.flush(slot)
    }

    fn ping(&mut self, slot: usize, payload: &[u8]) -> bool {
        self.engine.ping(slot, payload)
    }

    fn unsent(&self, slot: usize) -> u64 {
        self.engine.unsent(slot)
    }

    fn close(&mut self, slot: usize) {
        self.engine.close(slot);
    }
}

/// Four clients send 300 messages, one every 4 ms, to a reference server. There is one worker.
fn plan() -> Plan {
    let group = Group {
        clients: NonZeroU32::new(4).unwrap(),
        load: Load::Open {
            arrivals: Arrivals::even(Rate::new(62.5).unwrap()),
            burst: NonZeroU32::MIN,
            max_in_flight: NonZeroU32::new(10_000).unwrap(),
        },
        connect: Connect { timeout: Duration::from_secs(30), ..Connect::default() },
        ..Group::default()
    };
    let run = RunOptions {
        warmup: Duration::ZERO,
        until: Until::Messages(NonZeroU64::new(75).unwrap()),
        drain: Duration::from_secs(30),
        threads: Some(NonZeroUsize::MIN),
        server_threads: Some(NonZeroUsize::MIN),
        seed: Some(7),
        ..RunOptions::default()
    };
    Plan::new(run, vec![group]).unwrap()
}

/// Runs the plan with a block after this many bursts, or with none. Returns the judgement and how
/// long the worker was away.
fn starve(engine: &impl BuildEngine, bursts_before: Option<u64>) -> (Report, Judgement, u64) {
    let away = Arc::new(AtomicU64::new(0));
    let shared = Arc::clone(&away);
    let inner = engine.clone();
    let build = move |connections, clock: RealClock| {
        let (engine, away) = (inner(connections, clock)?, Arc::clone(&shared));
        Ok(Starved { engine, clock, left: bursts_before, awake: clock.now(), away })
    };
    let report = run_on(&build, &plan(), &Stop::default(), &mut ()).unwrap();
    let (counts, dropped) = (&report.total.measured.counts, &report.total.measured.dropped);
    assert_eq!(identities(&report.total.measured), Ok(()));
    assert!(report.total.measured.anomalies.is_clean(), "{:?}", report.total.measured.anomalies);
    assert_eq!((counts.scheduled, counts.matched), (300, counts.sent));
    assert_eq!(counts.dropped, dropped.behind_schedule, "nothing else is a reason to drop: {dropped:?}");
    assert_eq!((report.total.connections.failed, report.total.connections.died), (0, 0));
    let judgement = judge(&report, &[]);
    assert!(judgement.reasons.iter().all(|reason| reason.starts_with("generator: ")), "{judgement:?}");
    (report, judgement, away.load(Ordering::Relaxed))
}

#[test]
fn what_a_starved_generator_is_late_with_is_not_the_targets() {
    starved(&Lean::new);
    starved(&Tungstenite::new);
}

fn starved(engine: &impl BuildEngine) {
    let (report, judgement, away) = starve(engine, Some(BURSTS_BEFORE));
    assert!(away >= BLOCK, "{away}");
    // No threshold was set that the generator could spoil; but the judgement mentions it.
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert!(judgement.reasons[0].starts_with("generator: it stood still for "), "{judgement:?}");
    assert_eq!(judgement.limited_by, LimitedBy::Generator);
    let generator = &report.generator;
    assert!(generator.longest_stop_s > BLOCK as f64 / 2e9 && generator.stopped_s >= generator.longest_stop_s);
    // Over half of the messages were sent or read late. So the tail exceeds the threshold, and the
    // target's own may not.
    let threshold = format!("p99<{}ns", BLOCK / 4).parse().unwrap();
    let undecided = judge(&report, &[threshold]);
    assert_eq!((undecided.verdict, undecided.verdict.exit_code()), (Verdict::Invalid, 5), "{undecided:?}");
    assert!(undecided.reasons[0].contains("is undecided: it is between "), "{undecided:?}");

    // A message was due every 4 ms. Those of the first half of the block waited for at least half
    // of it, and more on a busy machine.
    let least = BLOCK / 2 / 4_000_000 - 1;
    let late = |histogram: &hdrhistogram::Histogram<u64>| histogram.count_between(BLOCK / 2, u64::MAX);
    assert!(late(&report.total.latency.send_lag) >= least, "{}", late(&report.total.latency.send_lag));
    assert!(late(&report.total.latency.response) >= least, "{}", late(&report.total.latency.response));
    assert!(report.total.latency.response.max() >= BLOCK / 10 * 9);
    // The target had no part in it. A third of the messages are written at once after the block,
    // and wait for each other. So only the median is right on every machine.
    let service = report.total.latency.service.value_at_quantile(0.5);
    assert!(service < BLOCK / 4, "{service}");

    let mut page = Vec::new();
    Text::default().render(&report, &undecided, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    for part in
        ["INVALID", "generator: threshold p99<100ms is undecided", "limited by   the generator: ", "ms*", "  floor "]
    {
        assert!(page.contains(part), "{part:?} is missing in: {page}");
    }
    assert!(!page.contains("limited by   the target") && !page.contains("FAIL"), "{page}");
}

#[test]
fn without_a_block_only_a_slow_machine_makes_it_invalid() {
    for (_, judgement, away) in [starve(&Lean::new, None), starve(&Tungstenite::new, None)] {
        // A burst is late only if the worker was away when it was due, and a millisecond counts at
        // least. Half of it is enough here, as the worker reads the clock before the engine does.
        assert!(judgement.reasons.is_empty() || away > 500_000, "away for {away} ns at most: {judgement:?}");
    }
}
