//! Instants of the system's clock, as results and errors have them.

use std::time::SystemTime;

/// An instant in UTC, with microseconds (RFC 3339).
pub(crate) fn micros(instant: SystemTime) -> String {
    humantime::format_rfc3339_micros(instant).to_string()
}
