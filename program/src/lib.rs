//! What a command-line program needs around its work, for `loadgen` and for `server`.
//!
//! ```text
//! exit.rs      exit codes, and which of several counts
//! failure.rs   errors that end a program, and the exit codes that they become
//! print.rs     text on stdout and stderr, which can neither end the program nor hold it up
//! panics.rs    what is said when the program has a bug
//! signals.rs   Ctrl-C and its kin, unless whoever started the program wanted them ignored
//! ```

mod exit;
mod failure;
mod panics;
mod print;
mod signals;

pub use exit::Exit;
pub use failure::{Failure, run, tell_usage};
pub use print::{Channel, is_printing, say, say_if_ready, tell};
pub use signals::{interrupts_are_ignored, on_signal};
