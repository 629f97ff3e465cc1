//! Cost of making and checking a message.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use frames::PayloadSpace;
use loadgen::message::{Mix, Payload, leading};

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn messages(c: &mut Criterion) {
    for mix in [Mix::Text, Mix::Binary] {
        for size in [64_u32, 1024, 65_536] {
            let payload = Payload::new(0x3f9a_1c22, size, mix);
            let series = payload.of(7);
            let mut bytes = vec![0; size as usize];
            let mut group = c.benchmark_group("payload");
            group.throughput(Throughput::Bytes(size.into()));
            group.bench_function(BenchmarkId::new(format!("encode {mix}"), size), |b| {
                let mut sequence = 0;
                b.iter(|| {
                    sequence += 1;
                    series.encode(sequence, PayloadSpace::new(Some(MASK), black_box(&mut bytes)));
                });
            });
            let (kind, checksum) = (series.kind(1), payload.encode(7, 1, &mut bytes));
            group.bench_function(BenchmarkId::new(format!("check {mix}"), size), |b| {
                b.iter(|| assert!(series.is(1, checksum, kind, black_box(&bytes))));
            });
            group.bench_function(BenchmarkId::new(format!("recognize {mix}"), size), |b| {
                b.iter(|| assert!(leading(black_box(&bytes)).is_some()));
            });
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = messages
}
criterion_main!(benches);
