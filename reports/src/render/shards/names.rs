//! Numbers of shards in a few words.

use std::ops::RangeInclusive;

use crate::human::ranges;

/// Rising numbers: `shard 3`, `shards 1, 3 to 5`. `None` without any.
pub(super) fn named(numbers: impl Iterator<Item = u32>) -> Option<String> {
    let mut runs: Vec<RangeInclusive<u32>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end().checked_add(1) == Some(number) => *run = *run.start()..=number,
            _ => runs.push(number..=number),
        }
    }
    let noun = match runs.as_slice() {
        [] => return None,
        [run] if run.start() == run.end() => "shard",
        _ => "shards",
    };
    Some(format!("{noun} {}", ranges(&runs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_one_range() {
        let of = |numbers: &[u32]| named(numbers.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3]).as_deref(), Some("shard 3"));
        assert_eq!(of(&[3, 4]).as_deref(), Some("shards 3, 4"));
        assert_eq!(of(&[1, 3, 4, 5, u32::MAX]).as_deref(), Some("shards 1, 3 to 5, 4294967295"));
        assert_eq!(of(&[5, 5, 2]).as_deref(), Some("shards 5, 5, 2"), "a file may have any");
    }
}
