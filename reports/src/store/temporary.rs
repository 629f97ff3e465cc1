//! Files that have no name until they are complete, so that a killed process leaves nothing behind.

use std::{fs::File, io, path::Path};

use tempfile::NamedTempFile;

/// A temporary file in the folder of another one, which it may replace. Dropping it removes it.
#[derive(Debug)]
pub(super) enum TemporaryFile {
    /// A file without a name (`O_TMPFILE` of Linux). The system removes it with the process.
    #[cfg(target_os = "linux")]
    Nameless(File),
    /// A file with a name, for file systems without nameless ones. A killed process leaves it
    /// behind.
    Named(NamedTempFile),
}

impl TemporaryFile {
    pub(super) fn beside(place: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Ok(file) = nameless(folder_of(place)) {
            return Ok(Self::Nameless(file));
        }
        named(folder_of(place)).map(Self::Named)
    }

    pub(super) fn file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Moves the file to `place`, and replaces what is there.
    pub(super) fn persist(self, place: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => link(&file, place),
            Self::Named(file) => file.persist(place).map(drop).map_err(|error| error.error),
        }
    }
}

/// The folder that a path is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn named(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".loadgen-").suffix(".tmp");
    // The default mode is for secrets. This file becomes an ordinary one, within the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};

    let file = open(folder, OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC, Mode::from_raw_mode(0o666))?;
    Ok(file.into())
}

/// Gives a nameless file a name. A link replaces nothing, so if the name is taken, the file gets
/// another one first and is then renamed.
#[cfg(target_os = "linux")]
fn link(file: &File, place: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};

    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |to: &Path| linkat(CWD, &*nameless, CWD, to, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from);
    match link(place) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        linked => return linked,
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".loadgen-").suffix(".tmp");
    let beside = builder.make_in(folder_of(place), link)?.into_temp_path();
    beside.persist(place).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    #[test]
    fn nothing_is_there_until_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("result.json");
        for text in ["first", "second"] {
            let mut temporary = TemporaryFile::beside(&place).unwrap();
            temporary.file().write_all(text.as_bytes()).unwrap();
            // A process killed at this point leaves only what was there before.
            let left = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(left, usize::from(text == "second"), "no file system of tests lacks O_TMPFILE");
            temporary.persist(&place).unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), text);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_file_with_a_name_does_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("result.json");
        for text in ["first", "second"] {
            let mut temporary = named(folder.path()).map(TemporaryFile::Named).unwrap();
            temporary.file().write_all(text.as_bytes()).unwrap();
            temporary.persist(&place).unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), text);
        }
    }

    #[test]
    fn a_bare_name_is_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("result.json")), Path::new("."));
        assert_eq!(folder_of(Path::new("/result.json")), Path::new("/"));
    }
}
