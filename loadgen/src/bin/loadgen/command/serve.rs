//! `loadgen serve`: the reference server, as the program `server` is.

use program::Exit;
use server::command::{ServeError, ServerArgs};

use crate::command_error::CommandError;

/// Serves until a signal comes.
pub(super) fn serve(args: &ServerArgs) -> Result<Exit, CommandError> {
    server::command::serve(args.clone()).map_err(|error| match error {
        ServeError::Usage(error) => CommandError::Usage(error),
        error @ ServeError::System(_) => CommandError::Serve(error),
    })
}
