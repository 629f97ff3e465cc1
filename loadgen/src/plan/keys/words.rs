//! Values that are one of a few words, and those that other types parse.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use reports::{ParseError, Threshold, metric::GroupName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::text_value;
use crate::{
    message::Mix,
    plan::{EngineKind, Order, OwnCopy, Pattern, ServerUrl},
};

/// A condition that the result must satisfy.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(pub Threshold);

/// The name of a group, in a plan file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name(pub GroupName);

text_value! {
    Mix: { "type": "string", "enum": [Mix::Text.to_string(), Mix::Binary.to_string(), Mix::Mixed.to_string()] }
    ServerUrl: { "type": "string", "pattern": "^[wW][sS][sS]?://[^#]+$" }
    Pattern: { "type": "string", "format": "regex" }
    Condition: { "type": "string", "pattern": "(<|>|==)" }
    Name: { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,39}$" }
}

const MIXES: [Mix; 3] = [Mix::Text, Mix::Binary, Mix::Mixed];

/// One of the words that `all` display as.
fn one_of<T: Copy + ToString>(all: &[T], text: &str) -> Result<T, String> {
    let found = all.iter().find(|value| value.to_string() == text).copied();
    found.ok_or_else(|| format!("expected {}", all.iter().map(T::to_string).collect::<Vec<_>>().join(" or ")))
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        one_of(&MIXES, text)
    }
}

/// A parser for the command line, which lists the words in its help.
pub(super) fn mix() -> impl TypedValueParser<Value = Mix> {
    PossibleValuesParser::new(MIXES.map(|mix| match mix {
        Mix::Text => "text",
        Mix::Binary => "binary",
        Mix::Mixed => "mixed",
    }))
    .try_map(|text| text.parse())
}

/// A parser for the command line, which lists the words in its help.
pub(super) fn engine() -> impl TypedValueParser<Value = EngineKind> {
    PossibleValuesParser::new(EngineKind::ALL.map(EngineKind::name)).try_map(|text| text.parse())
}

/// A parser for the command line, which lists the words in its help.
pub(super) fn own_copy() -> impl TypedValueParser<Value = OwnCopy> {
    let named = |text: String| OwnCopy::ALL.into_iter().find(|own| own.name() == text);
    PossibleValuesParser::new(OwnCopy::ALL.map(OwnCopy::name)).map(move |text| named(text).unwrap_or_default())
}

/// A parser for the command line, which lists the words in its help.
pub(super) fn order() -> impl TypedValueParser<Value = Order> {
    PossibleValuesParser::new(Order::ALL.map(Order::name))
        .map(|text| if text == Order::Any.name() { Order::Any } else { Order::Keep })
}

impl FromStr for Condition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self)
    }
}

impl FromStr for Name {
    type Err = <GroupName as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Values that are written as they are displayed.
macro_rules! serialize_as_text {
    ($($name:ty: $text:expr;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text: fn(&Self) -> _ = $text;
                serializer.collect_str(&text(self))
            }
        }
    )*};
}

serialize_as_text! {
    Mix: |mix| *mix;
    ServerUrl: |url| url.to_string();
    Pattern: |pattern| pattern.to_string();
    Condition: |Condition(threshold)| threshold.to_string();
    Name: |Name(name)| *name;
}
