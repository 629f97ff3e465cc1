//! Exit codes that no verdict gives.

/// The system refused something; no verdict has this code but a missed threshold, and no run that ends so is a pass.
pub(crate) const FAILED: u8 = 1;
/// The arguments are off, or a file that they name is.
pub(crate) const USAGE: u8 = 2;
/// No connection opened.
pub(crate) const UNREACHABLE: u8 = 6;
/// Stopped by a signal.
pub(crate) const INTERRUPTED: u8 = 130;
