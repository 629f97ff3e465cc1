//! Values of keys about handshakes, TLS and compression, as the line and the file have them.

use std::{fmt, path::Path, str::FromStr};

use http::HeaderValue;
use rustls::pki_types::ServerName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::{text_or_file::NamesFile, value::text_value};
use crate::{
    message::{Template, TemplatePart},
    plan::{Compression, TlsVersion},
};

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnOff(pub bool);

/// Names of subprotocols, with commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subprotocols(pub Vec<String>);

/// An origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginKey(pub HeaderValue);

/// Parameters of permessage-deflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressKey(pub Compression);

/// Whether the embedded server speaks TLS, or a version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsKey {
    /// `false`: it speaks none.
    Off,
    /// `true`: it speaks TLS.
    On,
    /// TLS of this version.
    Version(TlsVersion),
}

/// The path of a file, which may hold `{{...}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate(pub Template);

/// A name that a certificate can be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNameKey(pub String);

text_value! {
    OnOff: { "type": "string", "enum": ["on", "off"] }
    Subprotocols: { "type": "string", "minLength": 1 }
    OriginKey: { "type": "string", "minLength": 1 }
    CompressKey: { "anyOf": [
        { "type": "integer", "minimum": 9, "maximum": 15 },
        { "type": "boolean", "const": true },
        { "type": "string", "pattern": "^((9|1[0-5])(,no-context-takeover)?|no-context-takeover)$" },
    ] }
    TlsKey: { "anyOf": [{ "type": "boolean" }, { "enum": ["true", "1.2", "1.3", 1.2, 1.3] }] }
    PathTemplate: { "type": "string", "minLength": 1 }
    ServerNameKey: { "type": "string", "minLength": 1 }
}

impl FromStr for OnOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "on" | "true" => Ok(Self(true)),
            "off" | "false" => Ok(Self(false)),
            _ => Err("expected on or off".to_owned()),
        }
    }
}

impl FromStr for Subprotocols {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut names: Vec<String> = Vec::new();
        for name in text.split(',').map(str::trim) {
            if !frames::handshake::is_token(name.as_bytes()) {
                let accepted = "expected names of letters, digits and !#$%&'*+-.^_`|~, such as graphql-ws,v2";
                return Err(format!("`{name}` can't be a subprotocol; {accepted}"));
            }
            if names.iter().any(|other| other == name) {
                return Err(format!("`{name}` is offered twice"));
            }
            names.push(name.to_owned());
        }
        Ok(Self(names))
    }
}

impl FromStr for OriginKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = HeaderValue::from_str(text).ok().filter(|value| !value.is_empty());
        value.map(Self).ok_or_else(|| "expected an origin, such as https://example.org or null".to_owned())
    }
}

impl FromStr for CompressKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ACCEPTED: &str = "expected window bits from 9 to 15, no-context-takeover, or both with a comma";
        let mut compression = Compression::default();
        for part in text.split(',').map(str::trim) {
            match part {
                "true" => {}
                "no-context-takeover" => compression.context_takeover = false,
                "8" => return Err(format!("zlib can't compress with 8 window bits; {ACCEPTED}")),
                bits => {
                    let bits = bits.parse().ok().filter(|bits| Compression::WINDOW_BITS.contains(bits));
                    compression.window_bits = bits.ok_or(ACCEPTED)?;
                }
            }
        }
        Ok(Self(compression))
    }
}

impl TlsKey {
    /// The version to speak, if one is given.
    pub(super) fn version(self) -> Option<TlsVersion> {
        match self {
            Self::Off | Self::On => None,
            Self::Version(version) => Some(version),
        }
    }

    pub(super) fn of(embedded: bool, version: Option<TlsVersion>) -> Option<Self> {
        version.map(Self::Version).or(embedded.then_some(Self::On))
    }
}

