//! The size of a window.

use std::fmt;

/// The size of a window as a power of two: 8 to 15, which is 256 bytes to 32 KiB (RFC 7692, section
/// 7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// The smallest.
    pub const LEAST: Self = Self(8);
    /// The largest, which holds where nothing is agreed.
    pub const MOST: Self = Self(15);

    /// A window of 2^`bits` bytes. Returns none unless `bits` are 8 to 15.
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= Self::LEAST.0 && bits <= Self::MOST.0 { Some(Self(bits)) } else { None }
    }

    /// The power of two.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Parses the value of a parameter: a decimal number without a leading zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|_| digits).and_then(Self::new)
    }
}

impl Default for WindowBits {
    fn default() -> Self {
        Self::MOST
    }
}

impl fmt::Display for WindowBits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_8_to_15_without_a_leading_zero() {
        for (text, bits) in [("8", Some(8)), ("9", Some(9)), ("10", Some(10)), ("15", Some(15))] {
            assert_eq!(WindowBits::parse(text).map(WindowBits::get), bits);
        }
        for text in ["", "0", "7", "16", "08", "010", "+9", "-9", "9 ", "9.0", "256", "264", "99999999999", "a"] {
            assert_eq!(WindowBits::parse(text), None, "{text}");
        }
    }
}
