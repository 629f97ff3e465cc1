//! The confidence of intervals.

use std::{fmt, str::FromStr};

use super::{in_percent, percent};
use crate::text::parse_error::{ParseError, ProblemAt, Slice};

/// Confidence of two-sided intervals, 95 % by default.
///
/// A metric regresses if its whole interval is beyond the margin. With 95 %, a false regression has
/// a risk of 2.5 % if the truth is exactly at the margin, and far less if nothing changed. More
/// confidence makes intervals wider, so a verdict takes more runs. Displays in percent.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// Converts a share. `None` unless it is at least 0.5 and at most 0.9999.
    pub fn from_share(share: f64) -> Option<Self> {
        (0.5..=0.9999).contains(&share).then_some(Self(share))
    }

    /// The confidence as a share.
    pub fn share(self) -> f64 {
        self.0
    }

    /// The error of both sides together: 0.05 for 95 %.
    pub(crate) fn error(self) -> f64 {
        1.0 - self.0
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self(0.95)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", in_percent(self.0))
    }
}

impl FromStr for Confidence {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let slice = Slice::trimmed(text, 0, text.len());
        percent(slice.text).and_then(Self::from_share).ok_or_else(|| {
            let accepted = "a percentage from 50% to 99.99%, as in `95%`";
            ProblemAt::new(slice.at, "this is not a level of confidence", accepted).in_text(text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_in_its_range() {
        for (text, shown) in [
            ("95%", "95 %"),
            ("99.9", "99.9 %"),
            (" 50 % ", "50 %"),
            ("99.99", "99.99 %"),
            ("95.000001", "95.000001 %"),
        ] {
            assert_eq!(text.parse::<Confidence>().unwrap().to_string(), shown);
        }
        for text in ["", "0.95", "49.9%", "100%", "95 percent"] {
            assert!(text.parse::<Confidence>().is_err(), "{text}");
        }
    }
}
