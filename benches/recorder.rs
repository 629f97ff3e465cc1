//! Cost of recording a match.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use loadgen::{
    clock::Time,
    ledger::{Expectation, LedgerSink, SendTimes},
    message::{Mix, Payload},
    plan::Expect,
    recorder::{Recorder, Window},
};

fn matches(c: &mut Criterion) {
    const BATCH: u64 = 1024;
    let terms = Expectation::new(Payload::new(1, 64, Mix::Mixed), &Expect::Echo, 1);
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 1)).into();
    let mut group = c.benchmark_group("recorder");
    group.throughput(Throughput::Elements(BATCH));
    // Messages that were written together and come in one read have the same latency.
    for together in [1, 5, 16] {
        group.bench_function(BenchmarkId::new("match, alike in a row", together), |b| {
            let mut recorder = Recorder::new();
            recorder.begin(Window { from: Time::default(), to: Time::from_nanos(u64::MAX) });
            let mut now = 0;
            b.iter(|| {
                for first in (0..BATCH).step_by(usize::try_from(together).expect("a small number")) {
                    // Half a microsecond a message: a second ends every two million.
                    now += 500 * together;
                    let times = SendTimes { due: Time::from_nanos(0), written: Time::from_nanos(300) };
                    let at = Time::from_nanos(20_000 + now % 77_777);
                    let messages = u32::try_from(together).expect("a small number");
                    recorder.for_connection(&terms, 0, local, at).matched(first, messages, times, false);
                }
            });
            assert!(recorder.measured.counts.matched > 0);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = matches
}
criterion_main!(benches);
