//! Named results that later runs are compared with: one file per baseline in a folder.

use std::{
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{FileError, StoreError, check_writable, read};

/// Name of a baseline, and of its file without `.json`. It has at most 100 ASCII letters, digits,
/// `.`, `_` and `-`, and starts with a letter or digit. So it can't leave its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineName(String);

/// The error of a text that is no name of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of up to 100 letters, digits, '.', '_' and '-' that begins with a letter or a digit, such as main"
)]
pub struct BaselineNameError;

impl FromStr for BaselineName {
    type Err = BaselineNameError;

    fn from_str(text: &str) -> Result<Self, BaselineNameError> {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let fits = begins_well && text.len() <= 100 && text.bytes().all(inside);
        if fits { Ok(Self(text.to_owned())) } else { Err(BaselineNameError) }
    }
}

impl fmt::Display for BaselineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BaselineName {
    /// Its file in the folder of baselines.
    pub fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.json", self.0))
    }

    /// Checks before a run whether its result can be kept under this name. Makes the folder if
    /// necessary.
    ///
    /// # Errors
    /// The file can't be written, or it exists and is no result, which would be lost.
    pub fn check(&self, folder: &Path) -> Result<(), FileError> {
        let path = self.file(folder);
        std::fs::create_dir_all(folder).map_err(|error| FileError { path: folder.to_owned(), error: error.into() })?;
        check_writable(&path)?;
        match read(&path) {
            Err(FileError { error: StoreError::Io(error), .. }) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::judge, model::sample, store::write};

    #[test]
    fn a_name_stays_in_its_folder() {
        for name in ["main", "v1.2-rc_3", "0", &"x".repeat(100)] {
            assert_eq!(name.parse::<BaselineName>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
        for name in ["", ".", "..", ".hidden", "-x", "a/b", "../main", "a b", "ä", "a\0", &"x".repeat(101)] {
            assert_eq!(name.parse::<BaselineName>(), Err(BaselineNameError), "{name:?}");
        }
        let name: BaselineName = "main".parse().unwrap();
        assert_eq!(name.file(Path::new("reports/baselines")), Path::new("reports/baselines/main.json"));
    }

    #[test]
    fn only_a_result_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("made/on/demand");
        let name: BaselineName = "main".parse().unwrap();
        name.check(&folder).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "a check leaves no file");
        let report = sample::pass();
        write(&name.file(&folder), &report, &judge(&report, &[])).unwrap();
        name.check(&folder).unwrap();
        std::fs::write(name.file(&folder), r#"{"schema": "instructions/1"}"#).unwrap();
        let refusal = name.check(&folder).unwrap_err().to_string();
        assert!(refusal.contains("main.json: not a result"), "{refusal}");
    }
}
