//! Exit codes: the one place that says which there are, and which of several counts.

use std::process::ExitCode;

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked, and nothing speaks against the result.
    Pass = 0,
    /// A threshold is missed, or a candidate is worse than its baseline. Or the system refused
    /// something, such as a file.
    Failed = 1,
    /// The arguments are wrong, or a file that they name is.
    Usage = 2,
    /// A comparison tells nothing: too few runs, too much noise, or results that differ in what was
    /// tested.
    Incomparable = 3,
    /// A message was lost, damaged or misrouted, or an event came that must not.
    Delivery = 4,
    /// The generator was the limit, so nothing is said of the target.
    Invalid = 5,
    /// The target was unreachable, refused connections, or lost some that the plan wanted open.
    Connections = 6,
    /// A signal stopped it.
    Interrupted = 130,
}

/// Each outranks those after it. What is refused does not run, so usage meets none of the others.
const RANKS: [Exit; 8] = [
    Exit::Usage,
    Exit::Delivery,
    Exit::Interrupted,
    Exit::Connections,
    Exit::Invalid,
    Exit::Failed,
    Exit::Incomparable,
    Exit::Pass,
];

impl Exit {
    /// The number that a shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit with this code, if there is one.
    pub fn of_code(code: u8) -> Option<Self> {
        RANKS.into_iter().find(|exit| exit.code() == code)
    }

    /// The one of the two that outranks the other.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        RANKS[self.rank().min(other.rank())]
    }

    /// How many exits outrank this one.
    pub fn rank(self) -> usize {
        RANKS.iter().take_while(|exit| **exit != self).count()
    }

    /// Ends the process at once.
    pub fn now(self) -> ! {
        std::process::exit(self.code().into())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exit_outranks_those_after_it() {
        for (at, above) in RANKS.into_iter().enumerate() {
            for below in RANKS.into_iter().skip(at) {
                assert_eq!((above.or_worse(below), below.or_worse(above)), (above, above));
            }
            assert_eq!((above.rank(), Exit::of_code(above.code())), (at, Some(above)));
        }
        assert_eq!(RANKS.map(Exit::code), [2, 4, 130, 6, 5, 1, 3, 0]);
        assert_eq!(Exit::of_code(77), None);
    }
}
