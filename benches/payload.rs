//! Cost of making and checking a message.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use frames::PayloadSpace;
use loadgen::message::{Mix, Payload, Place, Template, Templates, Values, leading};

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

/// Beside generated messages of the same size.
fn templates(c: &mut Criterion) {
    let values = Arc::new(Values::new(0x3f9a_1c22, 1000, 0, None));
    let padding = "x".repeat(17);
    for (name, text) in [
        ("mark in 100 bytes", format!(r#"{{"kind":"say","text":"{{{{mark}}}}","pad":"{padding}"}}"#)),
        ("id", r#"{"id":{{id}},"text":"hello"}"#.to_owned()),
        ("uuid", "{{uuid}}".to_owned()),
    ] {
        let template: Template = text.parse().expect("a template");
        let templates = Templates::new(vec![values.bind(&template, Place::Message).expect("known names")]);
        let messages = templates.of(7);
        let mut bytes = vec![0; messages.kind_and_len(1_000_000).1];
        c.bench_function(&format!("template/encode {name}"), |b| {
            let mut sequence = 1_000_000;
            b.iter(|| {
                // As many digits in each.
                sequence = if sequence == 1_999_999 { 1_000_000 } else { sequence + 1 };
                let length = black_box(messages.kind_and_len(sequence)).1;
                bytes.resize(length, 0);
                messages.encode(sequence, PayloadSpace::new(Some(MASK), black_box(&mut bytes)));
            });
        });
    }
    let payload = Payload::new(0x3f9a_1c22, 100, Mix::Text);
    let (series, mut bytes) = (payload.of(7), vec![0; 100]);
    c.bench_function("template/encode generated, 100 bytes", |b| {
        let mut sequence = 0;
        b.iter(|| {
            sequence += 1;
            series.encode(sequence, PayloadSpace::new(Some(MASK), black_box(&mut bytes)));
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = messages, templates
}
criterion_main!(benches);
