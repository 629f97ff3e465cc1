//! Credentials, and where they come from.

use std::{env, fmt, fs, path::PathBuf, sync::Arc};

use crate::secrets::HIDDEN;

/// Most bytes of a secret.
const LARGEST: u64 = 64 << 10;

/// A text that no output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    source: SecretSource,
    value: Arc<str>,
}

/// Where a secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It is given as it is. Other users of the machine may see it in the list of processes.
    Text(String),
    /// A file holds it. One line end behind it does not belong to it.
    File(PathBuf),
    /// A variable of the environment holds it.
    Environment(String),
}

impl Secret {
    /// Reads the secret.
    ///
    /// # Errors
    /// It can't be read, is not UTF-8, or has a control character. The error does not show it.
    pub fn read(source: SecretSource) -> Result<Self, String> {
        let value = match &source {
            SecretSource::Text(text) => text.clone(),
            SecretSource::File(path) => {
                let failed = |error: std::io::Error| format!("{} can't be read: {error}", path.display());
                if fs::metadata(path).map_err(failed)?.len() > LARGEST {
                    return Err(format!("{} has more than 64 KiB; a secret is shorter", path.display()));
                }
                let text = String::from_utf8(fs::read(path).map_err(failed)?);
                let text = text.map_err(|_| format!("{} is not UTF-8", path.display()))?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                line.strip_suffix('\r').unwrap_or(line).to_owned()
            }
            SecretSource::Environment(name) => {
                env::var(name).map_err(|error| format!("env:{name} can't be read: {error}; export it"))?
            }
        };
        if value.chars().any(char::is_control) {
            return Err("it has a control character, such as a line end, which can't be sent".to_owned());
        }
        Ok(Self { source, value: value.into() })
    }

    /// Where it comes from.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

/// Without the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// Without the secret.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str(HIDDEN),
            Self::File(path) => write!(f, "@{}", path.display()),
            Self::Environment(name) => write!(f, "env:{name}"),
        }
    }
}
