//! Exit codes that no verdict gives, and which of several counts.

/// The system refused something; no verdict has this code but a missed threshold, and no run that ends so is a pass.
pub(crate) const FAILED: u8 = 1;
/// The arguments are off, or a file that they name is.
pub(crate) const USAGE: u8 = 2;
/// Results of which one can't be compared with the other.
pub(crate) const INCOMPARABLE: u8 = 3;
/// No connection opened.
pub(crate) const UNREACHABLE: u8 = 6;
/// Stopped by a signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// Codes of a run that has a result, each outranking those after it.
const RANKS: [u8; 7] = [4, INTERRUPTED, UNREACHABLE, 5, FAILED, INCOMPARABLE, 0];

/// The one of two codes that outranks the other.
pub(crate) fn outranking(one: u8, other: u8) -> u8 {
    RANKS.into_iter().find(|code| [one, other].contains(code)).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_outranks_an_invalid_run_which_outranks_latency() {
        for (one, other, code) in
            [(0, 0, 0), (0, 3, 3), (3, 1, 1), (1, 5, 5), (5, 6, 6), (6, 130, 130), (130, 4, 4), (5, 4, 4), (0, 4, 4)]
        {
            assert_eq!((outranking(one, other), outranking(other, one)), (code, code));
        }
    }
}
