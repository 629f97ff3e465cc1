//! Cost of writing and reading a result.

use criterion::{Criterion, criterion_group, criterion_main};
use loadgen::plan::{Load, Rate, Target};

fn result(c: &mut Criterion) {
    let _ = (c, Load::Closed { window: std::num::NonZeroU32::MIN }, Rate::new(1.0), Target::Embedded { threads: std::num::NonZeroUsize::MIN });
}

criterion_group!(benches, result);
criterion_main!(benches);
