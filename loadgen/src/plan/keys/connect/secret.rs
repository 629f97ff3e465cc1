//! Credentials: a text, a file or a variable of the environment.

use std::{fmt, path::Path, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::{text_or_file::NamesFile, value::text_value};
use crate::{
    plan::{PlanError, Secret, SecretSource},
    secrets::HIDDEN,
};

/// A secret: `TEXT`, `@FILE` or `env:NAME`. `@@` stands for a text that begins with `@`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub SecretSource);

impl SecretKey {
    /// The secret of the option `key`.
    pub(super) fn read(self, key: &'static str) -> Result<Secret, PlanError> {
        Secret::read(self.0).map_err(|why| PlanError { group: None, key, value: None, why })
    }

    pub(super) fn of(secret: &Secret) -> Self {
        Self(secret.source().clone())
    }

    /// The key with a mark in place of a text.
    #[must_use]
    pub fn masked(&self) -> Self {
        match &self.0 {
            SecretSource::Text(_) => Self(SecretSource::Text(HIDDEN.to_owned())),
            other => Self(other.clone()),
        }
    }
}

/// Without the secret.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl NamesFile for SecretKey {
    fn begin_at(&mut self, folder: &Path) {
        if let SecretSource::File(path) = &mut self.0 {
            *path = folder.join(&path);
        }
    }

    fn file(&self) -> Option<String> {
        if let SecretSource::File(path) = &self.0 { Some(path.display().to_string()) } else { None }
    }

    fn replace(&mut self, file: &str) {
        self.0 = SecretSource::File(file.into());
    }
}

impl FromStr for SecretKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let source = match (text.strip_prefix("env:"), text.strip_prefix('@')) {
            (Some(""), _) => return Err("the name of a variable follows env:".to_owned()),
            (Some(name), _) => SecretSource::Environment(name.to_owned()),
            (None, Some("")) => return Err("a file name follows @".to_owned()),
            (None, Some(text)) if text.starts_with('@') => SecretSource::Text(text.to_owned()),
            (None, Some(path)) => SecretSource::File(path.into()),
            (None, None) if text.is_empty() => return Err("it is empty; give a text, @FILE or env:NAME".to_owned()),
            (None, None) => SecretSource::Text(text.to_owned()),
        };
        Ok(Self(source))
    }
}

impl Serialize for SecretKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            SecretSource::Text(text) if text.starts_with('@') => serializer.collect_str(&format_args!("@{text}")),
            SecretSource::Text(text) => serializer.serialize_str(text),
            SecretSource::File(path) => serializer.collect_str(&format_args!("@{}", path.display())),
            SecretSource::Environment(name) => serializer.collect_str(&format_args!("env:{name}")),
        }
    }
}

text_value! {
    SecretKey: { "type": "string", "minLength": 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_text_a_file_or_a_variable() {
        let source = |text: &str| text.parse::<SecretKey>().map(|SecretKey(source)| source);
        assert_eq!(source("a:b"), Ok(SecretSource::Text("a:b".to_owned())));
        assert_eq!(source("@@x"), Ok(SecretSource::Text("@x".to_owned())));
        assert_eq!(source("@x/y"), Ok(SecretSource::File("x/y".into())));
        assert_eq!(source("env:HOME"), Ok(SecretSource::Environment("HOME".to_owned())));
        for wrong in ["", "@", "env:"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_shows_a_text() {
        let key: SecretKey = "sesame".parse().unwrap();
        assert_eq!(
            (format!("{key:?}"), serde_json::to_string(&key.masked()).unwrap()),
            ("***".into(), "\"***\"".into())
        );
    }
}
