//! Cost of finding the next due time.

use std::{hint::black_box, num::NonZeroU32, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgen::{
    plan::{Partition, Rate},
    schedule::{Agenda, Schedule},
};

fn agenda(c: &mut Criterion) {
    let clients = NonZeroU32::new(1000).expect("not zero");
    let burst = NonZeroU32::new(5).expect("not zero");
    let schedule = Schedule::new(clients, Rate::new(50.0).expect("a rate"), burst);
    let mut group = c.benchmark_group("schedule");
    group.throughput(Throughput::Elements(1));
    group.bench_function("next burst of 1000 clients", |b| {
        let share = Partition::new([clients], NonZeroU32::MIN).share(0, 0);
        let mut agenda = Agenda::new(schedule.clone(), &share.into(), u64::MAX, None);
        b.iter(|| {
            agenda.advance();
            black_box(agenda.peek())
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = agenda
}
criterion_main!(benches);
