//! What a command-line program needs around its work, for `loadgen` and for `server`.
//!
//! ```text
//! exit.rs            exit codes, and which of several counts
//! print.rs           text on stdout and stderr, which neither ends the program nor blocks it
//! panics.rs          the message when the program has a bug
//! program_error.rs   errors that end a program, and the exit codes that they become
//! signals.rs         Ctrl-C, SIGTERM and SIGHUP, unless they were ignored from the start
//! ```

mod exit;
mod panics;
mod print;
mod program_error;
mod signals;

pub use exit::Exit;
pub use print::{Channel, is_printing, say, say_if_ready, tell};
pub use program_error::{ProgramError, run, tell_usage};
pub use signals::{interrupts_are_ignored, on_signal};
