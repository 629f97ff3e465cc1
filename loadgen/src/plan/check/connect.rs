//! Finds what does not fit together in how connections are opened.

use crate::plan::{Group, PlanError};

/// Refuses what does not work yet.
pub(super) fn not_built_yet(index: usize, group: &Group) -> Result<(), PlanError> {
    let connect = &group.connect;
    let request = &connect.request;
    let wanted = [("max_redirects", request.max_redirects > 0)];
    match wanted.into_iter().find(|(_, is_wanted)| *is_wanted) {
        Some((key, _)) => Err(PlanError {
            group: Some(index),
            key,
            value: None,
            why: "it does not work yet; leave it out".to_owned(),
        }),
        None => Ok(()),
    }
}
