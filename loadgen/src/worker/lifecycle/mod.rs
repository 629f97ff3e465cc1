//! The life of a client: its connections open, it joins, and its connections end.

mod ending;
mod joining;
mod opening;

pub(crate) use self::joining::JOIN;
pub(super) use self::opening::Openings;
