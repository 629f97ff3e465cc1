//! The exit codes, and which of several outranks the others.

/// Nothing speaks against the run.
pub const PASS: u8 = 0;
/// A threshold is missed, or a candidate is worse than its baseline, or the system refused
/// something such as a file.
pub const FAILED: u8 = 1;
/// The arguments are wrong, or a file that they name is.
pub const USAGE: u8 = 2;
/// A comparison that tells nothing: it has too few runs, too much noise, or results that can't be
/// compared.
pub const INCOMPARABLE: u8 = 3;
/// A message was lost, damaged or misrouted, or an event came that must not.
pub const DELIVERY: u8 = 4;
/// The generator was the limit, so the run says nothing about the target.
pub const INVALID: u8 = 5;
/// The target could not be reached, refused connections, or lost some that the plan wanted open.
pub const CONNECTIONS: u8 = 6;
/// A signal stopped the run.
pub const INTERRUPTED: u8 = 130;

/// Each code outranks those after it. Usage errors are not among them, because such a command does
/// not run.
const RANKS: [u8; 7] = [DELIVERY, INTERRUPTED, CONNECTIONS, INVALID, FAILED, INCOMPARABLE, PASS];

/// The code that outranks the other. An unknown code counts as [`FAILED`].
pub fn outranking(one: u8, other: u8) -> u8 {
    RANKS[rank(one).min(rank(other))]
}

/// How many codes outrank this one.
pub(crate) fn rank(code: u8) -> usize {
    let place = |wanted| RANKS.iter().position(|known| *known == wanted);
    place(code).or_else(|| place(FAILED)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_outranks_those_after_it() {
        for (at, above) in RANKS.into_iter().enumerate() {
            for below in RANKS.into_iter().skip(at) {
                assert_eq!((outranking(above, below), outranking(below, above)), (above, above));
            }
        }
        assert_eq!(RANKS, [4, 130, 6, 5, 1, 3, 0]);
    }

    #[test]
    fn a_code_that_is_not_known_is_a_failure() {
        assert_eq!(outranking(77, PASS), FAILED);
        assert_eq!(outranking(77, INVALID), INVALID);
    }
}
