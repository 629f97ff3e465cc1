//! What the command line asks for.

/// One of these at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Counts and shows; the arguments are gungraun's. Also what its runner asks, once a benchmark.
    Measure,
    /// Counts, and compares with the file.
    Check,
    /// Counts, and writes the file.
    Renew,
    /// Does nothing: `cargo bench -- --quick` is about wall time, and `cargo test --benches` about
    /// neither.
    Skip,
}

impl Mode {
    /// Reads the arguments behind the program's name. Cargo adds `--bench` of its own.
    ///
    /// # Errors
    /// In words, if an argument of ours comes with another one.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let given: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
        let ours = given.iter().find_map(|argument| match *argument {
            "--check" => Some((Self::Check, "--check")),
            "--renew" => Some((Self::Renew, "--renew")),
            _ => None,
        });
        match ours {
            Some((request, _)) if given.len() == 1 => Ok(request),
            Some((_, flag)) => Err(format!("{flag} takes no other argument; given: {}", given.join(" "))),
            None if given.iter().any(|argument| ["--quick", "--test"].contains(argument)) => Ok(Self::Skip),
            None => Ok(Self::Measure),
        }
    }
}
