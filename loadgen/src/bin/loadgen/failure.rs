//! Why a command came to no verdict, and what the process exits with then.

use std::io::{self, ErrorKind};

use loadgen::RunError;
use program::Channel;
use reports::store::{FileError, StoreError};

use crate::ab::Halt;
use crate::exit;
use crate::terminal;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line is off, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    #[error("{0}")]
    Run(#[from] RunError),
    #[error("{0}")]
    Ab(#[from] Halt),
    /// A file to compare, or to be compared with.
    #[error("{0}")]
    Incomparable(#[from] FileError),
    /// A file to show.
    #[error("{0}")]
    Unreadable(FileError),
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Failure {
    /// What the process exits with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(error) => u8::try_from(error.exit_code()).unwrap_or(exit::USAGE),
            Self::Run(error) => error.exit_code(),
            Self::Ab(halt) => halt.exit_code(),
            // Another version's numbers may mean something else; anything else is no result at all.
            Self::Incomparable(FileError { error: StoreError::NewerSchema { .. }, .. }) => exit::INCOMPARABLE,
            Self::Incomparable(_) | Self::Unreadable(_) => exit::USAGE,
            Self::System(_) => exit::FAILED,
        }
    }

    /// Says what happened; what the process exits with.
    pub(crate) fn tell(&self) -> u8 {
        match self {
            Self::Usage(error) => usage(error),
            other => {
                terminal::tell(format!("loadgen: {other}"));
                other.exit_code()
            }
        }
    }
}

/// Shows help on stdout, or what is wrong with the command line on stderr.
fn usage(error: &clap::Error) -> u8 {
    let channel = if error.use_stderr() { Channel::Stderr } else { Channel::Stdout };
    let text = error.render();
    let text = if channel.is_terminal() { text.ansi().to_string() } else { text.to_string() };
    let text = if error.use_stderr() { terminal::redacted(&text) } else { text };
    match channel.print(text.as_bytes()) {
        Err(lost) if channel == Channel::Stdout && lost.kind() != ErrorKind::BrokenPipe => exit::FAILED,
        _ => u8::try_from(error.exit_code()).unwrap_or(exit::USAGE),
    }
}
