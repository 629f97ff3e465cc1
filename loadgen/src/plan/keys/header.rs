//! Header fields of the opening handshake.

use std::{fmt, str::FromStr};

use http::{HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

use super::value::text_value;
use crate::{message::Template, secrets::HIDDEN};

/// A header field, as `Name: value`.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// Its name, in lower case.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
}

/// Fields that the opening handshake sets itself.
const RESERVED: [&str; 5] =
    ["connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-accept"];

impl HeaderField {
    /// The field with a mark in place of its value.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self { name: self.name.clone(), value: HeaderValue::from_static(HIDDEN) }
    }
}

/// Without its value, which may be a secret.
impl fmt::Debug for HeaderField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {HIDDEN}", self.name)
    }
}

impl FromStr for HeaderField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(':').ok_or("expected 'Name: value'")?;
        let name = HeaderName::from_str(name.trim()).map_err(|error| format!("{error}; expected 'Name: value'"))?;
        let value = HeaderValue::from_str(value.trim()).map_err(|error| format!("{error}; expected 'Name: value'"))?;
        Template::named_in(value.as_bytes()).map_err(|error| error.to_string())?;
        match name.as_str() {
            reserved if RESERVED.contains(&reserved) => Err(format!("the opening handshake sets `{name}` itself")),
            "sec-websocket-extensions" => {
                Err("a server that took an extension which loadgen lacks would send what can't be read; \
                     --compress offers permessage-deflate"
                    .to_owned())
            }
            "content-length" | "transfer-encoding" => {
                Err(format!("an opening handshake has no content, so it can't have `{name}`"))
            }
            "host" if value.is_empty() || value.as_bytes().iter().any(|byte| b" /?#@,".contains(byte)) => {
                Err("expected 'Host: NAME' or 'Host: NAME:PORT'".to_owned())
            }
            _ => Ok(Self { name, value }),
        }
    }
}

impl Serialize for HeaderField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = std::str::from_utf8(self.value.as_bytes()).map_err(ser::Error::custom)?;
        serializer.collect_str(&format_args!("{}: {value}", self.name))
    }
}

text_value! {
    HeaderField: { "type": "string", "pattern": "^\\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\\s*:" }
}
