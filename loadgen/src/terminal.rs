//! Where text is printed, and whether in colour.

use std::io::{self, IsTerminal, Write};

/// One of the two standard outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    /// Lets `show` print; its first argument tells whether colours are wanted.
    ///
    /// # Errors
    /// What `show` returns, but for a reader that has seen enough, `head` for example: that is no failure.
    pub(crate) fn print(
        self,
        no_color: bool,
        show: impl FnOnce(bool, &mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let no_color = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let printed = match self {
            Self::Stdout => show(io::stdout().is_terminal() && !no_color, &mut io::stdout().lock()),
            Self::Stderr => show(io::stderr().is_terminal() && !no_color, &mut io::stderr().lock()),
        };
        printed.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
    }
}
