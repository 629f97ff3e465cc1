//! Refusals of our own, in clap's shape.

use clap::error::ErrorKind;

/// A refusal in clap's shape, so that it looks like the others and exits with 2.
pub(crate) fn refuse(message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{message}\n\nFor more information, try '--help'.\n"))
}
