//! What is said of a command line that is refused.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use loadgen::secrets::{bare, bare_header};

use super::server_choice::ServerChoice;

/// A refusal quotes the value that it is about. Of a header field and of a URL, that is too much.
pub(super) fn without_secrets(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    if value.is_empty() {
        return error;
    }
    let flag = argument.split_whitespace().next().unwrap_or_default();
    let shown = match flag {
        "--header" => bare_header(value),
        "--a" | "--b" => ServerChoice::shown(value),
        "--path" => bare(value),
        _ => return error,
    };
    error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    error
}

/// A refusal in clap's shape, so that it looks like the others and exits with 2.
pub(crate) fn refuse(message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{message}\n\nFor more information, try '--help'.\n"))
}
