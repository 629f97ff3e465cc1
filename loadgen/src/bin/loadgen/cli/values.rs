//! Values of options that are no keys of a plan, written as those are.

use std::{num::NonZeroU64, time::Duration};

use loadgen::plan::keys::{Number, PositiveTime, Time};

/// A whole number such as `10000`, `10k` or `1m`.
pub(super) fn parse_number<N>(text: &str) -> Result<N, String>
where
    N: TryFrom<NonZeroU64>,
{
    text.parse().map(|Number(number)| number)
}

/// A time such as `500ms` or `10s`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    text.parse().map(|Time(time)| time)
}

/// A time over 0.
pub(super) fn parse_positive_duration(text: &str) -> Result<Duration, String> {
    text.parse().map(|PositiveTime(time)| time)
}
