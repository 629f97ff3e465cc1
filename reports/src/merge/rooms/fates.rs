//! Messages of a publisher by the worst fate of their deliveries.

use std::ops::Range;

use crate::model::MissingFate;

/// What is known of the messages of a publisher that did not come whole to everyone.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageFates {
    /// The publisher's room.
    pub(super) room: u32,
    /// By what its own shard counted.
    counted: Vec<KnownFate>,
    /// By what all shards know.
    known: Vec<KnownFate>,
}

#[derive(Clone, Debug)]
struct KnownFate {
    numbers: Range<u32>,
    measured: bool,
    fate: MissingFate,
}

/// How many messages have a fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FateCounts {
    pub(super) lost: u64,
    pub(super) damaged: u64,
    pub(super) undetermined: u64,
    pub(super) undetermined_by_plan: u64,
}

impl FateCounts {
    /// Messages with any of these fates.
    pub(super) fn all(self) -> u64 {
        self.lost + self.damaged + self.undetermined + self.undetermined_by_plan
    }
}

impl MessageFates {
    /// Adds messages with a fate.
    pub(super) fn add(&mut self, numbers: Range<u32>, measured: bool, fate: MissingFate) {
        self.known.push(KnownFate { numbers, measured, fate });
    }

    /// Adds messages that their own shard counted with this fate, or a worse one.
    pub(super) fn add_counted(&mut self, numbers: Range<u32>, measured: bool, fate: MissingFate) {
        self.counted.push(KnownFate { numbers, measured, fate });
    }

    /// How their own shard counted the messages of a phase.
    pub(super) fn counted(&self, measured: bool) -> FateCounts {
        worst(&self.counted, measured)
    }

    /// How they are to be counted.
    pub(super) fn known(&self, measured: bool) -> FateCounts {
        worst(&self.known, measured)
    }
}

/// Counts messages of a phase by their worst fate.
fn worst(all: &[KnownFate], measured: bool) -> FateCounts {
    // Where ranges begin and end, by rank of the fate.
    let mut steps: Vec<(u32, usize, bool)> = Vec::new();
    for KnownFate { numbers, fate, .. } in all.iter().filter(|known| known.measured == measured) {
        steps.extend([(numbers.start, rank(*fate), true), (numbers.end, rank(*fate), false)]);
    }
    steps.sort_unstable();
    let (mut counts, mut inside, mut from) = ([0_u64; 4], [0_u32; 4], 0);
    for (at, rank, begins) in steps {
        if let Some(worst) = inside.iter().position(|&ranges| ranges > 0) {
            counts[worst] += u64::from(at - from);
        }
        from = at;
        inside[rank] = if begins { inside[rank] + 1 } else { inside[rank].saturating_sub(1) };
    }
    let [lost, damaged, undetermined, undetermined_by_plan] = counts;
    FateCounts { lost, damaged, undetermined, undetermined_by_plan }
}

/// 0 is the worst.
fn rank(fate: MissingFate) -> usize {
    match fate {
        MissingFate::Lost => 0,
        MissingFate::Damaged => 1,
        MissingFate::Undetermined => 2,
        MissingFate::UndeterminedByPlan => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_counts_once_with_its_worst_fate() {
        let mut fates = MessageFates::default();
        fates.add(0..10, true, MissingFate::UndeterminedByPlan);
        fates.add(2..6, true, MissingFate::Undetermined);
        fates.add(4..5, true, MissingFate::Lost);
        fates.add(4..7, true, MissingFate::Damaged);
        fates.add(2..4, true, MissingFate::Undetermined);
        fates.add(0..3, false, MissingFate::Lost);
        let measured = FateCounts { lost: 1, damaged: 2, undetermined: 2, undetermined_by_plan: 5 };
        assert_eq!(fates.known(true), measured);
        assert_eq!(fates.known(false), FateCounts { lost: 3, ..FateCounts::default() });
        assert_eq!(fates.counted(true), FateCounts::default());
    }
}
