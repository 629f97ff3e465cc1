//! Shards that have no result.

use std::{fmt, ops::RangeInclusive};

use crate::{
    model::ShardRecord,
    text::human::{count, ranges},
};

/// Shards of a run that have no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingShards {
    /// Their numbers, rising.
    numbers: Vec<RangeInclusive<u32>>,
    of: u32,
}

impl MissingShards {
    /// Those that are not among these shards, which are of one run. `None` if there are all.
    pub fn beside(shards: &[ShardRecord]) -> Option<Self> {
        Self::of_run(shards.iter().map(|shard| shard.number), shards.first()?.of)
    }

    /// Those of a run of so many shards that are not among these numbers, which rise.
    pub(super) fn of_run(present: impl IntoIterator<Item = u32>, of: u32) -> Option<Self> {
        let (mut numbers, mut next) = (Vec::new(), 1_u64);
        for number in present.into_iter().map(u64::from).chain([u64::from(of) + 1]) {
            // Both fit, as they are between numbers that do.
            let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
            if number > next {
                numbers.push(narrow(next)..=narrow(number - 1));
            }
            next = number + 1;
        }
        (!numbers.is_empty()).then_some(Self { numbers, of })
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.numbers.iter().map(|range| u64::from(range.end() - range.start()) + 1).sum()
    }

    /// Their numbers, rising.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.numbers.iter().cloned().flatten()
    }
}

impl fmt::Display for MissingShards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, of) = (count(self.count()), count(self.of.into()));
        write!(f, "{missing} of {of} shards missing: {}", ranges(&self.numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_by_ranges() {
        let missing = |present: &[u32], of| MissingShards::of_run(present.iter().copied(), of);
        assert_eq!(missing(&[1, 2, 3], 3), None);
        assert_eq!(missing(&[2], 4).unwrap().to_string(), "3 of 4 shards missing: 1, 3, 4");
        assert_eq!(missing(&[2], 7).unwrap().to_string(), "6 of 7 shards missing: 1, 3 to 7");
        let numbers: Vec<_> = missing(&[2, 3], 5).unwrap().numbers().collect();
        assert_eq!(numbers, [1, 4, 5]);
        let all = missing(&[7], u32::MAX).unwrap();
        assert_eq!(all.count(), u64::from(u32::MAX) - 1);
        let even: Vec<u32> = (2..=40).step_by(2).collect();
        let text = missing(&even, 40).unwrap().to_string();
        assert_eq!(text, "20 of 40 shards missing: 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 10 more");
    }
}
