//! Where text is shown, and whether in colour.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::LazyLock;

use loadgen::secrets::Secrets;
use program::Channel;
use reports::render::Text;

/// What the command line holds that must not be shown.
static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    Secrets::of_arguments(&arguments)
});

/// The text without the secrets of the command line.
pub(crate) fn redacted(text: &str) -> String {
    SECRETS.redact(text)
}

/// Tells on stderr what went wrong, or what happens. It may quote the command line, or what a program said.
pub(crate) fn tell(text: impl Display) {
    program::say(redacted(&text.to_string()));
}

/// Columns of a report's lines, at most: longer ones are hard to read.
const WIDEST: u16 = 120;

/// Columns of a terminal that does not tell how many it has.
const USUAL: u16 = 80;

/// How a report looks on `channel`: fitted to its terminal, or as a file has it.
fn text(channel: Channel, no_color: bool) -> Text {
    if !channel.is_terminal() {
        return Text::default();
    }
    let no_color = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Text { color: !no_color, width: channel.columns().unwrap_or(USUAL).min(WIDEST).into() }
}

/// Lets `show` write in the format that suits `channel`, and prints that.
///
/// # Errors
/// What `show` and the output return. A reader that has seen enough, `head` for example, is no failure.
pub(crate) fn print(
    channel: Channel,
    no_color: bool,
    show: impl FnOnce(Text, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    show(text(channel, no_color), &mut bytes)?;
    channel.print(&bytes).or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Shows a report to whoever looks at `channel`. It is no result: that it could not be shown is told, and changes nothing.
pub(crate) fn show(channel: Channel, no_color: bool, report: impl FnOnce(Text, &mut dyn Write) -> io::Result<()>) {
    if let Err(error) = print(channel, no_color, report) {
        tell(format!("loadgen: the report was not shown: {error}"));
    }
}
