//! Where text is shown, and whether in colour.

use std::io::{self, ErrorKind, Write};

use program::Channel;

/// Lets `show` write, and prints that; its first argument tells whether colours are wanted.
///
/// # Errors
/// What `show` and the output return. A reader that has seen enough, `head` for example, is no failure.
pub(crate) fn print(
    channel: Channel,
    no_color: bool,
    show: impl FnOnce(bool, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let no_color = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let mut text = Vec::new();
    show(channel.is_terminal() && !no_color, &mut text)?;
    channel.print(&text).or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Shows a report to whoever looks at `channel`. It is no result: that it could not be shown is told, and changes nothing.
pub(crate) fn show(channel: Channel, no_color: bool, report: impl FnOnce(bool, &mut dyn Write) -> io::Result<()>) {
    if let Err(error) = print(channel, no_color, report) {
        program::say(format!("loadgen: the report was not shown: {error}"));
    }
}
