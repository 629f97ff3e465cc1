//! Sums of counts that may come from files, where each may be the largest number.

/// Adds to a count, which stays at [`u64::MAX`].
pub(super) fn add(sum: &mut u64, part: u64) {
    *sum = sum.saturating_add(part);
}
