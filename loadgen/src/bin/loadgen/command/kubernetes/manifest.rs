//! The manifest: objects as YAML, with the commands on top.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret},
};
use serde::Serialize;

use super::{commands::Commands, objects::Objects, plan_files::PlanFiles};

/// A manifest that grows.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    text: String,
}

impl Manifest {
    /// A manifest with these lines and commands on top.
    pub(super) fn headed(lines: &[String], commands: &Commands) -> Self {
        let mut manifest = Self::default();
        for line in lines {
            manifest.comment(line);
        }
        for (what, lines) in [("Run", &commands.run), ("Collect", &commands.collect), ("Remove", &commands.remove)] {
            manifest.comment("");
            manifest.comment(&format!("{what}:"));
            for line in lines {
                manifest.comment(&format!("  {line}"));
            }
        }
        manifest
    }

    /// Adds a line that is a comment.
    fn comment(&mut self, text: &str) {
        let text: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        self.text.push_str(format!("# {text}").trim_end());
        self.text.push('\n');
    }

    /// Adds an object.
    ///
    /// # Errors
    /// Never: each value is one that YAML has.
    pub(super) fn add(&mut self, object: &impl Serialize) -> Result<(), std::io::Error> {
        let object = serde_saphyr::to_string(object).map_err(std::io::Error::other)?;
        self.text.push_str("---\n");
        self.text.push_str(&object);
        Ok(())
    }

    /// The manifest.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// The object that holds the files of the plan.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum PlanObject {
    /// Everybody may read it.
    ConfigMap(ConfigMap),
    /// It holds secrets.
    Secret(Secret),
}

impl PlanObject {
    /// The object that holds the `files`.
    pub(super) fn of(objects: &Objects, files: &PlanFiles) -> Self {
        let metadata = objects.metadata_of_plan();
        let (mut texts, mut bytes) = (BTreeMap::new(), BTreeMap::new());
        for (name, held) in &files.entries {
            match std::str::from_utf8(held) {
                Ok(text) => drop(texts.insert(name.clone(), text.to_owned())),
                Err(_) => drop(bytes.insert(name.clone(), ByteString(held.clone()))),
            }
        }
        let (texts, bytes) = (Some(texts), Some(bytes).filter(|bytes| !bytes.is_empty()));
        if files.are_secret {
            Self::Secret(Secret { metadata, string_data: texts, data: bytes, ..Secret::default() })
        } else {
            Self::ConfigMap(ConfigMap { metadata, data: texts, binary_data: bytes, immutable: None })
        }
    }
}
