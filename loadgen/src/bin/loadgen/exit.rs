//! Exit codes; [`reports::exit`] says what they mean and which of several counts.

pub(crate) use reports::exit::*;
