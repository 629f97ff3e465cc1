//! Errors that end a command without a verdict, and the exit codes that they become.

use std::io;

use loadgen::{RunError, import::ImportError};
use program::{Exit, tell_usage};
use reports::{
    ParseError, human,
    merge::MergeError,
    store::{FileError, StoreError},
};
use server::command::ServeError;

use crate::{
    ab::{AbError, GeneratorError},
    terminal,
};

/// An error that ends a command without a verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The command line is refused, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    #[error("{0}")]
    Run(#[from] RunError),
    #[error("{0}")]
    Ab(#[from] AbError),
    /// A stored result that `compare` can't read.
    #[error("{0}")]
    Incomparable(#[from] FileError),
    /// A stored result that `report` can't read.
    #[error("{0}")]
    Unreadable(FileError),
    /// Shards that are no whole.
    #[error("{0}")]
    Merge(Box<MergeError>),
    /// Results that were refused, each by name.
    #[error("{}", refused(*.0))]
    Refused(u64),
    /// A threshold in a result that is none.
    #[error("not a threshold: {0}: {1}")]
    Threshold(String, ParseError),
    /// A recording that becomes no plan.
    #[error("{0}")]
    Import(#[from] ImportError),
    /// The reference server can't listen or serve.
    #[error("{0}")]
    Serve(ServeError),
    #[error("{0}")]
    System(#[from] io::Error),
}

impl program::ProgramError for CommandError {
    fn exit(&self) -> Exit {
        match self {
            Self::Usage(error) if error.use_stderr() => Exit::Usage,
            Self::Usage(_) => Exit::Pass,
            Self::Run(error) => of_run(error),
            Self::Ab(error) => of_ab(error),
            // Numbers of another version may mean something else. Anything else is no result.
            Self::Incomparable(FileError { error: StoreError::NewerSchema { .. }, .. })
            | Self::Merge(_)
            | Self::Refused(_)
            | Self::Threshold(..) => Exit::Incomparable,
            Self::Incomparable(_) | Self::Unreadable(_) | Self::Import(_) => Exit::Usage,
            Self::Serve(error) => error.exit(),
            Self::System(_) => Exit::Failed,
        }
    }

    fn tell(&self, name: &str) -> Exit {
        let Self::Usage(error) = self else {
            terminal::tell(format!("{name}: {self}"));
            return self.exit();
        };
        let is_help = !error.use_stderr();
        tell_usage(is_help, |color| {
            let text = error.render();
            let text = if color { text.ansi().to_string() } else { text.to_string() };
            if is_help { text } else { terminal::redacted(&text) }
        })
    }
}

fn refused(results: u64) -> String {
    let noun = if results == 1 { "result" } else { "results" };
    format!("{} {noun} can't be merged", human::count(results))
}

fn of_run(error: &RunError) -> Exit {
    match error {
        RunError::Refused(_) | RunError::StartHasPassed { .. } => Exit::Usage,
        RunError::Unreachable { .. } | RunError::NobodyJoined { .. } => Exit::Connections,
        RunError::Exhausted { .. } => Exit::Invalid,
        RunError::Interrupted => Exit::Interrupted,
        RunError::System(..) => Exit::Failed,
    }
}

fn of_ab(error: &AbError) -> Exit {
    match error {
        AbError::Server(..) => Exit::Connections,
        AbError::Generator(_, error) => of_generator(error),
        AbError::Run { judgement, .. } => judgement.verdict.exit(),
        AbError::Interrupted => Exit::Interrupted,
    }
}

/// The generator's own exit, where it blames the options, the target or itself.
fn of_generator(error: &GeneratorError) -> Exit {
    match error {
        GeneratorError::Failed(_, Some(code)) => match u8::try_from(*code).ok().and_then(Exit::of_code) {
            Some(told @ (Exit::Usage | Exit::Invalid | Exit::Connections)) => told,
            _ => Exit::Failed,
        },
        GeneratorError::Interrupted => Exit::Interrupted,
        _ => Exit::Failed,
    }
}
