//! A packed histogram as text: deflated, in base64 (RFC 4648, section 4, with padding).
//!
//! The tools of every `HdrHistogram` implementation read this form.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{PackError, PackedHistogram};

impl PackedHistogram {
    /// The text.
    pub fn to_text(&self) -> String {
        STANDARD.encode(self.to_bytes())
    }

    /// Reads what [`Self::to_text`] wrote, from anywhere.
    ///
    /// # Errors
    /// It is no base64 ([`PackError::NotBase64`]), or not of a packed histogram
    /// ([`Self::from_bytes`]).
    pub fn from_text(text: &str) -> Result<Self, PackError> {
        let bytes = STANDARD.decode(text).map_err(|error| PackError::NotBase64(error.to_string()))?;
        Self::from_bytes(&bytes)
    }
}

impl Serialize for PackedHistogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for PackedHistogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = PackedHistogram;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a histogram in base64")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<PackedHistogram, E> {
                PackedHistogram::from_text(text).map_err(|error| E::custom(format_args!("histogram: {error}")))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for PackedHistogram {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PackedHistogram".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64" })
    }
}
