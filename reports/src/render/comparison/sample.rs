//! Comparisons for tests, made of runs with chosen numbers.

use super::PairedComparison;
use crate::{
    compare::{CompareOptions, Comparison, Measured, compare},
    gate::{Confidence, Gate},
    judge,
    model::{Latency, Report, sample},
    paired::{Observation, PairedTest},
};

/// A run with these response times in nanoseconds: 99 % at `p50`, the rest at `p99`.
pub(crate) fn run(p50: u64, p99: u64) -> Report {
    let mut report = sample::pass();
    report.total.latency.response = Latency::histogram();
    report.total.latency.response.record_n(p50, 494_000).unwrap();
    report.total.latency.response.record_n(p99, 6_000).unwrap();
    report
}

pub(crate) fn several(p50: u64, p99: u64) -> Vec<Report> {
    (0..5).map(|k| run(p50 + k * p50 / 200, p99 + (k * 7 % 5) * p99 / 50)).collect()
}

/// A comparison in which p99 regressed and p50 passes.
pub(crate) fn regression() -> Comparison {
    compare(&several(80_000, 400_000), &several(79_000, 700_000), &CompareOptions::default())
}

/// A comparison in which every text is `text`.
pub(crate) fn foreign(text: &str) -> Comparison {
    let mut candidate = run(80_000, 400_000);
    text.clone_into(&mut candidate.target.url);
    text.clone_into(&mut candidate.environment.cpu);
    text.clone_into(&mut candidate.started_at);
    candidate.total.connections.died = 1;
    candidate.total.connections.errors = [(text.to_owned(), 1)].into();
    compare(&[run(80_000, 400_000)], &[candidate], &CompareOptions { force: true, ..CompareOptions::default() })
}

/// Pairs with these differences of p50 in percent. Those of p99 are three times as large, and the
/// throughput does not differ.
pub(crate) fn outcome(percents: &[f64], max_pairs: u32) -> PairedComparison {
    let observed = |share: f64| Observation {
        values: [80_000.0 * (1.0 + share), 400_000.0 * (1.0 + 3.0 * share), 50_000.0]
            .map(|value| Measured { value: Some(value), messages: 500_000 })
            .to_vec(),
        verdict: judge::Verdict::Pass,
        reasons: Vec::new(),
    };
    let pairs: Vec<_> = percents.iter().map(|percent| (observed(0.0), observed(percent / 100.0))).collect();
    let first = u32::try_from(percents.len()).unwrap();
    PairedTest::new(Gate::defaults(), Confidence::default(), first, max_pairs).unwrap().judge(&pairs, 0)
}

pub(crate) const STEADY: [f64; 10] = [11.0, 12.5, 11.7, 12.2, 13.0, 11.4, 12.8, 12.1, 11.9, 12.3];
pub(crate) const WILD: [f64; 10] = [-9.0, 12.0, 3.0, -4.0, 15.0, 1.0, -7.0, 8.0, 0.5, 6.0];
