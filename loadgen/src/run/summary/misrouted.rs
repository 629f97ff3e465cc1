//! Finds the missing messages that came on another connection. Owners are known run-wide, so a
//! message may have gone from one group to another.

use std::collections::{BTreeMap, HashSet};

use reports::model::EvidenceKind;

use super::group_sums::GroupSums;
use crate::worker::{MissingMessage, recorder::Misroute};

/// A missing message, and the group of its client.
#[derive(Clone, Copy, Debug)]
pub(super) struct MissingOfGroup {
    pub(super) group: usize,
    pub(super) message: MissingMessage,
}

impl MissingOfGroup {
    fn name(&self) -> (u32, u64) {
        (self.message.client, self.message.sequence)
    }

    /// The message counts as damaged or misrouted, instead of lost or undetermined.
    fn came(&self, groups: &mut [GroupSums], damaged: bool) {
        let counts = groups[self.group].counts(self.message.measured);
        *if self.message.died { &mut counts.undetermined } else { &mut counts.lost } -= 1;
        *if damaged { &mut counts.damaged } else { &mut counts.misrouted } += 1;
    }
}

/// Counts missing messages that came on another connection as misrouted, instead of lost or
/// undetermined.
pub(super) fn resolve(groups: &mut [GroupSums], missing: &[MissingOfGroup], misrouted: &[Misroute]) {
    if misrouted.is_empty() {
        return;
    }
    let mut missing: BTreeMap<_, _> = missing.iter().map(|missing| (missing.name(), missing)).collect();
    let (mut resolved, mut guessed) = (HashSet::new(), Vec::new());
    for name in misrouted.iter().map(|misroute| (misroute.owner, misroute.sequence)) {
        match missing.get(&name) {
            None => {}
            Some(other) if other.message.guessed => guessed.push(name),
            Some(other) => {
                other.came(groups, false);
                missing.remove(&name);
                resolved.insert(name);
            }
        }
    }
    // This message did not come truncated, so another of the same client did: one that counts as
    // missing.
    for name in guessed {
        let (client, _) = name;
        let mut others = missing.range((client, 0)..=(client, u64::MAX)).filter(|(_, other)| !other.message.guessed);
        let Some((&of, &other)) = others.next() else { continue };
        other.came(groups, true);
        missing.remove(&of);
        resolved.insert(of);
        if let Some(MissingOfGroup { group, message }) = missing.remove(&name) {
            let counts = groups[*group].counts(message.measured);
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
}
