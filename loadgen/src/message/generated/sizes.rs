//! How long generated messages are.

use std::{fmt, sync::Arc};

/// How long generated messages are, in bytes of their payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// All have this size.
    Fixed(u32),
    /// Each size of a range is as likely as the others.
    Range(SizeRange),
    /// The sizes at which frames, records of TLS and usual buffers change their form, in turn: see
    /// [`Sizes::EDGES`].
    Edges,
    /// Sizes of which some quantiles are given.
    Quantiles(SizeQuantiles),
}

/// Sizes from a least to a largest one, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRange {
    least: u32,
    largest: u32,
}

/// Sizes of which some quantiles are given.
///
/// Between two of them, the logarithm of a size is evenly distributed (log-uniform): from 200 to
/// 800 bytes as many messages have 200 to 400 as have 400 to 800. Below the first quantile that
/// holds from the smallest possible size on. Above the last it holds up to twice its size. So `p0`
/// and `p100` are bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeQuantiles(Arc<[SizeQuantile]>);

/// A share of the messages is no larger than this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeQuantile {
    /// The share, in millionths. At most [`SizeQuantile::ALL`].
    pub share_ppm: u32,
    /// The size in bytes. Over 0.
    pub size: u32,
}

impl SizeRange {
    /// The range of these sizes. `None` if the first is over the second.
    pub fn new(least: u32, largest: u32) -> Option<Self> {
        (least <= largest).then_some(Self { least, largest })
    }

    /// The smallest size.
    pub fn least(self) -> u32 {
        self.least
    }

    /// The largest size.
    pub fn largest(self) -> u32 {
        self.largest
    }
}

impl SizeQuantile {
    /// All messages, in millionths.
    pub const ALL: u32 = 1_000_000;
}

impl SizeQuantiles {
    /// Sizes with these quantiles.
    ///
    /// # Errors
    /// There are none, shares do not rise or are over 100 %, or sizes are 0 or fall.
    pub fn new(quantiles: &[SizeQuantile]) -> Result<Self, &'static str> {
        let all = |is: fn(&[SizeQuantile]) -> bool| quantiles.windows(2).all(is);
        if quantiles.is_empty() {
            return Err("a distribution has one quantile at least");
        }
        if quantiles.iter().any(|quantile| quantile.share_ppm > SizeQuantile::ALL) {
            return Err("a quantile is from p0 to p100");
        }
        if quantiles.iter().any(|quantile| quantile.size == 0) {
            return Err("a size is over 0");
        }
        if !all(|two| two[0].share_ppm < two[1].share_ppm) {
            return Err("quantiles must rise");
        }
        if !all(|two| two[0].size <= two[1].size) {
            return Err("the size of a higher quantile can't be smaller");
        }
        Ok(Self(quantiles.into()))
    }

    /// The quantiles, in the order of their shares. There is one at least.
    pub fn quantiles(&self) -> &[SizeQuantile] {
        &self.0
    }
}

impl Sizes {
    /// The sizes of [`Sizes::Edges`]. Each is the last or first of its form somewhere:
    ///
    /// - 0, 1: nothing, and something
    /// - 125 to 127: a length of 7 bits, or of 16 (RFC 6455, section 5.2)
    /// - 1 016 to 1 025, 4 088 to 4 097: a masked frame, an unmasked one and a payload alone fill
    ///   buffers of 1 KiB and 4 KiB
    /// - 16 376 to 16 385: the same, for the largest record of TLS (RFC 8446, section 5.1)
    /// - 65 528 to 65 537: the same, for 64 KiB; a length of 16 bits, or of 64
    ///
    /// Messages with a header are not smaller than it, and their own smallest sizes are added.
    pub const EDGES: &[u32] = &[
        0, 1, 2, 125, 126, 127, 1016, 1017, 1020, 1021, 1024, 1025, 4088, 4089, 4092, 4093, 4096, 4097, 16_376, 16_377,
        16_380, 16_381, 16_384, 16_385, 65_528, 65_529, 65_532, 65_533, 65_534, 65_535, 65_536, 65_537,
    ];

    /// Bytes of a generated message, at most.
    pub const MOST: u32 = 64 << 20;

    /// Bytes of the largest message.
    pub fn largest(&self) -> u32 {
        match self {
            Self::Fixed(size) => *size,
            Self::Range(range) => range.largest,
            Self::Edges => Self::EDGES[Self::EDGES.len() - 1],
            Self::Quantiles(sizes) => match sizes.0.last() {
                Some(last) if last.share_ppm < SizeQuantile::ALL => last.size.saturating_mul(2).min(Self::MOST),
                Some(last) => last.size,
                None => 0,
            },
        }
    }

    /// Bytes of the smallest message that is asked for. `None` if what is expected decides that.
    pub fn least(&self) -> Option<u32> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Range(range) => Some(range.least),
            Self::Edges => None,
            Self::Quantiles(sizes) => sizes.0.first().map(|first| first.size),
        }
    }

    /// The size of all messages, if they have one size.
    pub fn fixed(&self) -> Option<u32> {
        match self {
            Self::Fixed(size) => Some(*size),
            _ => None,
        }
    }
}

impl Default for Sizes {
    /// 64 bytes.
    fn default() -> Self {
        Self::Fixed(64)
    }
}

/// As on the command line: `64`, `64..4096`, `edges`, `p50=200,p99=8192`.
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => size.fmt(f),
            Self::Range(SizeRange { least, largest }) => write!(f, "{least}..{largest}"),
            Self::Edges => f.write_str("edges"),
            Self::Quantiles(sizes) => sizes.fmt(f),
        }
    }
}

impl fmt::Display for SizeQuantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SizeQuantile { share_ppm, size }) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            // Exact: millionths are ten thousandths of a percent.
            write!(f, "{comma}p{}={size}", f64::from(*share_ppm) / 1e4)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantiles(all: &[(u32, u32)]) -> Result<SizeQuantiles, &'static str> {
        let all: Vec<_> = all.iter().map(|&(share_ppm, size)| SizeQuantile { share_ppm, size }).collect();
        SizeQuantiles::new(&all)
    }

    #[test]
    fn quantiles_rise_and_their_sizes_do_not_fall() {
        for (all, why) in [
            (&[][..], "one quantile at least"),
            (&[(1_000_001, 1)], "from p0 to p100"),
            (&[(1, 0)], "over 0"),
            (&[(500_000, 9), (500_000, 9)], "must rise"),
            (&[(1, 9), (2, 8)], "can't be smaller"),
        ] {
            assert!(quantiles(all).unwrap_err().contains(why), "{all:?}");
        }
        let all = [(0, 64), (500_000, 200), (999_000, 200), (1_000_000, 4096)];
        assert_eq!(quantiles(&all).unwrap().to_string(), "p0=64,p50=200,p99.9=200,p100=4096");
        assert_eq!(SizeRange::new(9, 8), None);
    }

    #[test]
    fn edges_rise() {
        assert!(Sizes::EDGES.windows(2).all(|two| two[0] < two[1]));
    }

    #[test]
    fn the_largest_message_is_known_beforehand() {
        let of = |all: &[(u32, u32)]| Sizes::Quantiles(quantiles(all).unwrap()).largest();
        assert_eq!([of(&[(990_000, 8192)]), of(&[(1_000_000, 8192)]), of(&[(1, 40 << 20)])], [16_384, 8192, 64 << 20]);
        assert_eq!(Sizes::Range(SizeRange::new(64, 4096).unwrap()).largest(), 4096);
        assert_eq!((Sizes::Edges.largest(), Sizes::Fixed(5).largest()), (65_537, 5));
    }
}
