//! Values about when messages are due.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{ClientRate, PositiveTime, text_value};
use crate::plan::{Spacing, Stage};

/// A stage of the load: `FROM..TO@TIME`, or `RATE@TIME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageKey(pub Stage);

text_value! {
    StageKey: { "type": "string", "pattern": "^[^@]+@[^@]+$" }
    Spacing: { "type": "string", "enum": ["even", "poisson"] }
}

impl FromStr for StageKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rates, time) =
            text.split_once('@').ok_or("expected FROM..TO@TIME or RATE@TIME, such as 0..50@30s or 50@2m")?;
        let rate = |text: &str| text.trim().parse::<ClientRate>().map(|ClientRate(rate)| rate);
        let (from, to) = rates.split_once("..").unwrap_or((rates, rates));
        let PositiveTime(length) = time.parse()?;
        Ok(Self(Stage { from: rate(from)?, to: rate(to)?, length }))
    }
}

impl fmt::Display for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Stage { from, to, length }) = self;
        let rate = |rate: &Option<_>| rate.map_or_else(|| "0".to_owned(), |rate| ToString::to_string(&rate));
        let length = humantime::format_duration(*length).to_string().replace(' ', "");
        if from == to {
            write!(f, "{}@{length}", rate(from))
        } else {
            write!(f, "{}..{}@{length}", rate(from), rate(to))
        }
    }
}

impl Serialize for StageKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Spacing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "even" => Ok(Self::Even),
            "poisson" => Ok(Self::Poisson),
            _ => Err("expected even or poisson".to_owned()),
        }
    }
}

impl fmt::Display for Spacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "even",
            Self::Poisson => "poisson",
        })
    }
}

impl Serialize for Spacing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_one_rate_or_two() {
        let shown = |text: &str| text.parse::<StageKey>().map(|stage| stage.to_string());
        for (text, expected) in [
            ("0..50@30s", "0..50@30s"),
            ("50@2m", "50@2m"),
            ("50..50@90s", "50@1m30s"),
            ("1k..0 @ 500ms", "1000..0@500ms"),
            ("0@1s", "0@1s"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("50", "expected FROM..TO@TIME or RATE@TIME"),
            ("50@", "expected a time with its unit"),
            ("50@0s", "expected a time over 0"),
            ("5@10", "was 10s meant?"),
            ("..5@10s", "expected 0 to only listen"),
            ("-1..5@10s", "expected 0 to only listen"),
        ] {
            assert!(shown(text).unwrap_err().contains(expected), "{text}: {:?}", shown(text));
        }
    }
}
