//! The resolution of a search.

use std::{fmt, str::FromStr};

use crate::{
    compare::gate::{in_percent, percent},
    text::parse_error::{ParseError, ProblemAt, Slice},
};

/// The most by which the lowest rate that does not hold may exceed the highest that holds, as a
/// share. 5 % by default.
///
/// Half the resolution takes one more step. The same machine rarely gives one answer to 1 % twice.
/// Displays in percent.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Resolution(f64);

impl Resolution {
    /// Converts a share. `None` unless it is at least 0.01, which rates of three digits can tell,
    /// and at most 1.
    pub fn from_share(share: f64) -> Option<Self> {
        (0.01..=1.0).contains(&share).then_some(Self(share))
    }

    /// The resolution as a share.
    pub fn share(self) -> f64 {
        self.0
    }
}

impl Default for Resolution {
    fn default() -> Self {
        Self(0.05)
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", in_percent(self.0))
    }
}

impl FromStr for Resolution {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let slice = Slice::trimmed(text, 0, text.len());
        percent(slice.text).and_then(Self::from_share).ok_or_else(|| {
            let accepted = "a percentage from 1% to 100%, as in `5%`";
            ProblemAt::new(slice.at, "this is not a resolution", accepted).in_text(text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_in_its_range() {
        for (text, shown) in
            [("5%", "5 %"), ("1", "1 %"), (" 2.5 % ", "2.5 %"), ("100%", "100 %"), ("5.000001", "5.000001 %")]
        {
            assert_eq!(text.parse::<Resolution>().unwrap().to_string(), shown);
        }
        for text in ["", "0.5%", "0%", "101%", "-5%", "five"] {
            assert!(text.parse::<Resolution>().is_err(), "{text}");
        }
    }
}
