//! Cost of booking a message: sent, received, matched.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use loadgen::{
    clock::Time,
    ledger::{Expectation, Fate, Finding, Ledger, LedgerSink, MessageEvent, SendTimes, Subject},
    message::{Mix, Payload},
    plan::Expect,
};

/// Counts, so that what is measured is the ledger.
#[derive(Default)]
struct MatchCounter {
    matched: u64,
    others: u64,
}

impl LedgerSink for MatchCounter {
    fn matched(&mut self, _: u64, messages: u32, _: SendTimes, _: bool) {
        self.matched += u64::from(messages);
    }
    fn finding(&mut self, _: Finding, _: Subject, _: &[u8]) {
        self.others += 1;
    }
    fn fate(&mut self, _: Fate, _: u64, _: SendTimes) {}
}

fn in_flight(c: &mut Criterion) {
    const TIMES: SendTimes = SendTimes { due: Time::from_nanos(1), written: Time::from_nanos(2) };
    let terms = Expectation::new(Payload::new(1, 64, Mix::Mixed), &Expect::Echo, 1);
    let mut group = c.benchmark_group("ledger");
    for window in [1_u64, 16, 1000] {
        group.throughput(Throughput::Elements(window));
        for (name, reversed) in [("in order", false), ("reversed", true)] {
            group.bench_function(BenchmarkId::new(name, window), |b| {
                let (mut ledger, mut count) = (Ledger::new(0), MatchCounter::default());
                let mut bytes = [0; 64];
                b.iter(|| {
                    let first = ledger.next_sequence();
                    (0..window).for_each(|_| ledger.sent(TIMES));
                    for offset in 0..window {
                        let sequence = first + if reversed { window - 1 - offset } else { offset };
                        terms.payload().encode(0, sequence, &mut bytes);
                        let event = MessageEvent { kind: terms.payload().kind(sequence), bytes: &bytes };
                        ledger.received(&terms, event, &mut count);
                    }
                });
                assert_eq!((ledger.in_flight(), count.others), (0, 0));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = in_flight
}
criterion_main!(benches);
