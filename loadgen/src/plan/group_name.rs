//! The name of a group.

use std::{fmt, str::FromStr};

use reports::metric::glossary;

/// The name of a group, as in `chat.p99<5ms`.
///
/// It has up to 40 letters, digits, `-` and `_`, and begins with a letter. It is not the name of a
/// metric or of a series: a bare metric means the total of all groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(String);

/// Longest name, in bytes.
const LONGEST: usize = 40;

impl GroupName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `main`.
impl Default for GroupName {
    fn default() -> Self {
        Self("main".to_owned())
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GroupName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins_well || text.len() > LONGEST || !text.chars().all(is_allowed) {
            return Err(format!(
                "expected a name of up to {LONGEST} letters, digits, `-` and `_` that begins with a letter"
            ));
        }
        if is_metric(text) {
            return Err(format!("`{text}` is the name of a metric, and a group needs one of its own"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether a threshold could mean a metric or a series by this name, or the total.
fn is_metric(text: &str) -> bool {
    let is_percentile = text.strip_prefix('p').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let is_defined = || glossary().iter().flat_map(|part| &part.definitions).any(|defined| defined.name == text);
    text == "total" || is_percentile || is_defined()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_threshold() {
        for good in ["chat", "Chat-2", "p99-readers", "main", "a_b", &"x".repeat(40)] {
            assert_eq!(good.parse::<GroupName>().unwrap().as_str(), good);
        }
        for (wrong, part) in [
            ("", "begins with a letter"),
            ("2nd", "begins with a letter"),
            ("a.b", "letters, digits"),
            ("ä", "begins with a letter"),
            (&"x".repeat(41), "up to 40"),
            ("p99", "name of a metric"),
            ("pNN", "name of a metric"),
            ("service", "name of a metric"),
            ("lost", "name of a metric"),
            ("throughput", "name of a metric"),
            ("total", "name of a metric"),
        ] {
            let error = wrong.parse::<GroupName>().unwrap_err();
            assert!(error.contains(part), "{wrong}: {error}");
        }
        assert_eq!(GroupName::default().as_str().parse(), Ok(GroupName::default()));
    }
}
