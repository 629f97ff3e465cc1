//! What was measured in the formats that were asked for, each where it belongs.

use std::io::{self, Write};

use program::{Channel, Exit};
use reports::store;

use crate::{
    cli::{Destination, Output},
    terminal::{self, print_bytes},
};

/// What was asked for and could not be saved. Each is told on stderr when it happens, and the others are saved all the same.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Saved {
    failed: bool,
}

impl Saved {
    /// Notes how saving went that `flag` asked for.
    pub(crate) fn note<E: std::fmt::Display>(&mut self, flag: &str, saved: Result<(), E>) {
        if let Err(error) = saved {
            terminal::tell(format!("loadgen: {flag} was not saved: {error}"));
            self.failed = true;
        }
    }

    /// How the process ends, if it ended with `exit` where all is saved. A result that is missing is no pass, and hides
    /// nothing that is worse.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        if self.failed { exit.or_worse(Exit::Failed) } else { exit }
    }

    /// Saves something in each format, as `render` lets the format write it. Files come first: stdout may have a reader that
    /// is slow, or none.
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

/// Lets `write` fill a file, which appears whole or not at all, or stdout.
pub(crate) fn put(destination: &Destination, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    match destination {
        Destination::Stdout => print_bytes(Channel::Stdout, &bytes),
        Destination::File(path) => store::write_bytes(path, &bytes).map_err(io::Error::other),
    }
}
