//! What a browser may do with the page: show it in its own style, and nothing else.

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// The style sheet. It stands in the page.
pub(crate) const STYLE: &str = include_str!("../../../../templates/report.css");

/// A Content-Security-Policy (level 3). It allows the style, and forbids scripts, images, fonts,
/// forms, frames and all requests.
pub(crate) fn policy() -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}
