//! Errors that end a program, and the exit codes that they become.

use std::{fmt::Display, io::ErrorKind, process::ExitCode};

use crate::{
    exit::Exit,
    panics::tell_panics,
    print::{Channel, say},
};

/// Why a program ends without a result.
pub trait Failure: Display {
    /// How the program exits.
    fn exit(&self) -> Exit;

    /// Tells the user why the program `name` ends; how it exits.
    fn tell(&self, name: &str) -> Exit {
        say(format!("{name}: {self}"));
        self.exit()
    }
}

/// Runs the program `name`: an error is told on stderr, a panic in one line, and either becomes the exit code.
pub fn run<F: Failure>(name: &'static str, program: impl FnOnce() -> Result<Exit, F>) -> ExitCode {
    tell_panics(name);
    program().unwrap_or_else(|failure| failure.tell(name)).into()
}

/// Prints help on stdout, or on stderr what is wrong with a command line; how the program exits.
///
/// `text` is told whether colors are wanted.
pub fn tell_usage(is_help: bool, text: impl FnOnce(bool) -> String) -> Exit {
    let channel = if is_help { Channel::Stdout } else { Channel::Stderr };
    match channel.print(text(channel.wants_color()).as_bytes()) {
        _ if !is_help => Exit::Usage,
        Err(lost) if lost.kind() != ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Pass,
    }
}
