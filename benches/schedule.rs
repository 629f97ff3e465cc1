//! Cost of finding the next due time.

use std::{hint::black_box, num::NonZeroU32, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgen::{
    plan::{Arrivals, Partition, Rate, RatePlan, Spacing, Stage},
    schedule::{Agenda, Schedule},
};

/// The agenda of 1000 clients with 10 bursts of 5 a second each.
fn agenda(arrivals: &Arrivals) -> Agenda {
    let [clients, burst] = [1000, 5].map(|n| NonZeroU32::new(n).expect("not zero"));
    let schedule = Schedule::of(clients, arrivals, burst, 0, 7);
    let share = Partition::new([clients], NonZeroU32::MIN).share(0, 0);
    Agenda::new(schedule, &share.into(), u64::MAX, None)
}

fn next_burst(c: &mut Criterion) {
    let rate = Rate::new(50.0).expect("a rate");
    let day = Stage { from: None, to: Some(rate), length: Duration::from_secs(86_400) };
    let constant = RatePlan::Constant(rate);
    let mut group = c.benchmark_group("schedule");
    group.throughput(Throughput::Elements(1));
    for (name, rate, spacing) in [
        ("next burst of 1000 clients", constant.clone(), Spacing::Even),
        ("in a stage of a day", RatePlan::Stages([day].into()), Spacing::Even),
        ("with random gaps", constant, Spacing::Poisson),
    ] {
        let mut agenda = agenda(&Arrivals { rate, spacing });
        group.bench_function(name, |b| {
            b.iter(|| {
                agenda.advance();
                black_box(agenda.peek())
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = next_burst
}
criterion_main!(benches);
