//! The name of a group of clients, as it stands before a metric: `chat.p99`.

use std::{fmt, str::FromStr};

use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::definitions::glossary;

/// The name of a group: up to 40 ASCII letters, digits, `-` and `_`, of which the first is a
/// letter.
///
/// It stands before a point in thresholds, in keys and columns of files, and in titles. So it has
/// no character that ends it there, or that has to be quoted or escaped. It is not the name of a
/// metric or of a series in any case, because these mean the total of all groups.
///
/// The default is `main`, for a group that nobody named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(ArrayString<40>);

/// Why a text can't be the name of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupNameError {
    /// It is too long, begins with something else than a letter, or has another character.
    #[error("expected a name of up to {} letters, digits, `-` and `_` that begins with a letter", GroupName::LONGEST)]
    Form,
    /// It would hide a metric.
    #[error("this is the name of a metric, and a group needs one of its own")]
    Metric,
}

impl GroupName {
    /// Most characters of a name.
    pub const LONGEST: usize = 40;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text has the form of a name, whatever it means.
    fn is_formed(text: &str) -> bool {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_allowed)
    }
}

impl Default for GroupName {
    fn default() -> Self {
        Self(ArrayString::from("main").unwrap_or_default())
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for GroupName {
    type Err = GroupNameError;

    fn from_str(text: &str) -> Result<Self, GroupNameError> {
        let name = ArrayString::from(text).ok().filter(|name| Self::is_formed(name)).ok_or(GroupNameError::Form)?;
        if is_taken(text) { Err(GroupNameError::Metric) } else { Ok(Self(name)) }
    }
}

impl Serialize for GroupName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for GroupName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Whether a threshold could mean a metric, a series or the total by this name.
fn is_taken(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    let glossary = glossary();
    let names = || glossary.iter().flat_map(|part| &part.definitions).map(|defined| defined.name);
    // What stands before a point, as in `deliveries.lost`, would be taken for a group.
    let is_defined = || names().any(|name| is(name) || name.split_once('.').is_some_and(|(of, _)| is(of)));
    is("total") || text.strip_prefix(['p', 'P']).is_some_and(is_digits) || is_defined()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_threshold() {
        for good in ["chat", "Chat-2", "p99-readers", "p", "main", "a_b", &"x".repeat(GroupName::LONGEST)] {
            let name: GroupName = good.parse().unwrap();
            assert_eq!((name.as_str(), name.to_string().as_str()), (good, good));
        }
        assert_eq!(GroupName::default().as_str().parse(), Ok(GroupName::default()));
        assert_eq!(format!("{:<6}|", GroupName::default()), "main  |");
    }

    #[test]
    fn what_has_another_form_is_refused() {
        let too_long = "x".repeat(GroupName::LONGEST + 1);
        for wrong in ["", "2nd", "-a", "_a", "a.b", "a b", "ä", "aä", "a\n", "a<b", "<script>", too_long.as_str()] {
            assert_eq!(wrong.parse::<GroupName>(), Err(GroupNameError::Form), "{wrong}");
        }
        assert!(GroupNameError::Form.to_string().contains("up to 40 letters"));
    }

    #[test]
    fn a_metric_keeps_its_name() {
        for taken in [
            "deliveries",
            "first",
            "gaps",
            "p99",
            "p5",
            "pNN",
            "service",
            "send_lag",
            "max",
            "lost",
            "throughput",
            "died",
            "total",
            "Response",
            "P99",
        ] {
            assert_eq!(taken.parse::<GroupName>(), Err(GroupNameError::Metric), "{taken}");
        }
    }

    #[test]
    fn a_file_has_only_names_that_are_valid() {
        let name: GroupName = serde_json::from_str("\"chat\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"chat\"");
        let refusal = serde_json::from_str::<GroupName>("\"<b>\"").unwrap_err().to_string();
        assert!(refusal.starts_with("expected a name of up to 40"), "{refusal}");
    }
}
