//! Numbers of shards in a few words.

use crate::human::count;

/// Most runs of numbers that are shown.
const SHOWN: usize = 10;

/// Rising numbers: `shard 3`, `shards 1, 3 to 5`. `None` without any.
pub(super) fn named(numbers: impl Iterator<Item = u32>) -> Option<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    text(&runs)
}

/// Numbers from 1 to `of` that are not among these, which rise. `None` if all are there.
pub(super) fn missing(numbers: impl Iterator<Item = u32>, of: u32) -> Option<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut before = 0_u32;
    for number in numbers.filter(|number| *number <= of) {
        if number.saturating_sub(before) > 1 {
            runs.push((before + 1, number - 1));
        }
        before = before.max(number);
    }
    if before < of {
        runs.push((before + 1, of));
    }
    text(&runs)
}

/// Runs of numbers, the first few of them. A file may name any, so they are never counted one by
/// one.
fn text(runs: &[(u32, u32)]) -> Option<String> {
    let noun = match runs {
        [] => return None,
        [(first, last)] if first == last => "shard",
        _ => "shards",
    };
    let run = |&(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    let shown: Vec<String> = runs.iter().take(SHOWN).map(run).collect();
    let more = runs.iter().skip(SHOWN).map(|(first, last)| u64::from(last - first) + 1).fold(0, u64::saturating_add);
    let more = if more == 0 { String::new() } else { format!(" and {} more", count(more)) };
    Some(format!("{noun} {}{more}", shown.join(", ")))
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
        let apart: Vec<u32> = (1..=12).map(|n| 2 * n).collect();
        assert_eq!(of(&apart).as_deref(), Some("shards 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 and 2 more"));
    }

    #[test]
    fn what_is_missing_is_told_whatever_a_file_says() {
        let of = |numbers: &[u32], of| missing(numbers.iter().copied(), of);
        assert_eq!(of(&[1, 2, 3], 3), None);
        assert_eq!(of(&[2], 3).as_deref(), Some("shards 1, 3"));
        assert_eq!(of(&[1, 5], 5).as_deref(), Some("shards 2 to 4"));
        assert_eq!(of(&[], 1).as_deref(), Some("shard 1"));
        assert_eq!(of(&[1, 1, 0, 9], 3).as_deref(), Some("shards 2, 3"), "others are no shards of it");
        assert_eq!(of(&[7], u32::MAX).as_deref(), Some("shards 1 to 6, 8 to 4294967295"));
    }
}
