//! What became of messages: the worst of their deliveries.

use std::{collections::BTreeMap, ops::Range};

use crate::ledger::Ranges;

/// Messages of one sender that did not come whole to each receiver that must hear them. Lost is
/// worse than damaged, damaged is worse than undetermined, and that is worse by death than by plan.
/// A message may be in several sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderFates {
    /// The client that sent them.
    pub sender: u32,
    /// The number of the first message that was due in the measured phase.
    pub measured_from: u32,
    /// Messages that are lost at a receiver.
    pub lost: Ranges,
    /// Messages that came damaged to a receiver.
    pub damaged: Ranges,
    /// Messages of which nobody knows whether they would have come to a receiver.
    pub undetermined: Ranges,
    /// Messages of which nobody knows it because of what the plan ended.
    pub undetermined_by_plan: Ranges,
}

/// How many messages have a fate. All others came whole to each receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FateCounts {
    /// Lost at a receiver.
    pub lost: u64,
    /// Not lost, but damaged at a receiver.
    pub damaged: u64,
    /// Neither lost nor damaged, but undetermined at a receiver.
    pub undetermined: u64,
    /// None of these, but undetermined by plan at a receiver.
    pub undetermined_by_plan: u64,
}

impl FateCounts {
    /// Messages with any of these fates.
    pub fn all(&self) -> u64 {
        self.lost + self.damaged + self.undetermined + self.undetermined_by_plan
    }
}

impl SenderFates {
    /// Adds what another worker knows of the messages of this sender.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in [
            (&mut self.lost, &other.lost),
            (&mut self.damaged, &other.damaged),
            (&mut self.undetermined, &other.undetermined),
            (&mut self.undetermined_by_plan, &other.undetermined_by_plan),
        ] {
            other.iter().for_each(|range| own.insert_all(range));
        }
    }

    /// Messages of the warm-up with each fate, where that is their worst.
    pub fn warmup(&self) -> FateCounts {
        self.counts(0..self.measured_from)
    }

    /// Messages of the measured phase with each fate, where that is their worst.
    pub fn measured(&self) -> FateCounts {
        self.counts(self.measured_from..u32::MAX)
    }

    fn counts(&self, within: Range<u32>) -> FateCounts {
        let Self { lost, damaged, undetermined, undetermined_by_plan, .. } = self;
        // Each without what is worse.
        let only = |ranges: &Ranges, worse: &[&Ranges]| {
            let mut left: Vec<Range<u32>> = parts(ranges, &within).collect();
            for worse in worse {
                left = left.into_iter().flat_map(|range| worse.gaps(range)).collect();
            }
            left.into_iter().map(numbers).sum()
        };
        FateCounts {
            lost: only(lost, &[]),
            damaged: only(damaged, &[lost]),
            undetermined: only(undetermined, &[lost, damaged]),
            undetermined_by_plan: only(undetermined_by_plan, &[lost, damaged, undetermined]),
        }
    }
}

/// What each sender's messages became, over all workers, in the order of the senders.
pub fn merge_fates(workers: impl IntoIterator<Item = SenderFates>) -> Vec<SenderFates> {
    let mut merged: BTreeMap<u32, SenderFates> = BTreeMap::new();
    for fates in workers {
        let of_sender = merged.entry(fates.sender).or_insert_with(|| SenderFates {
            sender: fates.sender,
            measured_from: fates.measured_from,
            ..SenderFates::default()
        });
        of_sender.merge(&fates);
    }
    merged.into_values().collect()
}

/// The parts of `ranges` that lie `within`.
fn parts(ranges: &Ranges, within: &Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let parts = ranges.iter().map(|range| range.start.max(within.start)..range.end.min(within.end));
    parts.filter(|range| !range.is_empty())
}

fn numbers(range: Range<u32>) -> u64 {
    u64::from(range.end - range.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(range: Range<u32>) -> Ranges {
        let mut ranges = Ranges::default();
        ranges.insert_all(range);
        ranges
    }

    #[test]
    fn a_message_has_the_worst_fate_of_its_deliveries() {
        let fates = |lost, damaged, undetermined, undetermined_by_plan| SenderFates {
            sender: 7,
            measured_from: 10,
            lost: numbers(lost),
            damaged: numbers(damaged),
            undetermined: numbers(undetermined),
            undetermined_by_plan: numbers(undetermined_by_plan),
        };
        let merged = merge_fates([fates(5..15, 12..17, 0..0, 16..20), fates(0..0, 20..21, 14..19, 20..22)]);
        // Lost 5 to 14, damaged also 15, 16 and 20, undetermined also 17 and 18, by plan 19 and 21.
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].warmup(), FateCounts { lost: 5, ..FateCounts::default() });
        let measured = FateCounts { lost: 5, damaged: 3, undetermined: 2, undetermined_by_plan: 2 };
        assert_eq!(merged[0].measured(), measured);
    }
}
