//! Counts the messages of a connection that were overtaken.
//!
//! Reordering is counted as `n - longest increasing run`: the least number of messages to remove so
//! that the rest is in order. Counting inversions would blame one late message once for each that
//! overtook it.
//!
//! The algorithm is from Fredman, "On computing the length of longest increasing subsequences",
//! Discrete Mathematics 11 (1975). For each length, keep the smallest last element of an increasing
//! run of that length. These *tails* increase. An arrival either extends them or replaces the first
//! greater one. Tails are kept as ranges and forgotten once nothing lower can arrive, so only gaps
//! take memory. The ledger passes ordinals (`skipped.rs`), so what was dropped is no gap.

/// A range of consecutive tails, both ends included.
#[derive(Clone, Copy, Debug)]
struct SequenceRange {
    first: u64,
    last: u64,
}

/// The arrivals of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArrivalOrder {
    /// The highest range of tails.
    top: Option<SequenceRange>,
    /// The ranges below it, ascending. Empty while messages come in order.
    below: Vec<SequenceRange>,
}

impl ArrivalOrder {
    /// Records the arrival of `sequence`; each arrives once. `low` is the lowest that may still
    /// arrive. True if the arrival adds one to `n - longest increasing run`.
    pub(crate) fn arrive(&mut self, sequence: u64, low: u64) -> bool {
        let overtaken = !self.extend(sequence, sequence);
        if overtaken {
            self.replace(sequence);
        }
        self.settle(low);
        overtaken
    }

    /// Records that all from `first` to `last` arrived in order, if none of them is overtaken.
    /// Returns false and does nothing if `first` is.
    #[inline]
    pub(crate) fn arrive_in_order(&mut self, first: u64, last: u64, low: u64) -> bool {
        let extended = self.extend(first, last);
        self.settle(low);
        extended
    }

    /// Appends consecutive tails. Returns false and does nothing if they are not greater than all
    /// others.
    #[inline]
    fn extend(&mut self, first: u64, last: u64) -> bool {
        match &mut self.top {
            Some(top) if first == top.last + 1 => top.last = last,
            Some(top) if first > top.last => {
                let full = std::mem::replace(top, SequenceRange { first, last });
                self.below.push(full);
            }
            Some(_) => return false,
            None => self.top = Some(SequenceRange { first, last }),
        }
        true
    }

    /// Forgets tails below everything that can still arrive, since they are never replaced.
    #[inline]
    fn settle(&mut self, low: u64) {
        if !self.below.is_empty() {
            let settled = self.below.partition_point(|range| range.last < low);
            self.below.drain(..settled);
        }
    }

    /// Replaces the first tail greater than `sequence` by it.
    fn replace(&mut self, sequence: u64) {
        let at = self.below.partition_point(|range| range.last < sequence);
        self.below.extend(self.top.take());
        // The replaced tail is the first of its range: `sequence` is new, so it lies in a gap.
        let range = &mut self.below[at];
        if range.first == range.last {
            *range = SequenceRange { first: sequence, last: sequence };
        } else {
            range.first += 1;
            self.below.insert(at, SequenceRange { first: sequence, last: sequence });
        }
        if at > 0 && self.below[at - 1].last + 1 == sequence {
            self.below[at - 1].last = sequence;
            self.below.remove(at);
        }
        self.top = self.below.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Overtaken messages of `arrivals`, each in `0..sent`.
    fn overtaken(arrivals: &[u64], sent: u64) -> usize {
        let mut pending: BTreeSet<u64> = (0..sent).collect();
        let mut order = ArrivalOrder::default();
        arrivals
            .iter()
            .filter(|&&sequence| {
                pending.remove(&sequence);
                order.arrive(sequence, pending.first().copied().unwrap_or(sent))
            })
            .count()
    }

    /// Overtaken messages by the definition, in quadratic time.
    fn brute(arrivals: &[u64]) -> usize {
        let mut best = vec![1; arrivals.len()];
        for i in 0..arrivals.len() {
            for j in 0..i {
                if arrivals[j] < arrivals[i] {
                    best[i] = best[i].max(best[j] + 1);
                }
            }
        }
        arrivals.len() - best.iter().max().copied().unwrap_or(0)
    }

    #[test]
    fn one_late_message_counts_once() {
        assert_eq!(overtaken(&[1, 2, 3, 4, 0], 5), 1);
        assert_eq!(overtaken(&[4, 0, 1, 2, 3], 5), 1, "one early message counts once, too");
        assert_eq!(overtaken(&[0, 1, 2, 3, 4], 5), 0);
        assert_eq!(overtaken(&[4, 3, 2, 1, 0], 5), 4);
        assert_eq!(overtaken(&[0, 2, 3], 4), 0, "a lost message is not reordering");
    }

    #[test]
    fn memory_is_taken_by_gaps_only() {
        let mut order = ArrivalOrder::default();
        for sequence in 0..1_000_000 {
            order.arrive(sequence, sequence + 1);
        }
        assert!(order.below.is_empty());
        for sequence in (1_000_001..1_500_000).chain(1_500_001..2_000_000) {
            order.arrive(sequence, 1_000_000);
        }
        assert_eq!(order.below.len(), 1, "what is below the first gap is settled, one range is between the two");
    }

    #[test]
    fn what_fills_a_gap_takes_no_memory() {
        // Message 0 may still come, so nothing is settled.
        let mut order = ArrivalOrder::default();
        let overtaken: Vec<u64> = [1, 2, 4, 3, 5].into_iter().filter(|&sequence| order.arrive(sequence, 0)).collect();
        assert_eq!((overtaken, order.below.len()), (vec![3], 1), "1 to 3 and 5: 4 has given its place");
        assert!(!order.arrive(6, 0));
        assert_eq!(order.below.len(), 1);
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            shuffled in Just((0..60_u64).collect::<Vec<_>>()).prop_shuffle(), kept in 0..60_usize,
        ) {
            prop_assert_eq!(overtaken(&shuffled[..kept], 60), brute(&shuffled[..kept]));
        }

        #[test]
        fn equals_the_definition_for_small_displacements(moves in prop::collection::vec((0..200_usize, 0..6_usize), 0..40)) {
            let mut arrivals: Vec<u64> = (0..200).collect();
            for (at, by) in moves {
                let to = (at + by).min(199);
                let moved = arrivals.remove(at);
                arrivals.insert(to, moved);
            }
            prop_assert_eq!(overtaken(&arrivals, 200), brute(&arrivals));
        }
    }
}
