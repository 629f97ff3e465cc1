//! Certificates of a test's own, made by the command `openssl`.

use std::process::Command;

use tempfile::TempDir;

use super::installed;

/// A folder with the files that `openssl/certificates` makes.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn make() -> Self {
        let script = installed("openssl", "certificates").join("certificates");
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new(&script).arg(folder.path()).status().expect("it runs");
        assert!(made.success(), "{}: {made}", script.display());
        Self(folder)
    }

    /// Path of a file of them.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}
