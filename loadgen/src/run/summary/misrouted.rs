//! Finds the missing messages that came on another connection. Owners are known run-wide, so a
//! message may have gone from one group to another.

use std::collections::{BTreeMap, HashSet};

use reports::model::{EvidenceKind, Measurement, MisroutedRecord, MissingFate, MissingRecord, Unresolved};

use super::measurement::counts;
use crate::{
    ledger::CloseCause,
    worker::{GroupOutcome, MissingMessage, recorder::Misroute},
};

/// What was missing somewhere, and what came where it did not belong.
#[derive(Debug, Default)]
pub(super) struct Strays {
    missing: Vec<MissingOfGroup>,
    misrouted: Vec<Misroute>,
    /// How many more there were of each.
    missing_cut: u64,
    misrouted_cut: u64,
}

/// A missing message, and the group of its client.
#[derive(Clone, Copy, Debug)]
struct MissingOfGroup {
    group: usize,
    message: MissingMessage,
}

impl MissingOfGroup {
    fn name(&self) -> (u32, u64) {
        (self.message.client, self.message.sequence)
    }

    /// The message counts as damaged or misrouted, instead of lost or undetermined.
    fn came(&self, groups: &mut [Measurement], damaged: bool) {
        let counts = counts(&mut groups[self.group], self.message.measured);
        *match self.message.cause {
            CloseCause::Drained => &mut counts.lost,
            CloseCause::Died => &mut counts.undetermined,
            CloseCause::ByPlan => &mut counts.undetermined_by_plan,
        } -= 1;
        *if damaged { &mut counts.damaged } else { &mut counts.misrouted } += 1;
    }

    fn record(&self) -> MissingRecord {
        let MissingMessage { client, sequence, measured, cause, guessed } = self.message;
        let fate = match cause {
            _ if guessed => MissingFate::Damaged,
            CloseCause::Drained => MissingFate::Lost,
            CloseCause::Died => MissingFate::Undetermined,
            CloseCause::ByPlan => MissingFate::UndeterminedByPlan,
        };
        MissingRecord { client, sequence, fate, measured }
    }
}

impl Strays {
    /// Takes those of a group out of the outcome of a worker.
    pub(super) fn take(&mut self, group: usize, outcome: &mut GroupOutcome) {
        let kept = std::mem::take(&mut outcome.missing.kept).into_iter();
        self.missing.extend(kept.map(|message| MissingOfGroup { group, message }));
        self.missing_cut += outcome.missing.cut;
        self.misrouted.append(&mut outcome.recorder.misrouted.kept);
        self.misrouted_cut += outcome.recorder.misrouted.cut;
    }

    /// Counts missing messages that came on another connection as misrouted, instead of lost or
    /// undetermined. Returns what the results of other processes may resolve.
    pub(super) fn resolve(self, groups: &mut [Measurement]) -> Unresolved {
        let Self { mut missing, misrouted, missing_cut, misrouted_cut } = self;
        missing.sort_unstable_by_key(MissingOfGroup::name);
        let (missing, misrouted) =
            if misrouted.is_empty() { (missing, misrouted) } else { resolve(groups, missing, misrouted) };
        let mut unresolved = Unresolved {
            missing: missing.iter().take(Unresolved::KEPT).map(MissingOfGroup::record).collect(),
            missing_not_kept: missing_cut + missing.len().saturating_sub(Unresolved::KEPT) as u64,
            misrouted: misrouted
                .iter()
                .map(|misroute| MisroutedRecord { client: misroute.owner, sequence: misroute.sequence })
                .collect(),
            misrouted_not_kept: misrouted_cut + misrouted.len().saturating_sub(Unresolved::KEPT) as u64,
            rooms: None,
        };
        unresolved.misrouted.sort_unstable();
        unresolved.misrouted.truncate(Unresolved::KEPT);
        unresolved
    }
}

/// Finds `misrouted` messages in `missing`. Returns what is left of both.
fn resolve(
    groups: &mut [Measurement],
    missing: Vec<MissingOfGroup>,
    misrouted: Vec<Misroute>,
) -> (Vec<MissingOfGroup>, Vec<Misroute>) {
    let mut missing: BTreeMap<_, _> = missing.into_iter().map(|missing| (missing.name(), missing)).collect();
    let (mut resolved, mut guessed, mut left) = (HashSet::new(), Vec::new(), Vec::new());
    for misroute in misrouted {
        let name = (misroute.owner, misroute.sequence);
        match missing.get(&name) {
            None => left.push(misroute),
            Some(other) if other.message.guessed => guessed.push(misroute),
            Some(other) => {
                other.came(groups, false);
                missing.remove(&name);
                resolved.insert(name);
            }
        }
    }
    // This message did not come truncated, so another of the same client did: one that counts as
    // missing.
    for misroute in guessed {
        let (client, name) = (misroute.owner, (misroute.owner, misroute.sequence));
        let mut others = missing.range((client, 0)..=(client, u64::MAX)).filter(|(_, other)| !other.message.guessed);
        let other = others.next().map(|(&of, &other)| (of, other)).filter(|_| missing.contains_key(&name));
        let Some((of, other)) = other else {
            left.push(misroute);
            continue;
        };
        other.came(groups, true);
        missing.remove(&of);
        resolved.insert(of);
        if let Some(MissingOfGroup { group, message }) = missing.remove(&name) {
            let counts = counts(&mut groups[group], message.measured);
            counts.damaged -= 1;
            counts.misrouted += 1;
        }
    }
    for group in groups {
        group.evidence.retain(|evidence| {
            let came = evidence.sequence.is_some_and(|sequence| resolved.contains(&(evidence.client, sequence)));
            !(came && matches!(evidence.kind, EvidenceKind::Lost | EvidenceKind::Undetermined))
        });
    }
    (missing.into_values().collect(), left)
}
