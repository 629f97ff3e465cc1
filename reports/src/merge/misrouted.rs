//! Finds the missing messages that came on another connection. Owners are known run-wide, so a
//! message may have gone from one group, worker or shard to another.

use std::collections::{BTreeMap, HashSet};

use crate::model::{
    Counts, Evidence, EvidenceKind, Measurement, MisroutedRecord, MissingFate, MissingRecord, Unresolved,
};

/// Messages of each kind that are held until all are known. Bounds memory at 48 MiB. Of more, those
/// of the lowest clients and sequences are held.
const HELD: usize = 1 << 20;

/// What was missing somewhere, and what came where it did not belong.
#[derive(Debug, Default)]
pub struct Strays {
    missing: Vec<MissingOfGroup>,
    misrouted: Vec<MisroutedRecord>,
    /// How many more there were of each.
    missing_not_held: u64,
    misrouted_not_held: u64,
}

/// What became of the messages that were missing.
#[derive(Debug, Default)]
pub struct ResolvedStrays {
    /// What the results of other processes may resolve.
    pub unresolved: Unresolved,
    /// Messages by client and sequence that were not lost.
    came: HashSet<(u32, u64)>,
}

/// A missing message, and the group of its client.
#[derive(Clone, Copy, Debug)]
struct MissingOfGroup {
    group: usize,
    message: MissingRecord,
}

impl MissingOfGroup {
    fn name(&self) -> (u32, u64) {
        (self.message.client, self.message.sequence)
    }

    fn is_guessed(&self) -> bool {
        self.message.fate == MissingFate::Damaged
    }

    /// Counts the message as damaged or misrouted, instead of with the fate that it had. False if
    /// no message is counted with that fate, which a changed file may say.
    fn came(&self, groups: &mut [&mut Measurement], damaged: bool) -> bool {
        let Some(group) = groups.get_mut(self.group) else { return false };
        let counts = counts(group, self.message.measured);
        let counted = match self.message.fate {
            MissingFate::Lost => &mut counts.lost,
            MissingFate::Undetermined => &mut counts.undetermined,
            MissingFate::UndeterminedByPlan => &mut counts.undetermined_by_plan,
            MissingFate::Damaged => &mut counts.damaged,
        };
        let Some(rest) = counted.checked_sub(1) else { return false };
        *counted = rest;
        let came = if damaged { &mut counts.damaged } else { &mut counts.misrouted };
        *came = came.saturating_add(1);
        true
    }
}

/// The counts of the phase that a message was due in.
fn counts(measurement: &mut Measurement, measured: bool) -> &mut Counts {
    if measured { &mut measurement.measured.counts } else { &mut measurement.warmup.counts }
}

impl Strays {
    /// Adds messages that did not come back to a group, and the number of those that are not
    /// listed.
    pub fn add_missing(&mut self, group: usize, messages: impl IntoIterator<Item = MissingRecord>, not_listed: u64) {
        self.missing.extend(messages.into_iter().map(|message| MissingOfGroup { group, message }));
        let cut = hold_first(&mut self.missing, HELD, MissingOfGroup::name);
        self.missing_not_held = self.missing_not_held.saturating_add(not_listed).saturating_add(cut);
    }

    /// Adds messages that came on another connection, and the number of those that are not listed.
    pub fn add_misrouted(&mut self, messages: impl IntoIterator<Item = MisroutedRecord>, not_listed: u64) {
        self.misrouted.extend(messages);
        let cut = hold_first(&mut self.misrouted, HELD, |message| *message);
        self.misrouted_not_held = self.misrouted_not_held.saturating_add(not_listed).saturating_add(cut);
    }

