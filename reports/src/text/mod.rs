//! Numbers and texts as people write and read them.

pub(crate) mod decimal;
pub mod escape;
pub mod human;
pub(crate) mod nearest;
pub(crate) mod parse_error;
