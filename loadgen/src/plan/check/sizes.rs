//! What sizes an expectation takes.

use super::PlanError;
use crate::plan::{Group, Messages, Sizes};

/// Finds generated messages that are too small for the header by which they are told.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let Messages::Generated { sizes, mix } = &group.messages else { return Ok(()) };
    let least = group.least_generated(*mix);
    if sizes.least().is_none_or(|size| size >= least) {
        return Ok(());
    }
    let key = if matches!(sizes, Sizes::Quantiles(_)) { "size_dist" } else { "size" };
    let why = format!(
        "a {mix} message needs {least} bytes at least, for the header by which it is told; --expect count and \
         --expect reply=TEXT take smaller ones, from 0 on"
    );
    Err(PlanError::new(Some(index), key, sizes, why))
}
