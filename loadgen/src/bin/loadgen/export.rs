//! Saves results in the formats that were asked for.

use std::io::{self, Write};

use program::{Channel, Exit};
use reports::store;

use crate::{
    cli::{Destination, Output},
    terminal::{self, print_bytes},
};

/// Whether all files were saved. A failure is reported on stderr at once, and the other files are
/// still saved.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Saved {
    failed: bool,
}

impl Saved {
    /// Notes whether the file that `flag` asked for was saved.
    pub(crate) fn note<E: std::fmt::Display>(&mut self, flag: &str, saved: Result<(), E>) {
        if let Err(error) = saved {
            terminal::tell(format!("loadgen: {flag} was not saved: {error}"));
            self.failed = true;
        }
    }

    /// How the process ends: as `exit` says if all was saved. A missing result is no pass, and
    /// hides nothing worse.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        if self.failed { exit.or_worse(Exit::Failed) } else { exit }
    }

    /// Saves one file for each output; `render` writes it. Files come before stdout, whose reader
    /// may be slow or gone.
    pub(crate) fn save<F: ?Sized>(
        &mut self,
        outputs: &[Output<F>],
        render: impl Fn(&F, &mut dyn Write) -> io::Result<()>,
    ) {
        let (files, stdout): (Vec<_>, Vec<_>) =
            outputs.iter().partition(|output| output.destination != Destination::Stdout);
        for Output { flag, destination, format } in files.into_iter().chain(stdout) {
            self.note(flag, put(destination, |out| render(format, out)));
        }
    }
}

/// Puts what `write` writes on stdout or into a file, which appears whole or not at all.
pub(crate) fn put(destination: &Destination, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    match destination {
        Destination::Stdout => print_bytes(Channel::Stdout, &bytes),
        Destination::File(path) => store::write_bytes(path, &bytes).map_err(io::Error::other),
    }
}