    /// Counts missing messages that came on another connection as misrouted, instead of lost or
    /// undetermined. Guesses are corrected only once the whole run is known: if a message that came
    /// truncated was another, it is one that no other part of the run has seen.
    pub fn resolve(self, groups: &mut [&mut Measurement], is_whole: bool) -> ResolvedStrays {
        let Self { mut missing, mut misrouted, missing_not_held, misrouted_not_held } = self;
        missing.sort_unstable_by_key(MissingOfGroup::name);
        // Which guess is corrected must not depend on who saw what first.
        misrouted.sort_unstable();
        let mut resolution = Resolution { groups, is_whole, came: HashSet::new() };
        let (mut missing, mut misrouted) =
            if misrouted.is_empty() { (missing, misrouted) } else { resolution.resolve(missing, misrouted) };
        misrouted.sort_unstable();
        let missing_cut = cut(&mut missing, Unresolved::KEPT);
        let misrouted_cut = cut(&mut misrouted, Unresolved::KEPT);
        let unresolved = Unresolved {
            missing: missing.into_iter().map(|missing| missing.message).collect(),
            missing_not_kept: missing_not_held.saturating_add(missing_cut),
            misrouted,
            misrouted_not_kept: misrouted_not_held.saturating_add(misrouted_cut),
            ..Unresolved::default()
        };
        ResolvedStrays { unresolved, came: resolution.came }
    }
}

/// Keeps the first of a list. Returns how many it drops.
fn cut<T>(list: &mut Vec<T>, keep: usize) -> u64 {
    let more = list.len().saturating_sub(keep);
    list.truncate(keep);
    more as u64
}

/// Drops the last of a list that has become too long. It waits until there are twice as many, so
/// that it does little work. Returns how many it drops.
fn hold_first<T, K: Ord>(list: &mut Vec<T>, held: usize, key: impl Fn(&T) -> K) -> u64 {
    if list.len() < 2 * held {
        return 0;
    }
    list.select_nth_unstable_by_key(held, key);
    cut(list, held)
}

impl ResolvedStrays {
    /// Whether evidence is of a message that was not lost after all.
    pub fn refutes(&self, evidence: &Evidence) -> bool {
        let came = evidence.sequence.is_some_and(|sequence| self.came.contains(&(evidence.client, sequence)));
        came && matches!(evidence.kind, EvidenceKind::Lost | EvidenceKind::Undetermined)
    }
}

/// Changes counts for messages that came elsewhere.
struct Resolution<'a, 'b> {
    groups: &'a mut [&'b mut Measurement],
    is_whole: bool,
    came: HashSet<(u32, u64)>,
}

impl Resolution<'_, '_> {
    /// Finds `misrouted` messages in `missing`. Returns what is left of both.
    fn resolve(
        &mut self,
        missing: Vec<MissingOfGroup>,
        misrouted: Vec<MisroutedRecord>,
    ) -> (Vec<MissingOfGroup>, Vec<MisroutedRecord>) {
        let mut missing: BTreeMap<_, _> = missing.into_iter().map(|missing| (missing.name(), missing)).collect();
        let (mut guessed, mut left) = (Vec::new(), Vec::new());
        for misroute in misrouted {
            let name = (misroute.client, misroute.sequence);
            match missing.get(&name) {
                Some(other) if other.is_guessed() => guessed.push(misroute),
                Some(other) if other.came(self.groups, false) => {
                    missing.remove(&name);
                    self.came.insert(name);
                }
                _ => left.push(misroute),
            }
        }
        for misroute in guessed {
            if !self.is_whole || !self.correct_guess(&mut missing, misroute) {
                left.push(misroute);
            }
        }
        (missing.into_values().collect(), left)
    }

    /// This message did not come truncated, so another of the same client did: one that counts as
    /// missing. False if there is none.
    fn correct_guess(&mut self, missing: &mut BTreeMap<(u32, u64), MissingOfGroup>, misroute: MisroutedRecord) -> bool {
        let (client, name) = (misroute.client, (misroute.client, misroute.sequence));
        let Some(guess) = missing.get(&name).copied() else { return false };
        let mut others = missing.range((client, 0)..=(client, u64::MAX)).filter(|(_, other)| !other.is_guessed());
        let Some((&of, &other)) = others.next() else { return false };
        if !guess.came(self.groups, false) {
            return false;
        }
        // Its group counts it, if the file is whole.
        other.came(self.groups, true);
        missing.remove(&of);
        missing.remove(&name);
        self.came.insert(of);
        true
    }
}
