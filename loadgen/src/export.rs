//! What was measured in the formats that were asked for, each where it belongs.

use std::io::{self, Write};

use reports::store;

use crate::cli::{Output, Place};
use crate::terminal::Channel;

/// Saves something in each format, as `render` lets the format write it; all of them are tried, and each failure is told on
/// stderr.
///
/// # Errors
/// At least one of them failed.
pub(crate) fn save<F: ?Sized>(
    outputs: &[Output<F>],
    render: impl Fn(&F, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Failed> {
    let mut result = Ok(());
    for Output { flag, place, format } in outputs {
        if let Err(error) = put(place, |out| render(format, out)) {
            eprintln!("loadgen: {flag} was not saved: {error}");
            result = Err(Failed);
        }
    }
    result
}

/// Something was not saved, and stderr says what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed;

/// Lets `write` fill a file, which appears whole or not at all, or stdout.
pub(crate) fn put(place: &Place, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match place {
        Place::Stdout => Channel::Stdout.print(true, |_, out| write(out)),
        Place::File(path) => {
            let mut bytes = Vec::new();
            write(&mut bytes)?;
            store::write_bytes(path, &bytes).map_err(io::Error::other)
        }
    }
}
