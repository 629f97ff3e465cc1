//! Why the server does not serve, and what the process exits with then.

use std::{error::Error, io};

use program::{Exit, tell_usage};

/// Why there is no server, or no more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line is refused, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The system refused something.
    #[error("{0}")]
    System(#[from] Box<dyn Error>),
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::System(text.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error.into())
    }
}

impl program::Failure for Failure {
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
