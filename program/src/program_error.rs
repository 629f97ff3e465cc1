//! Errors that end a program, and the exit codes that they become.

use std::{fmt::Display, io::ErrorKind, process::ExitCode};

use crate::{
    exit::Exit,
    panics::tell_panics,
    print::{Channel, say},
};

/// An error that ends a program.
pub trait ProgramError: Display {
    /// How the program exits.
    fn exit(&self) -> Exit;

    /// Tells the user why the program `name` ends. Returns how it exits.
    fn tell(&self, name: &str) -> Exit {
        say(format!("{name}: {self}"));
        self.exit()
    }
}

/// Runs the program `name`. An error is printed on stderr and becomes the exit code. A panic is
/// printed in one line.
pub fn run<F: ProgramError>(name: &'static str, program: impl FnOnce() -> Result<Exit, F>) -> ExitCode {
    tell_panics(name);
    program().unwrap_or_else(|error| error.tell(name)).into()
}

/// Prints help on stdout, or on stderr what is wrong with a command line. Returns how the program
/// exits. `text` is called with whether colors are wanted.
pub fn tell_usage(is_help: bool, text: impl FnOnce(bool) -> String) -> Exit {
    let channel = if is_help { Channel::Stdout } else { Channel::Stderr };
    match channel.print(text(channel.wants_color()).as_bytes()) {
        _ if !is_help => Exit::Usage,
        Err(lost) if lost.kind() != ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Pass,
    }
}
