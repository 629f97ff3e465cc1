//! Writes files as a whole: a result is there completely, or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{
    StoreError, from_json,
    temporary::{TemporaryFile, folder_of},
    to_json,
};
use crate::{judge::Judgement, model::Report};

/// What went wrong, and with which file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct FileError {
    /// The path as the user gave it.
    pub path: PathBuf,
    /// What went wrong.
    #[source]
    pub error: StoreError,
}

impl FileError {
    pub(super) fn new(path: &Path, error: impl Into<StoreError>) -> Self {
        Self { path: path.to_owned(), error: error.into() }
    }
}

/// Reads a result file. [`Stored`](super::Stored) reads a search as well.
///
/// # Errors
/// The file can't be read, or is not a result of this version ([`from_json`]).
pub fn read(path: &Path) -> Result<(Report, Judgement), FileError> {
    let text = fs::read(path).map_err(|error| FileError::new(path, error))?;
    from_json(&text).map_err(|error| FileError::new(path, error))
}

/// Writes a result file. It writes to a temporary file in the same folder, which replaces an
/// existing file once it is complete on the disk. A symbolic link stays, and the file behind it is
/// replaced.
///
/// # Errors
/// The result has no JSON ([`to_json`]), or the file can't be written. Then an earlier file stays
/// as it was, and nothing else is left in the folder.
pub fn write(path: &Path, report: &Report, judgement: &Judgement) -> Result<(), FileError> {
    let text = to_json(report, judgement).map_err(|error| FileError::new(path, error))?;
    write_bytes(path, text.as_bytes())
}

/// Writes any file as a whole, like [`write()`].
///
/// # Errors
/// The file can't be written. Then an earlier file stays as it was, and nothing else is left in the
/// folder.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, |file| file.write_all(bytes)).map_err(|error| FileError::new(path, error))
}

/// Checks before a run whether [`write()`] can store its result. It leaves no file behind, and
/// touches no existing one.
///
/// # Errors
/// The folder does not exist, no file may be made in it, or the path is a folder, a device, a
/// dangling link or a file that may not be written.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let possible = destination(path).and_then(|place| Ok(TemporaryFile::beside(&place)?));
    possible.map(drop).map_err(|error| FileError::new(path, error))
}

/// The file to replace, with links resolved.
fn destination(path: &Path) -> Result<PathBuf, StoreError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => new_place(path),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let place = match fs::canonicalize(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(StoreError::NotAFilePath("a symbolic link to a file that does not exist"));
                }
                other => other?,
            };
            let metadata = fs::metadata(&place)?;
            if metadata.is_dir() {
                return Err(StoreError::NotAFilePath("is a folder"));
            }
            // A rename would replace the device itself.
            if !metadata.is_file() {
                return Err(StoreError::NotAFilePath("is not a regular file"));
            }
            // A rename needs no permission for the file that it replaces; a read-only file is
            // read-only for a reason.
            OpenOptions::new().write(true).open(&place)?;
            Ok(place)
        }
    }
}

/// A path without a file.
fn new_place(path: &Path) -> Result<PathBuf, StoreError> {
    let ends_in_separator = path.as_os_str().as_encoded_bytes().last().is_some_and(|byte| *byte == b'/');
    if path.file_name().is_none() || ends_in_separator {
        return Err(StoreError::NotAFilePath("is not the name of a file"));
    }
    if !folder_of(path).is_dir() {
        return Err(StoreError::NotAFilePath("its folder does not exist"));
    }
    Ok(path.to_owned())
}

fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
    let place = destination(path)?;
    let mut temporary = TemporaryFile::beside(&place)?;
    fill(temporary.file())?;
    // Without this, a crash after the rename may leave an empty file in place of a whole one.
    temporary.file().sync_all()?;
    temporary.persist(&place)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::judge, model::sample};

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write_sample(path: &Path) -> Result<(), FileError> {
        let report = sample::violation();
        write(path, &report, &judge(&report, &[]))
    }

    #[test]
    fn a_written_file_reads_back_and_is_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        fs::write(&path, "an earlier result").unwrap();
        write_sample(&path).unwrap();
        let report = sample::violation();
        assert_eq!(read(&path).unwrap(), (report.clone(), judge(&report, &[])));
        assert_eq!(names(folder.path()), ["result.json"]);
    }

    #[test]
    fn a_write_that_fails_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        fs::write(&path, "an earlier result").unwrap();
        let full = replace(&path, |file| {
            file.write_all(b"{\"schema\"")?;
            Err(ErrorKind::StorageFull.into())
        });
        assert!(matches!(full, Err(StoreError::Io(error)) if error.kind() == ErrorKind::StorageFull));
        assert_eq!(fs::read_to_string(&path).unwrap(), "an earlier result");

        let mut report = sample::pass();
        report.measured_s = f64::NAN;
        let error = write(&path, &report, &judge(&report, &[])).unwrap_err();
        assert!(error.to_string().ends_with("result.json: `measured_s` is not a finite number"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "an earlier result");
        assert_eq!(names(folder.path()), ["result.json"]);
    }

    #[test]
    fn a_place_is_checked_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        let existing = folder.path().join("result.json");
        fs::write(&existing, "an earlier result").unwrap();
        check_writable(&existing).unwrap();
        check_writable(&folder.path().join("new.json")).unwrap();
        assert_eq!(fs::read_to_string(&existing).unwrap(), "an earlier result");
        assert_eq!(names(folder.path()), ["result.json"]);
    }

    /// Both the check and the write must refuse the path for this reason.
    fn refused(path: &Path, reason: &str) {
        for error in [check_writable(path).unwrap_err(), write_sample(path).unwrap_err()] {
            assert_eq!(error.to_string(), format!("{}: {reason}", path.display()));
        }
    }

    #[test]
    fn what_is_no_place_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        refused(folder.path(), "is a folder");
        refused(&folder.path().join("missing/result.json"), "its folder does not exist");
        refused(&folder.path().join("result.json/"), "is not the name of a file");
        refused(Path::new(""), "is not the name of a file");
        assert!(names(folder.path()).is_empty());
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(check_writable(&file.join("result.json")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_links_are_not_replaced() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        // A socket stands for a device: as root a mistake here would replace /dev/null.
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        refused(&socket, "is not a regular file");
        let (link, dangling) = (folder.path().join("link"), folder.path().join("dangling"));
        let file = folder.path().join("result.json");
        fs::write(&file, "an earlier result").unwrap();
        symlink(&file, &link).unwrap();
        symlink(folder.path().join("gone"), &dangling).unwrap();
        refused(&dangling, "a symbolic link to a file that does not exist");
        write_sample(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(read(&file).is_ok());
        // Others may read it if the umask allows, unlike a temporary file.
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&file), mode(&plain));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_takes_no_files_is_found_out() {
        // Not even root may make a file there.
        assert!(matches!(check_writable(Path::new("/proc/result.json")).unwrap_err().error, StoreError::Io(_)));
    }

    #[test]
    fn reading_names_the_file() {
        let error = read(Path::new("/nowhere/result.json")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/result.json: "), "{error}");
    }
}
