//! The server as a command: its options, its log and its exit codes.
//!
//! The program `server` is this command, and so is `loadgen serve`.
//!
//! - `cli` has the options.
//! - `serve` listens, and serves until a signal comes.
//! - `log_writer` writes the log without ever waiting for its reader.
//! - `serve_error` says how failures end the program.

mod cli;
mod log_writer;
mod serve;
mod serve_error;

pub use self::{cli::ServerArgs, serve::serve, serve_error::ServeError};
