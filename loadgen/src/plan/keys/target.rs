//! The servers of a group, as one URL or a list.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::plan::{ServerUrl, Target};

/// The URL of a server, or a list of URLs that clients take in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetKey(pub Vec<ServerUrl>);

impl TargetKey {
    /// The servers of a target; none for the one that the run starts.
    pub(super) fn of(target: &Target) -> Option<Self> {
        let urls = target.urls();
        (!urls.is_empty()).then(|| Self(urls.to_vec()))
    }

    pub(super) fn target(self) -> Target {
        match <[ServerUrl; 1]>::try_from(self.0) {
            Ok([one]) => Target::Url(one),
            Err(several) => Target::Urls(several),
        }
    }
}

/// One URL.
impl FromStr for TargetKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(vec![text.parse()?]))
    }
}

impl Serialize for TargetKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TargetKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrList)
    }
}

struct TextOrList;

impl<'de> Visitor<'de> for TextOrList {
    type Value = TargetKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL or a list of URLs")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TargetKey, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<TargetKey, A::Error> {
        let mut urls = Vec::new();
        while let Some(url) = list.next_element()? {
            urls.push(url);
        }
        if urls.is_empty() { Err(A::Error::custom("the list is empty; name a URL")) } else { Ok(TargetKey(urls)) }
    }
}

impl JsonSchema for TargetKey {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let url = ServerUrl::json_schema(generator);
        json_schema!({ "anyOf": [url, { "type": "array", "items": url, "minItems": 1 }] })
    }
}