impl FromStr for TlsKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "false" => Ok(Self::Off),
            "true" => Ok(Self::On),
            "1.2" => Ok(Self::Version(TlsVersion::Tls12)),
            "1.3" => Ok(Self::Version(TlsVersion::Tls13)),
            _ if text.contains("://") => Err("a URL stands before --tls, or another option between them".to_owned()),
            _ => Err("expected nothing, 1.2 or 1.3".to_owned()),
        }
    }
}

impl FromStr for PathTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("expected the path of a file".to_owned());
        }
        text.parse().map(Self).map_err(|error: crate::message::TemplateError| error.to_string())
    }
}

impl NamesFile for PathTemplate {
    fn begin_at(&mut self, folder: &Path) {
        let begins_with_name = matches!(self.0.parts().next(), Some(TemplatePart::Name(_)));
        let given = String::from_utf8_lossy(self.0.as_written()).into_owned();
        let folder = folder.to_string_lossy().replace("{{", "{{{{");
        // What a column holds may be a whole path.
        if !begins_with_name && !Path::new(&given).is_absolute() && !folder.is_empty() {
            self.0 = format!("{folder}/{given}").parse().unwrap_or_else(|_| self.0.clone());
        }
    }

    fn file(&self) -> Option<String> {
        Some(String::from_utf8_lossy(self.0.as_written()).into_owned())
    }

    fn replace(&mut self, file: &str) {
        self.0 = file.replace("{{", "{{{{").parse().unwrap_or_else(|_| self.0.clone());
    }
}

impl FromStr for ServerNameKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ServerName::try_from(text).map_err(|_| "expected a host name or an address, such as example.org".to_owned())?;
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for TlsKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::On => serializer.serialize_bool(true),
            Self::Version(TlsVersion::Tls12) => serializer.serialize_str("1.2"),
            Self::Version(TlsVersion::Tls13) => serializer.serialize_str("1.3"),
        }
    }
}

impl Serialize for OriginKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&String::from_utf8_lossy(self.0.as_bytes()))
    }
}

impl Serialize for PathTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&String::from_utf8_lossy(self.0.as_written()))
    }
}

/// Values that are written as they are displayed.
macro_rules! written_as_displayed {
    ($($name:ty)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}
pub(super) use written_as_displayed;

written_as_displayed! { OnOff Subprotocols CompressKey ServerNameKey }

impl fmt::Display for OnOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "on" } else { "off" })
    }
}

impl fmt::Display for Subprotocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl fmt::Display for CompressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.window_bits, if self.0.context_takeover { "" } else { ",no-context-takeover" })
    }
}

impl fmt::Display for ServerNameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text is shown as.
    fn shown<T: FromStr<Err = String> + Serialize>(text: &str) -> Result<String, String> {
        text.parse::<T>().map(|value| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned())
    }

    #[test]
    fn compression_has_window_bits_and_takeover() {
        for (given, expected) in [
            ("15", "15"),
            ("true", "15"),
            ("9", "9"),
            ("no-context-takeover", "15,no-context-takeover"),
            ("12, no-context-takeover", "12,no-context-takeover"),
        ] {
            assert_eq!(shown::<CompressKey>(given).as_deref(), Ok(expected));
        }
        for wrong in ["8", "16", "", "15,x"] {
            assert!(shown::<CompressKey>(wrong).unwrap_err().contains("9 to 15"), "{wrong}");
        }
    }

    #[test]
    fn a_path_begins_at_the_plan_file_unless_a_column_begins_it() {
        let begun = |text: &str| {
            let mut path: PathTemplate = text.parse().unwrap();
            path.begin_at(Path::new("plans"));
            String::from_utf8(path.0.as_written().to_vec()).unwrap()
        };
        assert_eq!(begun("a/{{user}}.pem"), "plans/a/{{user}}.pem");
        assert_eq!((begun("/a.pem").as_str(), begun("{{cert}}").as_str()), ("/a.pem", "{{cert}}"));
    }
}
