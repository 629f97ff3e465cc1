//! Errors that end the server, and the exit codes that they become.

use std::{error::Error, io};

use program::{Exit, tell_usage};

/// An error that ends the server.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The command line is refused, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The system refused something.
    #[error("{0}")]
    System(#[from] Box<dyn Error>),
}

impl From<String> for ServeError {
    fn from(text: String) -> Self {
        Self::System(text.into())
    }
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::System(error.into())
    }
}

impl program::ProgramError for ServeError {
    fn exit(&self) -> Exit {
        match self {
            Self::Usage(error) if error.use_stderr() => Exit::Usage,
            Self::Usage(_) => Exit::Pass,
            Self::System(_) => Exit::Failed,
        }
    }

    fn tell(&self, name: &str) -> Exit {
        let Self::Usage(error) = self else {
            program::say(format!("{name}: {self}"));
            return self.exit();
        };
        tell_usage(!error.use_stderr(), |color| {
            let text = error.render();
            if color { text.ansi().to_string() } else { text.to_string() }
        })
    }
}
