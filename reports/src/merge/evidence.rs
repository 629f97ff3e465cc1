//! The first evidence of each kind, over all shards.

use std::collections::BTreeMap;

use crate::model::{Evidence, EvidenceKind};

/// Evidence of shards whose measured phases began at different times.
#[derive(Debug, Default)]
pub(super) struct FirstEvidence(Vec<Shifted>);

/// Evidence, and how many seconds the measured phase of its shard began after a common instant.
#[derive(Debug)]
struct Shifted {
    shift_s: i64,
    evidence: Evidence,
}

impl Shifted {
    /// Its time, counted from an instant `since_s` after the common one.
    fn at_s(&self, since_s: i64) -> f64 {
        self.shift_s.saturating_sub(since_s) as f64 + self.evidence.at_s
    }
}

impl FirstEvidence {
    /// Adds that of a shard, and keeps the first of each kind.
    pub(super) fn add(&mut self, shift_s: i64, evidence: Vec<Evidence>) {
        self.0.extend(evidence.into_iter().map(|evidence| Shifted { shift_s, evidence }));
        // Shifts may be large, and their differences are small.
        let base = self.0.iter().map(|shifted| shifted.shift_s).min().unwrap_or_default();
        self.0.sort_by(|a, b| {
            let (one, other) = (&a.evidence, &b.evidence);
            let by_time = a.at_s(base).total_cmp(&b.at_s(base));
            by_time.then(one.client.cmp(&other.client)).then(one.sequence.cmp(&other.sequence))
        });
        let mut kept: BTreeMap<EvidenceKind, usize> = BTreeMap::new();
        self.0.retain(|shifted| {
            let count = kept.entry(shifted.evidence.kind).or_default();
            *count += 1;
            *count <= Evidence::KEPT
        });
    }

    /// Keeps what is not refuted.
    pub(super) fn retain(&mut self, keep: impl Fn(&Evidence) -> bool) {
        self.0.retain(|shifted| keep(&shifted.evidence));
    }

    /// The evidence, with times from the measured phase of the shard that began first.
    pub(super) fn finish(self, first_shift_s: i64) -> Vec<Evidence> {
        let with_time = |shifted: Shifted| Evidence { at_s: shifted.at_s(first_shift_s), ..shifted.evidence };
        self.0.into_iter().map(with_time).collect()
    }
}
