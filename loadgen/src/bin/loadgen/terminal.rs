//! Printing: colors, width, and text without secrets.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    sync::LazyLock,
};

use loadgen::secrets::Secrets;
use program::Channel;
use reports::render::Text;

use crate::cli::ConsoleArgs;

/// The secrets in the command line.
static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    Secrets::of_arguments(&arguments)
});

/// The text without the secrets of the command line.
pub(crate) fn redacted(text: &str) -> String {
    SECRETS.redact(text)
}

/// Prints a message on stderr, without the secrets of the command line that it may quote.
pub(crate) fn tell(text: impl Display) {
    program::say(redacted(&text.to_string()));
}

/// Columns of a report's lines, at most: longer ones are hard to read.
const WIDEST: u16 = 120;

/// Columns of a terminal that does not tell how many it has.
const USUAL: u16 = 80;

/// The format of a report on `channel`: fitted to its terminal, or as in a file.
fn text(channel: Channel, console: &ConsoleArgs) -> Text {
    if !channel.is_terminal() {
        return Text::default();
    }
    let color = channel.wants_color() && !console.no_color;
    Text { color, width: channel.columns().unwrap_or(USUAL).min(WIDEST).into() }
}

/// Prints what `write` writes in the format that suits `channel`.
///
/// # Errors
/// What `write` and the output return. A reader that has gone, `head` for example, is no error.
pub(crate) fn print(
    channel: Channel,
    console: &ConsoleArgs,
    write: impl FnOnce(Text, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(text(channel, console), &mut bytes)?;
    print_bytes(channel, &bytes)
}

/// Prints bytes as they are.
///
/// # Errors
/// What the output returns, except that its reader has gone.
pub(crate) fn print_bytes(channel: Channel, bytes: &[u8]) -> io::Result<()> {
    channel.print(bytes).or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Shows a report on stdout, on stderr if stdout holds a result, or not at all if quiet. A report
/// that can't be shown is reported on stderr and changes no exit code.
pub(crate) fn show(
    console: &ConsoleArgs,
    stdout_is_taken: bool,
    report: impl FnOnce(Text, &mut dyn Write) -> io::Result<()>,
) {
    if console.quiet {
        return;
    }
    let channel = if stdout_is_taken { Channel::Stderr } else { Channel::Stdout };
    if let Err(error) = print(channel, console, report) {
        tell(format!("loadgen: the report was not shown: {error}"));
    }
}
