//! The part of a run that one of several processes has, and when they begin.

use std::{
    fmt,
    num::NonZeroU32,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// A part of a run: one of several processes that share its clients.
///
/// Its text is `K/N`: the shard with number K of N. Numbers begin with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: NonZeroU32,
    of: NonZeroU32,
}

/// The error of a text or of numbers that are no [`Shard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected K/N, the number of this shard and how many there are, from 1/N to N/N")]
pub struct ShardError;

/// When the load of a run begins, at the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this instant by the system's clock.
    At(SystemTime),
    /// So long after the run began to connect.
    In(Duration),
}

impl Shard {
    /// Shard `number` of so many.
    ///
    /// # Errors
    /// The number is 0 or beyond the last.
    pub fn new(number: u32, of: u32) -> Result<Self, ShardError> {
        match (NonZeroU32::new(number), NonZeroU32::new(of)) {
            (Some(number), Some(of)) if number <= of => Ok(Self { number, of }),
            _ => Err(ShardError),
        }
    }

    /// Its number, from 1.
    pub fn number(self) -> NonZeroU32 {
        self.number
    }

    /// How many shards there are.
    pub fn of(self) -> NonZeroU32 {
        self.of
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (number, of) = text.split_once('/').ok_or(ShardError)?;
        let parse = |text: &str| text.parse().map_err(|_| ShardError);
        Self::new(parse(number)?, parse(of)?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_a_number_of_several() {
        for text in ["1/1", "3/20", "4294967295/4294967295"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/4", "a/b", "1 / 3", "4294967296/4294967296"] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError), "{text}");
        }
    }
}
